"""Errors that name what was wrong, where, and what to do."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class EobenchError(Exception):
    """What a user did or gave cannot be used; the message says what, where and what to do. Exit code 2."""


class DataError(EobenchError):
    """A data file is damaged, foreign or does not say what its header promises."""


class DatasetMissingError(EobenchError):
    """The data is not on this machine. The message says how to get it; cells become `skipped`, not errors."""


class UnsupportedError(EobenchError):
    """The combination cannot be (a bag larger than the split, say). Cells become `unsupported`."""


class PreparationStoppedError(EobenchError):
    """Preparing a data set was stopped from outside (a worker was killed, say); the next call goes on."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the closest allowed name, or an empty string.

    Args:
        name: what was written.
        allowed: the names that exist.
    """
    match = get_close_matches(name, [str(a) for a in allowed], n=1, cutoff=0.5)
    return f" Did you mean {match[0]!r}?" if match else ""


def unknown(what: str, name: str, allowed: Iterable[str]) -> str:
    """Return a message for an unknown name: what it is, the nearest name, and all that is allowed."""
    names = sorted(str(a) for a in allowed)
    return f"unknown {what} {name!r}.{nearest(name, names)} Allowed: {', '.join(names) or 'none'}"
