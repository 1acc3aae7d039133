"""Checks of methods: pre-training, the stage that cells share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Checkpoint, Value
from eobench.testing._checks import CheckFailed, NotApplicable
from eobench.testing._method_data import CLASSES
from eobench.testing._method_subject import MethodSubject, Stage, one_thread, seed_globally
from eobench.testing._method_watch import kept_state
from eobench.testing._suite import other_values


def pretraining_depends_on_inputs_alone(subject: MethodSubject) -> None:
    """`pretrain` gives named arrays that depend on inputs, seed and relevant options only."""
    declared = subject.card.pretraining
    if declared is None:
        raise NotApplicable("its card declares no pre-training")
    for case in subject.main:
        world = subject.world(case)
        first = _checkpoint(subject, subject.stage(case))
        if text := _unlike(first, _checkpoint(subject, subject.stage(case))):
            raise CheckFailed(
                f"at {case} two pre-trainings with one seed differ in {text}; draw from run.generator"
            )
        labels = np.where(world.labels >= 0, (world.labels + 1) % len(CLASSES), -1).astype(np.int16)
        hidden = replace(world, labels=labels)
        if text := _unlike(first, _checkpoint(subject, subject.stage(case, hidden))):
            raise CheckFailed(
                f"at {case} the checkpoint differs in {text} once labels are overwritten: it read them"
            )
        _irrelevant_options(subject, subject.stage(case), first)


def _checkpoint(
    subject: MethodSubject, stage: Stage, forced: Mapping[str, Value] | None = None
) -> dict[str, NDArray[Any]]:
    run = subject.context()
    with kept_state():
        one_thread()
        seed_globally(run.seed)
        found: Checkpoint | None = subject.pretrain(stage, run, forced=forced)
    if not isinstance(found, Mapping) or not found:
        raise CheckFailed(f"pretrain() returned {found!r:.80}; return a mapping of names to NumPy arrays")
    for name, array in found.items():
        if not isinstance(name, str) or not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise CheckFailed(
                f"pretrain() returned {name!r}: {type(array).__name__}; arrays of numbers can be stored"
            )
    return {name: np.array(array) for name, array in found.items()}


def _irrelevant_options(subject: MethodSubject, stage: Stage, first: dict[str, NDArray[Any]]) -> None:
    """What the card calls irrelevant is set to its default in a run; another value may change nothing."""
    declared = subject.card.pretraining
    for field in declared.irrelevant if declared is not None else ():
        name = field.removeprefix("params:")
        param = next((p for p in subject.card.params if p.name == name and name != field), None)
        if param is None:
            continue  # no option; whether it is known is the card's check
        for value in other_values(param, param.default)[:1]:
            if text := _unlike(first, _checkpoint(subject, stage, {name: value})):
                raise CheckFailed(
                    f"{field} is declared irrelevant to pre-training, but {name}={value!r} changes {text} of the "
                    f"checkpoint: cells would share the wrong one"
                )


def _unlike(one: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> str | None:
    names = [
        name
        for name in {**one, **other}
        if name not in one or name not in other or one[name].tobytes() != other[name].tobytes()
    ]
    return ", ".join(names) or None
