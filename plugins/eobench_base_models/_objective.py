"""What a network is trained for: batches of rows, a loss, and a score for choosing the state to keep."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from eobench.data import Inputs


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One optimiser step.

    Attributes:
        positions: (B,) indices into the objective's `rows`.
        targets: whatever the loss needs besides, on the device.
    """

    positions: NDArray[np.int64]
    targets: tuple[torch.Tensor, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """Rows to choose the best state on.

    Attributes:
        inputs: of the validation view.
        rows: (V,) those that are looked at.
        score: logits (V, K) on the device -> a number, higher is better.
        name: of the curve.
    """

    inputs: Inputs
    rows: NDArray[np.int64]
    score: Callable[[torch.Tensor], float]
    name: str


class Objective(ABC):
    """What a network is trained for.

    Attributes:
        rows: (R,) rows of the view's inputs that training reads.
        validation: None where the level grants nothing to choose by: the last state is kept.
    """

    rows: NDArray[np.int64]
    validation: Validation | None = None

    @abstractmethod
    def steps(self, epoch: int) -> int:
        """Return how many steps an epoch has."""

    @abstractmethod
    def epoch(self, epoch: int, generator: np.random.Generator) -> Iterator[Step]:
        """Yield the steps of an epoch, in the generator's order."""

    @abstractmethod
    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:
        """Return the loss of one step, a scalar.

        Args:
            network: in training mode.
            x: the prepared batch `rows[step.positions]`.
            step: its targets.
        """


def logits_in_training(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return the logits of a training batch; a single row is shown twice, since batch norm needs two values."""
    logits: torch.Tensor = network(x) if len(x) > 1 else network(torch.cat([x, x]))[:1]
    return logits
