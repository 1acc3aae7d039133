"""How far training has come, for losses that change over it."""

from __future__ import annotations

import time

from eobench.plugin import RunContext
from eobench_base_models.training import Objective


class Progress:
    """Counts the steps of one training.

    Args:
        steps: of the budget; None where it is in seconds.
        seconds: of the budget; None where it is in steps.
    """

    def __init__(self, steps: int | None, seconds: float | None = None) -> None:
        self._steps, self._seconds = steps, seconds
        self._taken, self._started = 0, time.monotonic()

    @classmethod
    def of(cls, run: RunContext, objective: Objective) -> Progress:
        """Return the progress within the run's budget; epochs are passes over the objective's bags."""
        budget = run.budget
        if budget is None:
            return cls(1)  # `fit_network` says what is missing
        if budget.epochs is not None:
            return cls(sum(objective.steps(epoch) for epoch in range(budget.epochs)))
        return cls(budget.steps, budget.seconds)

    def next(self) -> float:
        """Return the share of the budget that is spent before this step, 0 to 1, and count the step."""
        self._taken += 1
        if self._steps is not None:
            return min(1.0, (self._taken - 1) / max(1, self._steps))
        return min(1.0, (time.monotonic() - self._started) / max(1e-9, self._seconds or 0.0))
