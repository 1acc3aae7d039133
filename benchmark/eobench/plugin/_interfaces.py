"""What a plugin author implements: Dataset, Method, Predictor, BaseModel, Metric, Listener."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eobench.data import Bags, Inputs, Level, View
from eobench.plugin._hooks import Places
from eobench.plugin._params import Value

if TYPE_CHECKING:
    import torch

    from eobench.plugin._context import RunContext


class Dataset(ABC):
    """Gives a sample folder: at hand, generated or converted.

    Attributes:
        params: all options of its card, with their values.
        places: where data lies on this machine.
        name: of its card; one class may serve many cards. `make_dataset` gives it.
    """

    def __init__(self, params: Mapping[str, Value], places: Places, name: str = "") -> None:
        self.params = dict(params)
        self.places = places
        self.name = name

    @abstractmethod
    def folder(self) -> Path:
        """Return the sample folder, preparing it first where it must be generated or converted.

        Must be safe to call from several processes at once, and leave nothing half-written
        (`eobench.data.prepare_folder` does both).

        Raises:
            DatasetMissingError: the data is not on this machine; the message says how to get it.
            DataError: it is there but damaged.
        """

    def recipe(self) -> Mapping[str, object] | None:
        """Return what identifies a generated folder (its options that change the numbers), else None.

        None: the fingerprint is taken from the files' content. A recipe's fingerprint also covers the code
        closure of this class's module, so that boards of two machines merge.
        """
        return None


class Method(ABC):
    """A method: learns from a view, gives a predictor.

    Attributes:
        params: all options of its card, with their values.
    """

    def __init__(self, params: Mapping[str, Value]) -> None:
        self.params = dict(params)

    def pretrain(self, view: View, run: RunContext) -> Mapping[str, NDArray[Any]]:
        """Learn from inputs alone (`view.level` is `none`); the result is shared by cells.

        Returns:
            The checkpoint: named arrays (stored as safetensors), handed to `fit` as `run.checkpoint`.
        """
        raise NotImplementedError(f"{type(self).__name__} declares pretraining but has no pretrain()")

    @abstractmethod
    def fit(self, view: View, run: RunContext) -> Predictor:
        """Learn from a view.

        Args:
            view: what the supervision level grants; must not be changed.
            run: device, seeds, budget, base model, logging.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a predictor says of n samples; those of its card's outputs are set.

    Attributes:
        classes: (n,) integer class indices; (n, h, w) for maps of any size (the scorer resizes them).
        clusters: (n,) integer cluster numbers, 0 or more, without names.
        probabilities: (n, K) float32; (n, K, h, w) for maps.
        proportions: (n, K) float32, of each sample's area (chips).
        embeddings: (n, D) float32.
        reconstruction: (n,) float32 error with which a method that rebuilds its inputs rebuilds each sample: the
            mean square over the observed, standardised values.
    """

    classes: NDArray[np.integer] | None = None
    clusters: NDArray[np.integer] | None = None
    probabilities: NDArray[np.float32] | None = None
    proportions: NDArray[np.float32] | None = None
    embeddings: NDArray[np.float32] | None = None
    reconstruction: NDArray[np.float32] | None = None

    def given(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that are set, by name."""
        names = ("classes", "clusters", "probabilities", "proportions", "embeddings", "reconstruction")
        return {n: value for n in names if (value := getattr(self, n)) is not None}


class Predictor(ABC):
    """What a method has learned. Pickle is never used: save to safetensors, JSON or skops.

    Attributes:
        parameters: number of learned numbers, for the cost columns.
        steps: optimiser steps taken; None where there are none.
    """

    parameters: int = 0
    steps: int | None = None

    def flops(self) -> int | None:
        """Return the floating-point operations of predicting one sample (2 a multiply-add), for the cost columns.

        Asked once, after the timed part. None: not counted.
        """
        return None

    @abstractmethod
    def predict(self, inputs: Inputs) -> Predictions:
        """Predict; row i of the result is sample i of the inputs."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write all that `load` needs into an empty folder."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Predictor:
        """Return the predictor that `save` wrote; it predicts the same."""


class BaseModel(ABC):
    """A network family. Its card's `load` names the subclass.

    Attributes:
        params: all options of its card (a drawn or written-out configuration), with their values. By convention
            `lr` is the learning rate that a training method uses.
    """

    def __init__(self, params: Mapping[str, Value]) -> None:
        self.params = dict(params)

    @abstractmethod
    def build(self, shape: tuple[int, ...], outputs: int) -> torch.nn.Module:
        """Return a fresh network.

        Args:
            shape: of one sample of a batch, such as (C, T) or (C, H, W).
            outputs: K.

        Returns:
            A module with `features(x) -> (B, D)` and `forward(x) -> (B, K)` logits ((B, K, h, w) for maps), `x`
            a float32 batch (B, *shape) without NaN. Every layer is registered and trained.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """All that a metric may look at, in the scorer's hands; methods never see it.

    Attributes:
        level: the supervision level of the cell.
        classes: K class names, grouped as the task scores them.
        truth: (n,) or (n, H, W) int16 true classes of the scored rows; -1 = not scored (unlabelled, ignored).
        predictions: of the scored rows; maps already resized to the truth.
        train_truth: (m,) true classes of the method's training rows, -1 = unlabelled; None where predictions
            on train were not made.
        train_predictions: of those rows.
        bags: the scored rows cut into bags of the cell's size (or into its regions), with their true proportions;
            None where the cell has none.
    """

    level: Level
    classes: tuple[str, ...]
    truth: NDArray[np.int16]
    predictions: Predictions
    train_truth: NDArray[np.int16] | None = None
    train_predictions: Predictions | None = None
    bags: Bags | None = None


class Metric(ABC):
    """A metric. Fills the columns that its card declares."""

    def __init__(self, params: Mapping[str, Value]) -> None:
        self.params = dict(params)

    @abstractmethod
    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return a number (None where undefined), list or table for each declared column."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a listener is told when a run starts.

    Attributes:
        name: of the task file.
        folder: where the run's state lies.
        cells: number of cells of the plan.
        cached: how many of them are already finished.
        places: where data and cache lie.
    """

    name: str
    folder: Path
    cells: int
    cached: int
    places: Places


@dataclass(frozen=True, slots=True)
class CellDone:
    """What a listener is told when a cell is finished.

    Attributes:
        row: the result row, by column name.
        curves: name -> [(step, value), ...].
        artifacts: the cell's artifact folder, or None.
        cached: True where it was finished in an earlier run.
    """

    row: Mapping[str, Any]
    curves: Mapping[str, list[tuple[int, float]]] = field(default_factory=dict)
    artifacts: Path | None = None
    cached: bool = False


class Listener:
    """Hears of a run's lifecycle. Called in a thread of its own, off the timed path, in order.

    An exception in a listener is reported once and never stops a run.
    """

    def run_started(self, info: RunInfo) -> None:
        """A run begins."""

    def cell_started(self, cell: str, label: str) -> None:
        """A cell begins: its key and its readable name."""

    def cell_finished(self, done: CellDone) -> None:
        """A cell ended, whatever its status."""

    def run_finished(self, status: Mapping[str, int]) -> None:
        """The run ended: the number of rows of each status. Close what is open."""
