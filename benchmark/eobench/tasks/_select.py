"""`--select field=value`: some cells of a plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from eobench.data import EobenchError, nearest, unknown

if TYPE_CHECKING:
    from eobench.tasks._cell import Cell

# Every text by which a cell answers to a field.
_FIELDS: dict[str, Callable[[Cell], set[str]]] = {
    "method": lambda c: {c.method, c.method_label},
    "dataset": lambda c: {c.dataset.name, c.dataset.label},
    "split": lambda c: {str(c.dataset.split)},
    "supervision": lambda c: {c.supervision.level},
    "labels": lambda c: {_labels(c)},
    "bag_size": lambda c: {_or_none(c.supervision.bag_size)},
    "base_model": lambda c: {"none"} if c.base_model is None else {c.base_model.family, c.base_model.label},
    "seed": lambda c: {str(c.seed)},
    "task": lambda c: {c.task},
    "status": lambda c: {c.status},
}
_COMMA = re.compile(r",(?![^\[]*\])")  # not within brackets: `ncc,scarf[corruption=0.2,layers=3]`


class SelectionError(EobenchError):
    """A selection is of another form, or names what no cell has."""


def select(cells: Iterable[Cell], expressions: Iterable[str]) -> list[Cell]:
    """Return the cells that all expressions match, in their order.

    Args:
        cells: of a plan.
        expressions: `field=value` or `field=value,other`; fields are method, dataset, split, supervision, labels,
            bag_size, base_model, seed, task and status. A method, data set or base model answers to its name and
            to its label with options; what a cell does not have is `none`.

    Raises:
        SelectionError: an unknown field, a value that no cell has, or nothing is left.
    """
    every = list(cells)
    chosen = every
    given = list(expressions)
    for expression in given:
        name, wanted = _parse(expression, every)
        chosen = [cell for cell in chosen if _FIELDS[name](cell) & wanted]
    if not chosen:
        raise SelectionError(
            f"--select {' '.join(given)}: no cell matches all of it" if given else "there is no cell"
        )
    return chosen


def _parse(expression: str, cells: list[Cell]) -> tuple[str, set[str]]:
    name, equals, rest = expression.partition("=")
    name = name.strip()
    wanted = {value.strip() for value in _COMMA.split(rest)} - {""}
    if not equals or not wanted:
        raise SelectionError(f"--select {expression}: write field=value, such as supervision=bags,global")
    if name not in _FIELDS:
        raise SelectionError(f"--select {expression}: {unknown('field', name, _FIELDS)}")
    known = set().union(*(_FIELDS[name](cell) for cell in cells))
    for value in sorted(wanted - known):
        shown = sorted(known)[:20] + (["..."] if len(known) > 20 else [])
        hint = f"{nearest(value, known)} There are: {', '.join(shown)}"
        raise SelectionError(f"--select {expression}: no cell has {name} {value!r}.{hint}")
    return name, wanted


def _labels(cell: Cell) -> str:
    level = cell.supervision
    if level.per_class is not None:
        return f"{level.per_class}/class"
    return _or_none(level.labels)


def _or_none(value: object) -> str:
    return "none" if value is None else str(value)
