"""Checks of methods: nothing but the view may matter, and the view stays as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eobench.data import Knobs, Scene, View
from eobench.testing._checks import CheckFailed
from eobench.testing._method_compare import difference
from eobench.testing._method_data import CLASSES, World
from eobench.testing._method_subject import Case, MethodSubject, arrays_of, frozen


def labels_outside_the_view_change_nothing(subject: MethodSubject) -> None:
    """Every label that a level does not grant may be overwritten: predictions stay the same, bit for bit."""
    for case in subject.cases:
        world = subject.world(case)
        knobs = Knobs(validation="none") if case.level == "few" else Knobs()
        stage = subject.stage(case, knobs=knobs)
        changed = replace(world, labels=overwrite_hidden(case, world, stage.scene, subject, knobs))
        first = subject.trial(stage)
        del stage  # a method that looks around in the process must not find the labels of before
        other = subject.stage(case, changed, knobs)
        _same_view(subject.stage(case, knobs=knobs).scene, other.scene, case)
        if text := difference(first, subject.trial(other)):
            raise CheckFailed(
                f"at {case} predictions differ ({text}) once labels outside the view are overwritten: the method "
                f"reads labels that it was not given; learn from the view alone"
            )


def overwrite_hidden(
    case: Case, world: World, scene: Scene, subject: MethodSubject, knobs: Knobs
) -> NDArray[np.int16]:
    """Return labels that differ wherever a level's view holds neither the label nor what is made of it.

    `full`: those of the scored rows. `few`: also all that were not drawn, which become unlabelled. `bags` and
    `regions`: labels are dealt anew within each bag. `global`: within all that is learned from, and validation
    labels change. `census` and `none`: all change.
    """
    labels = world.labels.copy()
    everywhere = np.where(labels >= 0, (labels + 1) % len(CLASSES), -1).astype(np.int16)
    test = world.rows("test")
    labels[test] = everywhere[test]
    if case.level in ("census", "none"):
        return everywhere
    if case.level == "few":
        _forget(labels, world, subject.stage(replace(case, flatten=False), knobs=knobs).scene.view)
    elif case.level in ("bags", "regions"):
        _deal_within_bags(labels, world, scene.view)
        if scene.view.validation is not None:
            _deal_within_bags(labels, world, scene.view.validation)
    elif case.level == "global":
        labels[world.rows("val")] = everywhere[world.rows("val")]
        _deal(labels, world.rows("train"))
    return labels


def _places(world: World, view: View) -> NDArray[np.int64]:
    """The world's row of each row of a view: no two samples are the same."""
    place = {row.tobytes(): number for number, row in enumerate(world.optical)}
    return np.array([place[row.tobytes()] for row in view.inputs.modalities[0].values], np.int64)


def _forget(labels: NDArray[np.int16], world: World, view: View) -> None:
    if view.labels is not None:
        labels[_places(world, view)] = view.labels


def _deal_within_bags(labels: NDArray[np.int16], world: World, view: View) -> None:
    if view.bags is None:
        return
    places, part = _places(world, view), view.bags.partition(0)
    for index in range(len(part)):
        _deal(labels, places[part.bag(index)])


def _deal(labels: NDArray[np.int16], rows: NDArray[np.int64]) -> None:
    """Turn the labels of some rows (of their pixels), sorted by class, by half their number: most get another."""
    some = labels[rows]
    known = np.flatnonzero(some.reshape(-1) >= 0)
    order = known[np.argsort(some.reshape(-1)[known], kind="stable")]
    some.reshape(-1)[order] = np.roll(some.reshape(-1)[order], max(1, len(order) // 2))
    labels[rows] = some


def _same_view(one: Scene, other: Scene, case: Case) -> None:
    """The check itself is sound only if both views are the same."""
    first, second = dict(arrays_of(one.view, "view")), dict(arrays_of(other.view, "view"))
    unlike = [n for n in first if n not in second or first[n].tobytes() != second[n].tobytes()]
    if unlike or first.keys() != second.keys():
        raise RuntimeError(f"a fault of this check, not of the method: at {case} the views differ in {unlike}")


def reordered_rows_change_nothing(subject: MethodSubject) -> None:
    """The order of a data set's rows on disk does not matter: each sample's prediction stays the same."""
    for case in subject.cases:
        world = subject.world(case)
        order = np.random.default_rng(31).permutation(len(world))
        first = subject.usual(case)
        if text := difference(first, subject.trial(subject.stage(case, world.take(order)))):
            raise CheckFailed(
                f"at {case} predictions differ ({text}) when the rows of the data set stand in another order: the "
                f"method reads that order from somewhere; learn from the view alone"
            )


def inputs_are_not_mutated(subject: MethodSubject) -> None:
    """Learning and predicting change no array of the view or of the test inputs, writable or not."""
    for case in subject.cases:
        stage = subject.stage(case)
        scene = frozen(stage.scene, writable=True)
        arrays = [*arrays_of(scene.view, "view"), *arrays_of(scene.test, "test inputs")]
        before = [array.copy() for _, array in arrays]
        try:
            learned = subject.learn(stage)
            _unchanged(arrays, before, f"fit() at {case}")
            subject.predict(stage, learned)
            _unchanged(arrays, before, f"predict() at {case}")
        finally:
            frozen(scene, writable=False)


def _unchanged(arrays: list[tuple[str, NDArray[np.generic]]], before: list[NDArray[np.generic]], who: str) -> None:
    for (name, array), kept in zip(arrays, before, strict=True):
        if array.tobytes() != kept.tobytes():
            raise CheckFailed(f"{who} changed {name}, which other cells share; work on a copy")
