"""Listeners hear of the run in a thread of their own: no cell ever waits for them."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eobench.plugin import CellDone, Listener, ListenerCard, RunInfo

PATIENCE_SECONDS = 60.0
STOPPED_PATIENCE_SECONDS = 3.0


class Curves(Mapping[str, list[tuple[int, float]]]):
    """Curves of a cell, read from their file when first looked at."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._curves: dict[str, list[tuple[int, float]]] | None = None

    def _read(self) -> dict[str, list[tuple[int, float]]]:
        if self._curves is None:
            try:
                stored = {} if self._path is None else json.loads(self._path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                stored = {}
            self._curves = {name: [(int(s), float(v)) for s, v in points] for name, points in stored.items()}
        return self._curves

    def __getitem__(self, name: str) -> list[tuple[int, float]]:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


class ListenerThread:
    """Hands events to listeners in order; an exception is reported once a listener and stops nothing.

    Args:
        cards: of the listeners; they are imported in the thread.
        warn: called with what went wrong.
    """

    def __init__(self, cards: Iterable[ListenerCard], warn: Callable[[str], None]) -> None:
        self._cards = list(cards)
        self._warn = warn
        self._events: queue.SimpleQueue[tuple[str, tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._heard = 0
        self._complained: set[str] = set()
        self._thread = threading.Thread(target=self._serve, name="eobench-listeners", daemon=True)
        if self._cards:
            self._thread.start()

    def run_started(self, info: RunInfo) -> None:
        """Tell that a run begins."""
        self._put("run_started", info)

    def cell_started(self, cell: str, label: str) -> None:
        """Tell that a cell begins."""
        self._put("cell_started", cell, label)

    def cell_finished(self, done: CellDone) -> None:
        """Tell that a cell ended."""
        self._put("cell_finished", done)

    def finish(self, counts: Mapping[str, int], *, stopped: bool) -> None:
        """Tell that the run ended, and wait until all was heard, as long as there is progress.

        Args:
            counts: rows by status.
            stopped: True after an interrupt: wait only briefly.
        """
        if not self._cards:
            return
        self._put("run_finished", dict(counts))
        self._events.put(None)
        patience = STOPPED_PATIENCE_SECONDS if stopped else PATIENCE_SECONDS
        heard, since = self._heard, time.monotonic()
        while self._thread.is_alive():
            self._thread.join(0.05)
            if self._heard != heard:
                heard, since = self._heard, time.monotonic()
            elif time.monotonic() - since > patience:
                left = self._events.qsize()
                self._warn(
                    f"listeners are still busy with {left} events and are left behind; all rows are on disk"
                )
                return

    def _put(self, event: str, *arguments: Any) -> None:
        if self._cards:
            self._events.put((event, arguments))

    def _serve(self) -> None:
        listeners = [(card.name, made) for card in self._cards if (made := self._make(card)) is not None]
        while (event := self._events.get()) is not None:
            name, arguments = event
            for owner, listener in listeners:
                try:
                    getattr(listener, name)(*arguments)
                except Exception as error:
                    self._complain(owner, error)
            self._heard += 1

    def _make(self, card: ListenerCard) -> Listener | None:
        try:
            made: Listener = card.load_object()()
        except Exception as error:
            self._complain(card.name, error)
            return None
        return made

    def _complain(self, owner: str, error: Exception) -> None:
        if owner not in self._complained:
            self._complained.add(owner)
            self._warn(f"listener {owner!r}: {type(error).__name__}: {error} (the run goes on; said once)")
