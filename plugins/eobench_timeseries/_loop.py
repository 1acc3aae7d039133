"""What the trainings of this plugin share: batches within a budget, and the curve of the loss."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.data import EobenchError
from eobench.plugin import RunContext

CURVE_POINTS = 100


def batches(rows: int, size: int, run: RunContext) -> Iterator[NDArray[np.int64]]:
    """Yield the positions of each step's batch, epoch after epoch, to the end of the run's budget.

    Args:
        rows: that an epoch passes over.
        size: of a batch, at most; the batches of an epoch are equal in size.
        run: whose budget counts and whose seed shuffles.

    Raises:
        EobenchError: the run has no budget.
    """
    budget = run.budget
    if budget is None:
        raise EobenchError("this training needs a budget, and the run has none: name one in the task")
    an_epoch = -(-rows // size)
    total = math.inf if budget.steps is None else budget.steps
    if budget.epochs is not None:
        total = budget.epochs * an_epoch
    generator, taken = run.generator("batches"), 0
    while True:
        for positions in np.array_split(generator.permutation(rows), an_epoch):
            if taken >= total or run.should_stop():
                return
            yield positions
            taken += 1


class Curve:
    """The mean loss between two points of the curve; the device is asked only there.

    Args:
        run: that keeps the curve.
        name: of the curve.
    """

    def __init__(self, run: RunContext, name: str = "loss") -> None:
        steps = run.budget.steps if run.budget is not None else None
        self._every = max(1, (steps or 1000) // CURVE_POINTS)
        self._run, self._name, self._losses = run, name, list[torch.Tensor]()
        self.steps = 0

    def add(self, loss: torch.Tensor) -> None:
        """Count a step and its loss."""
        self._losses.append(loss.detach())
        self.steps += 1
        if len(self._losses) >= self._every:
            self.flush()

    def flush(self) -> None:
        """Write what was added since the last point.

        Raises:
            FloatingPointError: the loss is no longer finite.
        """
        if not self._losses:
            return
        mean = float(torch.stack(self._losses).mean())
        self._losses.clear()
        self._run.log(self._name, mean, self.steps)
        if not math.isfinite(mean):
            raise FloatingPointError(f"the {self._name} is {mean} after {self.steps} steps: a lower lr may help")
