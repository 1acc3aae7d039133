"""Checks of methods: what a predictor gives, alone or in company, and after it was saved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from eobench.data import EobenchError
from eobench.plugin import Predictions
from eobench.testing._checks import CheckFailed
from eobench.testing._method_compare import TOLERANCE, difference
from eobench.testing._method_files import refuse_pickles
from eobench.testing._method_subject import Learned, MethodSubject, Stage

_ALONE = 4
_PIECE = 7


def predicts_what_the_card_declares(subject: MethodSubject) -> None:
    """At each level, kind and target that the card claims, each sample gets every declared output."""
    for case in subject.cases:
        try:
            given = subject.usual(case)
        except CheckFailed:
            raise
        except EobenchError as error:
            raise CheckFailed(
                f"at {case}, which its card claims: {type(error).__name__}: {error}; mend it, or drop the claim"
            ) from error
        extra = sorted(set(given.given()) - set(subject.card.outputs))
        if extra:
            subject.note(f"also gives {', '.join(extra)}, which its card does not declare")


def batch_size_of_prediction_changes_nothing(subject: MethodSubject) -> None:
    """Predicting all at once, in pieces, one by one or in another order gives each sample the same."""
    for case in subject.main:
        stage = subject.stage(case)
        learned = subject.learn(stage)
        test = stage.scene.test
        count, whole = len(test), subject.predict(stage, learned)
        order = np.random.default_rng(32).permutation(count)
        pieces = [np.arange(start, min(start + _PIECE, count)) for start in range(0, count, _PIECE)]
        alone = [np.array([row]) for row in range(min(_ALONE, count))]
        for rows, how in (
            (pieces[:8], f"{_PIECE} at a time"),
            (alone, "alone"),
            ([order], "in another order"),
        ):
            parts = [subject.predict(stage, learned, test.take(part)) for part in rows]
            if text := difference(_rows(whole, np.concatenate(rows)), _joined(parts), TOLERANCE):
                raise CheckFailed(
                    f"at {case} a sample's prediction differs ({text}) when samples are predicted {how}: a "
                    f"prediction may depend on its sample only (a network in evaluation mode, "
                    f"statistics kept from fit)"
                )


def _rows(given: Predictions, rows: np.ndarray[Any, Any]) -> Predictions:
    return Predictions(**{name: values[rows] for name, values in given.given().items()})


def _joined(parts: list[Predictions]) -> Predictions:
    return Predictions(**{name: np.concatenate([p.given()[name] for p in parts]) for name in parts[0].given()})


def parameters_are_counted(subject: MethodSubject) -> None:
    """A predictor says how many numbers it learned, and how many optimiser steps it took (None: no steps)."""
    predictor = subject.learn(subject.stage(subject.main[0])).predictor
    for name in ("parameters", "steps"):
        value: Any = getattr(predictor, name)
        if value is None and name == "steps":
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
            raise CheckFailed(f"predictor.{name} is {value!r}; set a whole number of 0 or more")
    if not predictor.parameters:
        subject.note("predictor.parameters is 0: has it learned nothing?")


def saved_and_loaded_predicts_the_same(subject: MethodSubject) -> None:
    """A saved predictor, loaded in a new process, predicts the same bit for bit; nothing is pickled."""
    stage = subject.stage(subject.main[0])
    learned = subject.learn(stage)
    before = subject.predict(stage, learned)
    folder = subject.new_folder("saved")
    learned.predictor.save(folder)
    if not any(folder.rglob("*")):
        raise CheckFailed("save(folder) wrote nothing; write all that load(folder) needs")
    refuse_pickles(folder)
    if text := difference(before, subject.predict(stage, learned)):
        raise CheckFailed(f"saving changed the predictor: its predictions differ ({text})")
    after = _in_new_process(stage, learned, folder)
    if text := difference(before, after):
        raise CheckFailed(
            f"the loaded predictor's predictions differ ({text}): write all that prediction needs, exactly"
        )


def _in_new_process(stage: Stage, learned: Learned, folder: Path) -> Predictions:
    kind = type(learned.predictor)
    if "<locals>" in kind.__qualname__:
        raise CheckFailed(f"{kind.__qualname__} is defined inside a function: no other process can load it")
    result = folder.with_name(f"{folder.name}-predictions.npz")
    job = {
        "path": sys.path,
        "predictor": [kind.__module__, kind.__qualname__],
        "saved": str(folder),
        "data": str(stage.folder.path),
        "flatten": stage.case.flatten,
        "result": str(result),
    }
    ended = subprocess.run(
        [sys.executable, "-m", "eobench.testing._method_reload"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        env={**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")},
        check=False,
    )
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no message"])[-1]
        raise CheckFailed(f"{kind.__name__}.load(folder) and predict fail in a new process: {last}")
    with np.load(result, allow_pickle=False) as arrays:
        return Predictions(**{name: arrays[name] for name in arrays.files})
