"""Supervision levels of a task with their knobs: those that cannot apply collapse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from eobench.data import Supervision
from eobench.tasks._fields import parse_labels, parse_level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eobench.plugin import Value
    from eobench.tasks._models import Task
    from eobench.tasks._source import Path

# What a level cannot do without, and what to write.
_NEEDED = {"few": 'labels: ["5/class", "20%"]'} | dict.fromkeys(
    ("bags", "global", "census"), "bag_size: [32, 128]"
)


@dataclass(frozen=True, slots=True)
class LevelChoice:
    """A supervision level with its knobs, and where it was written."""

    supervision: Supervision
    path: Path


def levels_of(task: Task, path: Path, problem: Callable[[Path, str], None]) -> list[LevelChoice]:
    """Return the levels of a task, each with every value of the knobs that apply to it."""
    found: dict[Supervision, Path] = {}
    for i, text in enumerate(task.supervision):
        where: Path = (*path, "supervision", i)
        level, options = parse_level(text)
        field = _NEEDED.get(level, "").partition(":")[0]
        if field and getattr(task, field) is None:
            problem(where, f"{level!r} needs {field}, such as {_NEEDED[level]}")
            continue
        for supervision in _each(task, level, options):
            found.setdefault(supervision, where)
    return [LevelChoice(supervision, where) for supervision, where in found.items()]


def _each(task: Task, level: str, options: dict[str, Value]) -> Iterator[Supervision]:
    if level == "full":
        counts: list[int | None] = [None] if task.per_class is None else [*task.per_class]
        for count in counts:
            yield Supervision("full", per_class=count)
    elif level == "few":
        for text in task.labels or ():
            labels = parse_labels(text)
            # All labels of train are no few labels.
            yield Supervision("full") if labels.percent == 100 else Supervision("few", labels=labels)
    elif level == "regions":
        yield Supervision("regions", by=cast("str | None", options["by"]))
    elif level == "none":
        yield Supervision("none")
    else:
        typed = cast("dict[str, Any]", options)
        kind = cast('Literal["bags", "global", "census"]', level)
        for size in task.bag_size or ():
            for redraws in task.redraws or [1]:
                yield Supervision(kind, bag_size=size, redraws=redraws, **typed)
