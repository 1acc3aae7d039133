"""What cells of all methods share: a data set at a supervision level, with the task's knobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eobench.data import EobenchError, Knobs, Supervision, complete_supervision, unknown, unsupported_reason
from eobench.tasks._classes import grouped, resolve_classes

if TYPE_CHECKING:
    from collections.abc import Callable

    from eobench.data import SplitCounts
    from eobench.tasks._levels import LevelChoice
    from eobench.tasks._models import Task
    from eobench.tasks._probe import Probe
    from eobench.tasks._resolve import DatasetChoice
    from eobench.tasks._source import Path


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A data set at a level; `reason` says why it cannot be, None where it can."""

    data: DatasetChoice
    supervision: Supervision
    knobs: Knobs
    reason: str | None = None


@dataclass(slots=True)
class _Wrong:
    """Names that a data set does not have (a class, a flag, a group).

    Where one data set of a task has the name, it is no mistake of the file: the others are unsupported. Where none
    has it, it is.
    """

    found: dict[Path, dict[str, str]] = field(default_factory=dict)
    asked: dict[Path, set[str]] = field(default_factory=dict)

    def check(self, path: Path, dataset: str, text: str | None) -> str | None:
        self.asked.setdefault(path, set()).add(dataset)
        if text is not None:
            self.found.setdefault(path, {})[dataset] = text
        return text

    def report(self, problem: Callable[[Path, str], None]) -> None:
        for path, texts in self.found.items():
            if self.asked[path] == set(texts):
                for text in dict.fromkeys(texts.values()):
                    problem(path, text)


def scenes_of(
    task: Task,
    path: Path,
    datasets: list[DatasetChoice],
    levels: list[LevelChoice],
    problem: Callable[[Path, str], None],
) -> list[Scene]:
    """Return every data set of a task at every level, knobs completed by what the data set has."""
    wrong = _Wrong()
    found: list[Scene] = []
    for data in datasets:
        if data.probe is None:
            found += [Scene(data, level.supervision, _plain_knobs(task)) for level in levels]
            continue
        knobs, reason = _knobs(task, path, data, data.probe, wrong)
        try:
            counts = data.probe.counts(str(data.ref.split), knobs.exclude)
        except EobenchError as error:
            problem(data.path, str(error))
            continue
        known: dict[Supervision, Scene] = {}
        for level in levels:
            scene = _scene(level, data, data.probe, counts, knobs, reason, wrong)
            known.setdefault(scene.supervision, scene)
        found += known.values()
    wrong.report(problem)
    return found


def _scene(
    level: LevelChoice,
    data: DatasetChoice,
    probe: Probe,
    counts: SplitCounts,
    knobs: Knobs,
    reason: str | None,
    wrong: _Wrong,
) -> Scene:
    split, supervision, error = str(data.ref.split), level.supervision, None
    try:
        supervision = complete_supervision(supervision, probe.header, split)
        reason = reason or unsupported_reason(probe.header, counts, split, supervision, knobs)
    except EobenchError as caught:
        error = str(caught)
    reason = wrong.check(level.path, data.ref.label, error) or reason
    return Scene(data, supervision, knobs, reason)


def _knobs(task: Task, path: Path, data: DatasetChoice, probe: Probe, wrong: _Wrong) -> tuple[Knobs, str | None]:
    """Return a task's knobs for a data set; those that name what it does not have are left out, with a reason."""
    header, name, reason = probe.header, data.ref.name, None
    exclude = task.exclude
    if exclude is not None:
        missing = None if exclude in header.flags else f"{name}: {unknown('flag', exclude, header.flags)}"
        reason = wrong.check((*path, "exclude"), data.ref.label, missing)
        exclude = exclude if missing is None else None
    groups: dict[str, tuple[str, ...]] = {"classes": (), "score_classes": ()}
    for field_name in groups:
        given = getattr(task, field_name)
        error = None
        try:
            groups[field_name] = resolve_classes(given, grouped(header.classes, groups["classes"]))
        except EobenchError as caught:
            error = f"{name}: {caught}"
        if given is not None:
            reason = wrong.check((*path, field_name), data.ref.label, error) or reason
    return Knobs(
        transductive=task.transductive,
        pool=task.pool,
        classes=groups["classes"],
        score_classes=groups["score_classes"],
        score_on=task.score_on,
        exclude=exclude,
        validation=task.validation,
    ), reason


def _plain_knobs(task: Task) -> Knobs:
    """Return a task's knobs for a data set that is not here: its classes are not known."""
    classes, score_classes = (
        () if given is None else tuple(given.majors or ()) for given in (task.classes, task.score_classes)
    )
    return Knobs(
        transductive=task.transductive,
        pool=task.pool,
        classes=classes,
        score_classes=score_classes,
        score_on=task.score_on,
        exclude=task.exclude,
        validation=task.validation,
    )
