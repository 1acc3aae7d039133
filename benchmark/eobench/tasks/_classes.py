"""Classes grouped into majors and `others`, as a task asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eobench.data import EobenchError, unknown

if TYPE_CHECKING:
    from eobench.tasks._models import Grouping

OTHERS = "others"


def resolve_classes(given: Grouping | None, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the majors in the order of the classes; empty where every class stays itself.

    Raises:
        EobenchError: a name is no class of the data set, or no class would stay.
    """
    if given is None:
        return ()
    named = given.majors if given.majors is not None else given.others or []
    for name in named:
        if name not in classes:
            raise EobenchError(unknown("class", name, classes))
    majors = tuple(name for name in classes if (name in named) == (given.majors is not None))
    if not majors:
        raise EobenchError("every class would be merged into `others`")
    return () if grouped(classes, majors) == classes else majors


def grouped(classes: tuple[str, ...], majors: tuple[str, ...]) -> tuple[str, ...]:
    """Return the class names after grouping: majors in the order of the classes, then `others`."""
    if not majors or set(majors) >= set(classes):
        return classes
    return (*(name for name in classes if name in majors and name != OTHERS), OTHERS)
