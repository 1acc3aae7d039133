"""The models of a task file. What YAML gives is checked strictly: text is no number, a number no text."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PrivateAttr, Tag, model_validator

from eobench.tasks._fields import (
    BudgetName,
    LabelsText,
    LevelText,
    Memory,
    Name,
    OneOrMany,
    Positive,
    Seed,
    Written,
)
from eobench.tasks._source import Source


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class BudgetNumbers(_Strict):
    """A budget in numbers: exactly one of them."""

    steps: Positive | None = None
    """optimiser steps"""
    epochs: Positive | None = None
    """passes over the labelled rows, or over the bags"""
    seconds: Annotated[float, Field(gt=0, le=1e7)] | None = None
    """wall-clock; results are marked non-deterministic"""

    @model_validator(mode="after")
    def _one(self) -> BudgetNumbers:
        if len(self.model_fields_set) != 1 or None in (getattr(self, n) for n in self.model_fields_set):
            raise ValueError("a budget is exactly one of steps, epochs and seconds")
        return self


class BaseModelsDraw(_Strict):
    """Configurations drawn at random from a search space, the same for every method."""

    families: Annotated[list[Name], OneOrMany()]
    """network families"""
    space: str = "small"
    """search space of the families' cards, such as `small` or `paper`"""
    samples: Annotated[int, Field(ge=1, le=10_000)] = 1
    """configurations a family"""
    seed: Seed = 0
    """of the draw"""


class Grouping(_Strict):
    """Which classes stay; all others become one class, `others`. One of the two is given."""

    majors: Annotated[list[str], OneOrMany()] | None = None
    """classes that stay"""
    others: Annotated[list[str], OneOrMany()] | None = None
    """classes that are merged into `others`"""

    @model_validator(mode="after")
    def _one(self) -> Grouping:
        if (self.majors is None) == (self.others is None):
            raise ValueError("give either majors (classes that stay) or others (classes that are merged)")
        return self


class Limits(_Strict):
    """Hard limits of one cell."""

    cell_seconds: Annotated[float, Field(gt=0)] | None = None
    """wall-clock"""
    cell_memory: Memory | None = None
    """memory, such as `8GiB`"""


def _kind(inner: type) -> Any:
    """Tell what is written out from what is a mapping or a model: tags in `<>` never stand in a file."""
    return lambda value: "<mapping>" if isinstance(value, dict | inner) else "<written>"


BudgetField = Annotated[
    Annotated[BudgetName, Tag("<written>")] | Annotated[BudgetNumbers, Tag("<mapping>")],
    Discriminator(_kind(BudgetNumbers)),
]
BaseModelsField = Annotated[
    Annotated[list[Written], OneOrMany(), Tag("<written>")] | Annotated[BaseModelsDraw, Tag("<mapping>")],
    Discriminator(_kind(BaseModelsDraw)),
]


class Task(_Strict):
    """One block of the matrix: every method with every data set at every level, and so on."""

    id: Name
    """names the task in rows and in `--select task=ID`"""
    methods: Annotated[list[Written], OneOrMany()]
    """methods, with the options that differ from the defaults"""
    datasets: Annotated[list[Written], OneOrMany()]
    """data sets; `split` and `modalities` are options of every one"""
    supervision: Annotated[list[LevelText], OneOrMany()]
    """supervision levels"""
    labels: Annotated[list[LabelsText], OneOrMany()] | None = None
    """label budgets of `few`"""
    per_class: Annotated[list[Positive], OneOrMany()] | None = None
    """`full` only: a balanced draw of so many labels a class"""
    bag_size: Annotated[list[Positive], OneOrMany()] | None = None
    """samples a bag, at `bags`, `global` and `census`"""
    redraws: Annotated[list[Positive], OneOrMany()] | None = None
    """partitions into bags that are drawn beforehand and cycled; 1: the bags are fixed"""
    base_models: BaseModelsField | None = None
    """networks for the methods that need one: written out, or drawn"""
    pair_on: Annotated[list[str], OneOrMany()] | None = None
    """method options that pair blocks on the leaderboard"""
    transductive: bool = False
    """test inputs join the unlabelled rows of the view"""
    pool: bool = False
    """the data set's own unlabelled pool joins the view"""
    classes: Grouping | None = None
    """which classes are learned; all others become `others`"""
    score_classes: Grouping | None = None
    """the same grouping, at evaluation only"""
    score_on: Literal["test", "val"] = "test"
    """the rows that are scored"""
    exclude: str | None = None
    """a flag column of the data set: rows where it is true are left out"""
    pretrain_on: Written | None = None
    """another data set for the pre-training"""
    test_on: Annotated[list[Written], OneOrMany()] | None = None
    """other data sets whose test rows are scored instead, each in cells of its own"""
    validation: Literal["split", "none"] = "split"
    """`none`: no validation rows are kept for model selection, they join train"""
    budget: BudgetField | None = None
    """of this task, instead of the file's"""
    seeds: Annotated[list[Seed], OneOrMany()] | None = None
    """of this task, instead of the file's"""
    threads: Positive | None = None
    """of this task, instead of the file's"""


class TaskFile(_Strict):
    """A task file of eobench: what is compared with what."""

    name: Name
    """names the run and its leaderboard folder"""
    seeds: Annotated[list[Seed], OneOrMany()] = [0]
    """every cell runs once a seed"""
    budget: BudgetField = "quick"
    """how long methods learn: `quick` or `paper` (the method's own numbers), or a number"""
    tasks: Annotated[list[Task], Field(min_length=1)]
    """the blocks of the matrix"""
    limits: Limits = Limits()
    """hard limits of one cell"""
    threads: Positive = 1
    """threads of one cell; part of its identity, since they change numbers"""

    _source: Source = PrivateAttr(default_factory=lambda: Source("tasks.yaml"))

    @property
    def source(self) -> Source:
        """Where everything stands in the file."""
        return self._source
