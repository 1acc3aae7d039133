"""Checks of methods: a budget is kept, and a stop is heard."""

from __future__ import annotations

import time

import numpy as np

from eobench.data import EobenchError
from eobench.plugin import Budget
from eobench.testing._checks import CheckFailed, NotApplicable
from eobench.testing._method_subject import Learned, MethodSubject

_GRANTED = (1, 4)
_POLLS_BEFORE_STOP = 3
_POLLS_AFTER_STOP = 20
_SECONDS = 3600.0


def budget_is_respected(subject: MethodSubject) -> None:
    """A budget in steps or epochs is never exceeded, and the predictor says how many steps it took."""
    if not subject.card.budgets:
        raise NotApplicable("its card has no budgets")
    taken = []
    for granted in _GRANTED:
        learned = _learn(subject, Budget(steps=granted))
        taken.append(_steps(learned))
        if taken[-1] > granted:
            raise CheckFailed(f"a budget of {granted} steps was granted, and {taken[-1]} were taken; stop in time")
        late = max((step for curve in learned.run.curves.values() for step, _ in curve), default=0)
        if late > granted:
            raise CheckFailed(f"a budget of {granted} steps was granted, and a curve has a point at step {late}")
    if taken[0] == taken[1] == 0:
        raise CheckFailed("no step was taken under budgets in steps; set predictor.steps to the steps taken")
    one, three = (_steps(_learn(subject, Budget(epochs=epochs))) for epochs in (1, 3))
    if one > three:
        raise CheckFailed(f"one epoch took {one} steps, three took {three}; an epoch is one pass over the rows")
    if one == three:
        subject.note(f"one epoch and three epochs both took {one} steps")


def _learn(subject: MethodSubject, budget: Budget) -> Learned:
    return subject.learn(subject.stage(subject.main[0]), subject.context(budget=budget))


def _steps(learned: Learned) -> int:
    steps = learned.predictor.steps
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer):
        raise CheckFailed(f"predictor.steps is {steps!r} although the card has budgets; set the steps taken")
    return int(steps)


def stop_is_heard(subject: MethodSubject) -> None:
    """With a budget in seconds the method asks `run.should_stop()`, ends soon after a yes, and still predicts."""
    if not subject.card.budgets:
        raise NotApplicable("its card has no budgets")
    stage = subject.stage(subject.main[0])
    for polls in (_POLLS_BEFORE_STOP, 0):  # stopped on the way; the deadline has passed before it began
        run = subject.context(budget=Budget(seconds=_SECONDS))
        run.deadline = time.monotonic() + (_SECONDS if polls else -1.0)
        run.stop_after = max(1, polls)
        try:
            learned = subject.learn(stage, run)
        except EobenchError as error:
            raise CheckFailed(f"stopped after {polls} polls: {error}; return what was learned so far") from error
        if not run.polls:
            raise CheckFailed(
                "run.should_stop() was never asked, so a budget in seconds cannot end it; ask it once a step"
            )
        if run.polls_after > _POLLS_AFTER_STOP:
            raise CheckFailed(
                f"run.should_stop() said yes, and was asked {run.polls_after} more times; end at the first yes"
            )
        subject.predict(stage, learned)
