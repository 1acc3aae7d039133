"""Limits of one cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one cell may use; None: no limit.

    Attributes:
        seconds: wall-clock; the cell becomes `timeout`.
        memory: anonymous memory of its worker in bytes (memory-mapped files do not count); it becomes `oom`.
    """

    seconds: float | None = None
    memory: int | None = None

    def as_dict(self) -> dict[str, float]:
        """Return those that are set, by name."""
        return {k: v for k in ("seconds", "memory") if (v := getattr(self, k)) is not None}

    def above(self, earlier: Mapping[str, float], name: str) -> bool:
        """True where a limit of an earlier run has been raised or lifted since."""
        now = getattr(self, name)
        return name in earlier and (now is None or now > earlier[name])
