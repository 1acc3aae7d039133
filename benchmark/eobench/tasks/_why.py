"""Why a cell has another key than an earlier one: field by field, down to the module or the file that changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eobench.tasks._canonical import canonical
from eobench.tasks._parts import read_parts

_ABSENT = "(none)"
# What a cell is about. One that differs here is another cell rather than an older form of this one.
_ABOUT = ("method.name", "dataset.name", "supervision.level", "base_model.name", "test_on.name", "seed")
_HASHED = ("code", "base_model_code", "fingerprint")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of the key that changed.

    Attributes:
        field: its dotted name, such as `method.params.steps`.
        then: its value in the earlier cell.
        now: its value in this one.
        parts: for a hash, the modules, options or files behind it that changed; empty where they are not known.
    """

    field: str
    then: Any
    now: Any
    parts: tuple[str, ...] = ()


def flat(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return an identity's fields by dotted name."""
    found: dict[str, Any] = {}
    for name, value in identity.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": v for inner, v in flat(value).items()}
        else:
            found[name] = value
    return found


def differences(now: Mapping[str, Any], then: Mapping[str, Any], cache: Path) -> list[Difference]:
    """Return the fields in which two identities differ, by name.

    Args:
        now: identity of this cell.
        then: of the earlier one.
        cache: where what stands behind hashes is kept.
    """
    new, old = flat(now), flat(then)
    found = []
    for name in sorted({*new, *old}):
        value, earlier = new.get(name, _ABSENT), old.get(name, _ABSENT)
        if canonical(value) == canonical(earlier):
            continue
        hashed = name.rpartition(".")[2] in _HASHED and _ABSENT not in (value, earlier)
        found.append(Difference(name, earlier, value, _changed(cache, value, earlier) if hashed else ()))
    return found


def closest(now: Mapping[str, Any], earlier: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the key of the earlier cell that differs least; of equals the last. None where none is about this."""
    new = flat(now)
    best: tuple[int, int] | None = None
    chosen = None
    for number, (key, identity) in enumerate(earlier.items()):
        old = flat(identity)
        if any(new.get(name) != old.get(name) for name in ("method.name", "dataset.name")):
            continue
        differing = [n for n in {*new, *old} if new.get(n, _ABSENT) != old.get(n, _ABSENT)]
        rank = (sum(10 if n in _ABOUT else 1 for n in differing), -number)
        if best is None or rank < best:
            best, chosen = rank, key
    return chosen


def _changed(cache: Path, now: str, then: str) -> tuple[str, ...]:
    new, old = read_parts(cache, now), read_parts(cache, then)
    if not new or not old:
        return ()
    return tuple(
        f"{name} {'added' if name not in old else 'removed' if name not in new else 'changed'}"
        for name in sorted({*new, *old})
        if new.get(name) != old.get(name)
    )
