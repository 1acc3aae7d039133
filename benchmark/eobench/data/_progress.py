"""Telling how far the preparation of a data set is, to whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preparation:
    """A moment of preparing a folder.

    Attributes:
        folder: name of the folder that is being prepared, as it will be called.
        done: units finished, those of an earlier, interrupted preparation among them.
        total: units in all.
        unit: what is counted, in the plural: `samples`.
        size: bytes of the whole, 0 where unknown.
        resumed: units that an earlier preparation had finished.
    """

    folder: str
    done: int
    total: int
    unit: str
    size: int
    resumed: int


Listener = Callable[[Preparation], object]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_folder: ContextVar[str] = ContextVar("folder", default="")


def report_progress(done: int, total: int, unit: str = "samples", *, size: int = 0, resumed: int = 0) -> None:
    """Tell how far the preparation is; nothing happens where nobody listens.

    Call it from the thread that prepares (within `prepare_folder`'s `write`), as often as you like.

    Args:
        done: units finished, those of an earlier, interrupted preparation among them.
        total: units in all.
        unit: what is counted, in the plural.
        size: bytes of the whole, where known.
        resumed: units that an earlier preparation had finished: no work of this one.
    """
    listener = _listener.get()
    if listener is not None:
        listener(Preparation(_folder.get(), done, total, unit, size, resumed))


@contextmanager
def progress_to(listener: Listener) -> Iterator[None]:
    """Within this context, and in this thread, `listener` hears what `report_progress` tells.

    Args:
        listener: called in the preparing thread; it should return at once.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def preparing(folder: str) -> Iterator[None]:
    """Within this context, what is reported is said of this folder."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)
