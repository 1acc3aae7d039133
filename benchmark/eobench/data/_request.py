"""What a cell asks of a data set: supervision level with its knobs, and the task's knobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from eobench.data._view import Level


@dataclass(frozen=True, slots=True)
class LabelBudget:
    """How many labels `few` grants: `20/class` or `5%`. Written back by `str`.

    Attributes:
        per_class: labels of each class; None where `percent` is set.
        percent: share of train, more than 0 and at most 100.
    """

    per_class: int | None = None
    percent: float | None = None

    def __str__(self) -> str:
        if self.per_class is not None:
            return f"{self.per_class}/class"
        short = f"{self.percent:g}"
        exact = short if float(short) == self.percent else repr(self.percent)  # it stands in the key
        return f"{exact}%"


@dataclass(frozen=True, slots=True)
class Supervision:
    """A supervision level with its knobs; knobs that cannot apply to the level are None (they collapse).

    Attributes:
        level: see DESIGN section 3 and docs/supervision.md.
        per_class: `full` only: a balanced draw of N per class.
        labels: `few` only.
        bag_size: `bags`, `global`, `census`.
        redraws: `bags`, `global`, `census`: partitions drawn beforehand and cycled.
        by: `regions` (and `census` from a table): the group column whose places are the regions. None: that of
            the exact (at `census`: inexact) table, else at `regions` the group that the split keeps whole.
        area: `global` only: where the vector is measured; `all` uses test labels and is marked.
        source: `census` only: a table of the data set, or the train vector perturbed by `error`.
        error: `census[source=perturbed]` only: half the L1 distance of the perturbed vector to the true one.
    """

    level: Level
    per_class: int | None = None
    labels: LabelBudget | None = None
    bag_size: int | None = None
    redraws: int | None = None
    by: str | None = None
    area: Literal["train", "all"] | None = None
    source: Literal["table", "perturbed"] | None = None
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Knobs:
    """Knobs of the task, not the method; all are in the key and in the row.

    Attributes:
        transductive: test inputs join the unlabelled rows of the view.
        pool: the data set's own unlabelled pool joins too.
        classes: major class names to keep; every other class becomes `others`. Empty: all classes.
        score_classes: the same grouping, at evaluation only. Empty: as trained.
        score_on: the rows that are scored. Scored validation rows are never shown: the method then validates
            with a seeded 15 % of train.
        exclude: a flag column of the data set; rows where it is true are left out.
        validation: `split` takes the split's validation rows, or a seeded 15 % of train (by the split's group)
            where it has none; `none` gives the method no validation rows and joins them to train.
    """

    transductive: bool = False
    pool: bool = False
    classes: tuple[str, ...] = ()
    score_classes: tuple[str, ...] = ()
    score_on: Literal["test", "val"] = "test"
    exclude: str | None = None
    validation: Literal["split", "none"] = "split"
