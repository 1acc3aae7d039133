"""The identity of a cell: everything that may change its numbers, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

from eobench.data import Knobs, LabelBudget
from eobench.tasks._canonical import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eobench.plugin import Value
    from eobench.tasks._cell import Cell, DatasetRef

PROTOCOL: Final = 1
"""Raise it whenever a change of `data/` or `scoring/` could change a number: all cells then run again, and boards
refuse to mix the two. A test fails when their code changed and this was not considered."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the identity takes from a plugin object.

    Attributes:
        params: the options that its card declares `identity`.
        code: hash of its import closure; for a data set None, as the fingerprint stands for it.
    """

    params: Mapping[str, Value]
    code: str | None = None


@dataclass(frozen=True, slots=True)
class CellFacts:
    """The facts of everything that a cell names."""

    method: Facts
    dataset: Facts
    base_model: Facts | None = None
    test_on: Facts | None = None
    pretrain_on: Facts | None = None


def cell_identity(cell: Cell, facts: CellFacts) -> dict[str, Any]:
    """Return the fields that the key hashes, as JSON values.

    Left out: options declared `execution`, paths, the task's id, the number of a base model's draw (its
    configuration counts), and what only the leaderboard needs (`pair_on`).
    """
    made: dict[str, Any] = {
        "protocol": PROTOCOL,
        "method": {"name": cell.method, "params": dict(facts.method.params)},
        "code": facts.method.code,
        "dataset": _dataset(cell.dataset, facts.dataset),
        "supervision": _given(cell.supervision, None),
        "knobs": _given(cell.knobs, _KNOBS),
        "seed": cell.seed,
        "budget": None if cell.budget is None else cell.budget.numbers(),
        "threads": cell.threads,
    }
    if cell.base_model is not None and facts.base_model is not None:
        made["base_model"] = {"name": cell.base_model.family, "params": dict(facts.base_model.params)}
        made["base_model_code"] = facts.base_model.code
    if cell.test_on is not None and facts.test_on is not None:
        made["test_on"] = _dataset(cell.test_on, facts.test_on)
    if cell.pretrain_on is not None and facts.pretrain_on is not None:
        made["pretrain_on"] = _dataset(cell.pretrain_on, facts.pretrain_on)
    return made


def keyed(cell: Cell, facts: CellFacts) -> Cell:
    """Return the cell with its identity and its key."""
    identity = cell_identity(cell, facts)
    return replace(cell, identity=identity, key=digest(identity))


_KNOBS = Knobs()


def _dataset(ref: DatasetRef, facts: Facts) -> dict[str, Any]:
    return {
        "name": ref.name,
        "params": dict(facts.params),
        "split": ref.split,
        "modalities": list(ref.modalities),
        "fingerprint": ref.fingerprint,
    }


def _given(thing: Any, defaults: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that are not None and differ from their defaults."""
    found = {f.name: getattr(thing, f.name) for f in fields(thing)}
    return {
        name: _plain(value)
        for name, value in found.items()
        if value is not None and (defaults is None or value != getattr(defaults, name))
    }


def _plain(value: Any) -> Any:
    if isinstance(value, LabelBudget):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
