"""When training goes from one stage to the next: raw, time warp, offset, contrastive loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from eobench_prototypes._dti_model import Active

Rule = Literal["paper", "code", "none"]
LARGE_BUDGET = 10_000
"""Steps from which on the published numbers hold, and below which the small ones do."""
SMALL_STAGE = 200
PAPER_STAGE = 1_500
CODE_STAGE = 100_000


@dataclass(frozen=True, slots=True)
class Stage:
    """What is learned.

    Attributes:
        active: transformations.
        contrast: whether the contrastive loss is added.
    """

    active: Active
    contrast: bool = False


def stages(*, warp: bool, offset: bool, contrast: bool, rule: Rule) -> tuple[Stage, ...]:
    """Return the stages of what is switched on, in the paper's order.

    The raw stage takes no step: prototypes begin at its optimum, class means or k-means centres.
    """
    found = []
    if warp:
        found.append(Stage(Active(warp=True, offset=False)))
    if offset:
        found.append(Stage(Active(warp=warp, offset=True)))
    if contrast:
        found.append(Stage(Active(warp=warp, offset=offset), contrast=True))
    return tuple(found[-1:]) if rule == "none" else tuple(found)


@dataclass(frozen=True, slots=True)
class Pace:
    """When a stage may end.

    Attributes:
        least: steps of a stage at least.
        every: steps between two looks at the criterion.
        patience: looks without improvement that are borne.
        threshold: relative improvement that counts.
        reload: go on from the stage's best state.
    """

    least: int
    every: int
    patience: int
    threshold: float
    reload: bool

    @classmethod
    def of(cls, rule: Rule, least: int | None, *, large: bool, supervised: bool) -> Pace:
        """Return the pace of a rule.

        `paper`: the next stage begins when the criterion no longer improves, after 1,500 steps; how often one
        looks is not said (here ten times in that many). `code`: after 100,000 steps and more than 5 looks without
        an improvement of 0.1 %, each 5,000 steps (500 unsupervised), from the best state. Small budgets have
        stages of 200 steps.
        """
        usual = CODE_STAGE if rule == "code" else PAPER_STAGE
        steps = least if least is not None else (usual if large else SMALL_STAGE)
        if rule == "code":
            every = steps // 20 if supervised else steps // 200
            return cls(steps, max(every, min(steps, 50)), 5, 1e-3, reload=True)
        return cls(steps, max(1, steps // (10 if large else 4)), 0, 0.0, reload=False)


class Curriculum:
    """Walks through the stages.

    Args:
        stages: in order.
        pace: when one may end.
    """

    def __init__(self, stages: Sequence[Stage], pace: Pace) -> None:
        self._stages, self.pace = tuple(stages), pace
        self._number = 0
        self._began = 0
        self._best, self._waited = -math.inf, 0

    @property
    def stage(self) -> Stage:
        """The present one."""
        return self._stages[self._number]

    @property
    def last(self) -> bool:
        """Whether no stage follows."""
        return self._number == len(self._stages) - 1

    @property
    def number(self) -> int:
        """Of the present stage, from 0."""
        return self._number

    def look(self, score: float) -> None:
        """Hear the criterion; higher is better."""
        margin = self.pace.threshold * abs(self._best) if math.isfinite(self._best) else 0.0
        if score > self._best + margin:
            self._best, self._waited = score, 0
        else:
            self._waited += 1

    def ready(self, taken: int, progress: float) -> bool:
        """True when the stage ends: it no longer improves, or it has had its share of the budget.

        The share is ours: within any budget every stage that is switched on gets its turn.

        Args:
            taken: steps in all.
            progress: of the budget, 0 to 1.
        """
        if not self.last and progress >= (self._number + 1) / len(self._stages):
            return True
        return taken - self._began >= self.pace.least and self._waited > self.pace.patience

    def advance(self, taken: int) -> None:
        """Begin the next stage."""
        self._number += 1
        self._began = taken
        self._best, self._waited = -math.inf, 0
