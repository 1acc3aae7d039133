"""How far a run is: numbers for a live table."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from eobench.results import FAILURES


@dataclass(frozen=True, slots=True)
class Progress:
    """A run at one moment.

    Attributes:
        total: cells of the plan.
        cached: of them, finished in an earlier run (or known without running).
        done: finished, cached ones included.
        counts: finished cells by status.
        running: (readable name, seconds since it began) of what the workers do now, longest first.
        eta_seconds: estimated time left, from the mean durations of each method so far; None: nothing to go by.
        elapsed_seconds: since the run began.
        stopping: True after Ctrl-C: cells in flight are finished, no more are begun.
    """

    total: int
    cached: int
    done: int
    counts: Mapping[str, int] = field(default_factory=dict)
    running: tuple[tuple[str, float], ...] = ()
    eta_seconds: float | None = None
    elapsed_seconds: float = 0.0
    stopping: bool = False

    @property
    def failed(self) -> int:
        """Cells that failed, ran out of time or of memory."""
        return sum(self.counts.get(s, 0) for s in FAILURES)


class Tracker:
    """Counts what happens and estimates what is left.

    Args:
        total: cells of the plan.
        counts: statuses of cells that need not run.
        waiting: number of cells to run, by method.
        jobs: how many run at once.
    """

    def __init__(self, total: int, counts: Mapping[str, int], waiting: Mapping[str, int], jobs: int) -> None:
        self.total = total
        self.cached = sum(counts.values())
        self.counts = Counter(counts)
        self._waiting = Counter(waiting)
        self._jobs = jobs
        self._began = time.monotonic()
        self._running: dict[str, tuple[str, str, float]] = {}
        self._spent: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()

    def started(self, key: str, label: str, method: str) -> None:
        """A worker took a cell or a stage."""
        self._running[key] = (label, method, time.monotonic())

    def ended(self, key: str) -> float | None:
        """A worker is done with it; return for how many seconds it ran, where its start was seen."""
        run = self._running.pop(key, None)
        return None if run is None else time.monotonic() - run[2]

    def finished(self, key: str, method: str, status: str) -> None:
        """A cell has its row."""
        seconds = self.ended(key)
        self.counts[status] += 1
        self._waiting[method] -= 1
        if seconds is not None:
            self._spent[method] += seconds  # type: ignore[assignment]  # a Counter of seconds
            self._seen[method] += 1

    def snapshot(self, stopping: bool = False) -> Progress:
        """Return the progress now."""
        now = time.monotonic()
        running = sorted(((label, now - began) for label, _, began in self._running.values()), key=lambda r: -r[1])
        return Progress(
            total=self.total,
            cached=self.cached,
            done=sum(self.counts.values()),
            counts=dict(self.counts),
            running=tuple(running),
            eta_seconds=self._left(now),
            elapsed_seconds=now - self._began,
            stopping=stopping,
        )

    def _left(self, now: float) -> float | None:
        seen = sum(self._seen.values())
        if not seen:
            return None
        overall = sum(self._spent.values()) / seen
        mean = {m: self._spent[m] / self._seen[m] for m in self._seen}
        work = sum(n * mean.get(m, overall) for m, n in self._waiting.items() if n > 0)
        for _, method, began in self._running.values():  # what runs already has part of its time behind it
            work -= min(now - began, mean.get(method, overall))
        return max(0.0, work) / max(1, min(self._jobs, sum(self._waiting.values())))
