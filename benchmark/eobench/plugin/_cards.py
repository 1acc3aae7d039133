"""Cards: light, frozen descriptions. Listing and planning read cards only; classes load late.

A card never imports what it describes: `load` names it as `module:attribute`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from eobench.data import EobenchError, Kind, Level
from eobench.plugin._params import Param, Value, resolve

Output = Literal["classes", "clusters", "probabilities", "proportions", "embeddings", "reconstruction"]
"""What a predictor may give, as its card declares it: the fields of `Predictions`."""
Target = Literal["class", "dense"]
"""What a sample's target is: one class, or a map of classes."""


class PluginError(EobenchError):
    """A plugin is broken, ambiguous or does not keep its promise; the message names it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a method may learn, in numbers; exactly one is set.

    Attributes:
        steps: optimiser steps.
        epochs: passes over the labelled rows (or the bags).
        seconds: wall-clock; results are marked non-deterministic.
    """

    steps: int | None = None
    epochs: int | None = None
    seconds: float | None = None

    def numbers(self) -> dict[str, float]:
        """Return the one that is set, by name."""
        return {k: v for k in ("steps", "epochs", "seconds") if (v := getattr(self, k)) is not None}

    def __str__(self) -> str:
        return ", ".join(f"{v:g} {k}" for k, v in self.numbers().items())


@dataclass(frozen=True, slots=True)
class Choice:
    """A search space of listed values.

    Attributes:
        values: one of them is drawn, each as likely as the others.
    """

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A search space of real numbers between two bounds.

    Attributes:
        low: lower bound.
        high: upper bound.
        log: True draws on a log scale, False on a linear one.
    """

    low: float
    high: float
    log: bool = False


Space = Mapping[str, Choice | Range]
"""A search space of a base model: option -> the values that are drawn from; other options keep their defaults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What every card says.

    Attributes:
        name: unique among its kind; letters, digits, `-`, `_`.
        summary: one line.
        load: `module:attribute` of what is described.
        params: its options.
        citation: of the paper or data set.
        licence: of the data or code described.
    """

    name: str
    summary: str
    load: str
    params: tuple[Param, ...] = ()
    citation: str | None = None
    licence: str | None = None

    def resolve(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Return all options with their values.

        Raises:
            ParameterError: an unknown option, or a value that is not allowed.
        """
        return resolve(self.params, given, self.name)

    def identity(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return those options that change the numbers, for the key."""
        execution = {p.name for p in self.params if p.execution}
        return {k: v for k, v in values.items() if k not in execution}

    def load_object(self) -> Any:
        """Import and return what the card describes.

        Raises:
            PluginError: the module or attribute cannot be loaded.
        """
        module, _, attribute = self.load.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except Exception as error:
            raise PluginError(f"{self.name}: cannot load {self.load!r}: {error!r}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretraining:
    """A stage that cells share: `Method.pretrain` runs once for all cells that differ only in `irrelevant`.

    Attributes:
        irrelevant: fields of a cell that the stage does not depend on, among `supervision`, `labels`,
            `base_model`, `params:<option>`.
    """

    irrelevant: tuple[str, ...] = ("supervision", "base_model")


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodCard(Card):
    """A method.

    Attributes:
        levels: supervision levels that it accepts.
        kinds: input kinds, in order of preference; where the data has none of them and `series` is listed,
            images are flattened to pixel series.
        targets: `class`, and `dense` where it can learn from and predict label maps or their pixels.
        outputs: what its predictor gives.
        needs_base_model: the network's `input->output`, such as `series->class`, or several with commas
            between them; None: it needs none.
        budgets: what `quick` and `paper` mean in numbers; empty: it has no budget (and budgets collapse).
        pretraining: its shared stage, where it has `pretrain`.
    """

    levels: tuple[Level, ...]
    kinds: tuple[Kind, ...] = ("series",)
    targets: tuple[Target, ...] = ("class",)
    outputs: tuple[Output, ...] = ("classes",)
    needs_base_model: str | None = None
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    pretraining: Pretraining | None = None

    def takes_model(self, model: BaseModelCard) -> bool:
        """True where a family of networks is of a kind that the method needs."""
        needed = (each.partition("->") for each in (self.needs_base_model or "").split(","))
        return (model.takes, model.gives) in {(takes.strip(), gives.strip()) for takes, _, gives in needed}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCard(Card):
    """A data set.

    Attributes:
        origin: `folder` (at hand under the data root), `generated` or `converted`.
        get: how to get it where it is absent.
    """

    origin: Literal["folder", "generated", "converted"]
    get: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseModelCard(Card):
    """A family of networks.

    Attributes:
        takes: input kind.
        gives: `class` (one vector of logits a sample) or `map`.
        spaces: search spaces by name; `paper` and `small` (seconds to a minute on two cores).
    """

    takes: Kind
    gives: Literal["class", "map"] = "class"
    spaces: Mapping[str, Space] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """One column that a metric fills on the leaderboard.

    Attributes:
        name: of the column.
        doc: one line: what it is, its unit and range.
        better: whether larger or smaller is better; None: neither.
        shape: a number, a list of one per class, or a K x K table.
    """

    name: str
    doc: str
    better: Literal["higher", "lower"] | None = "higher"
    shape: Literal["number", "per-class", "matrix"] = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricCard(Card):
    """A metric.

    Attributes:
        columns: what it fills.
        needs: outputs of which the prediction must have all.
        levels: supervision levels at which it makes sense; empty: all.
        targets: target shapes that it can score.
    """

    columns: tuple[Column, ...]
    needs: tuple[Output, ...] = ()
    levels: tuple[Level, ...] = ()
    targets: tuple[Target, ...] = ("class", "dense")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorCard(Card):
    """Where cells run; loads a callable `(jobs: int) -> concurrent.futures.Executor`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerCard(Card):
    """A listener to the run's lifecycle; loads a `Listener` class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteCard(Card):
    """A named task file that a plugin ships; `load` is `package:file.yaml`. Run with `suite:NAME`."""
