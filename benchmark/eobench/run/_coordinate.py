"""The coordinator's loop: submit what is ready, take what comes, write each row at once."""

from __future__ import annotations

import contextlib
import queue
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from eobench.plugin import CellDone
from eobench.results import Entry, Journal
from eobench.run._interrupt import Interrupt
from eobench.run._limits import Limits
from eobench.run._listen import Curves, ListenerThread
from eobench.run._outcome import ATTEMPTS, Outcome, outcome_of
from eobench.run._pool import WorkerPool
from eobench.run._progress import Progress, Tracker
from eobench.run._rows import row_from_cell
from eobench.run._stages import Plan
from eobench.run._worker import OUTPUT_IN_ROW
from eobench.tasks import Cell

TICK_SECONDS = 0.25
Work = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_Event = tuple[str, str, Future[Any] | None]


class Coordinator:
    """Runs the cells of a plan on an executor.

    Args:
        plan: cells and stages.
        todo: cells to run, by key, in the order of the plan.
        executor: where they run.
        jobs: makes the job of a cell or of a stage.
        work: what a worker does with a cell's job, and with a stage's.
        cached: True for a stage's key where its checkpoint is there.
        journal: rows go here, synced, as they come.
        folder: of the run.
        limits: of one cell.
        listeners: hear of it.
        tracker: counts.
        progress: called with the numbers, a few times a second.
    """

    def __init__(
        self,
        plan: Plan,
        todo: Mapping[str, Cell],
        executor: Executor,
        *,
        jobs: Callable[[Cell, str | None], Mapping[str, Any]],
        work: tuple[Work, Work],
        cached: Callable[[str], bool],
        journal: Journal,
        folder: Path,
        limits: Limits,
        listeners: ListenerThread,
        tracker: Tracker,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._plan, self._todo, self._executor = plan, todo, executor
        self._jobs, self._work, self._stage_cached = jobs, work, cached
        self._journal, self._folder, self._limits = journal, folder, limits
        self._listeners, self._tracker, self._progress = listeners, tracker, progress
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._futures: dict[str, Future[Any]] = {}
        self._waiting: dict[str, list[str]] = {}
        self._attempts: Counter[str] = Counter()
        self._cancelled = False
        self.entries: dict[str, Entry] = {}

    def run(self, interrupt: Interrupt) -> None:
        """Return when every cell has its row, or when an interrupt has ended the run."""
        for key in self._order():
            stage = self._plan.needs.get(key)
            if stage is None or self._stage_cached(stage):
                self._submit_cell(key)
            elif stage in self._waiting:
                self._waiting[stage].append(key)
            else:
                self._waiting[stage] = [key]
                self._submit_stage(stage)
        self._show(interrupt)
        while self._futures:
            events = self._next_events()
            if interrupt.stopping:
                self._cancel()
            if interrupt.now and isinstance(self._executor, WorkerPool):
                self._executor.kill()
            elif interrupt.now:
                break
            self._take(events)
            self._show(interrupt)

    def _order(self) -> list[str]:
        """Plan order, cells of one data set and of one view side by side."""
        rank: dict[str, int] = {}
        for cell in self._todo.values():
            for name in (_folder_of(cell), _affinity(cell)):
                rank.setdefault(name, len(rank))
        return sorted(self._todo, key=lambda k: (rank[_folder_of(self._todo[k])], rank[_affinity(self._todo[k])]))

    def _submit_cell(self, key: str) -> None:
        cell = self._todo[key]
        self._submit(key, self._work[0], self._jobs(cell, self._plan.needs.get(key)), cell)

    def _submit_stage(self, key: str) -> None:
        cell = self._plan.stages[key].cell
        self._submit(key, self._work[1], self._jobs(cell, None), cell)

    def _submit(self, key: str, work: Work, job: Mapping[str, Any], cell: Cell) -> None:
        self._attempts[key] += 1
        if isinstance(self._executor, WorkerPool):
            future = self._executor.submit_limited(
                work,
                job,
                seconds=self._limits.seconds,
                memory=self._limits.memory,
                affinity=_affinity(cell),
                on_start=lambda: self._events.put(("started", key, None)),
            )
        else:
            future = self._executor.submit(work, job)
        self._futures[key] = future
        future.add_done_callback(lambda done: self._events.put(("done", key, done)))

    def _next_events(self) -> list[_Event]:
        """Wait for one event, take all that are there: their rows share one write to the disk."""
        events: list[_Event] = []
        with contextlib.suppress(queue.Empty):
            events.append(self._events.get(timeout=TICK_SECONDS))
            while True:
                events.append(self._events.get_nowait())
        return events

    def _take(self, events: list[_Event]) -> None:
        finished: list[Entry] = []
        for kind, key, future in events:
            if kind == "started":
                self._started(key)
                continue
            assert future is not None  # noqa: S101
            self._futures.pop(key, None)
            outcome = outcome_of(future)
            if self._again(key, outcome):
                continue
            if key in self._plan.stages:
                finished += self._stage_done(key, outcome)
            elif (entry := self._cell_done(key, outcome)) is not None:
                finished.append(entry)
        self._journal.append(finished)
        for entry in finished:
            self._finished(entry)

    def _started(self, key: str) -> None:
        if key in self._plan.stages:
            stage = self._plan.stages[key]
            self._tracker.started(key, stage.label, "")
            return
        cell = self._todo[key]
        self._tracker.started(key, cell.label, cell.method_label)
        self._listeners.cell_started(key, cell.label)

    def _again(self, key: str, outcome: Outcome) -> bool:
        """Begin once more what the environment failed; a method that failed would fail again."""
        if outcome.cause != "environment" or self._cancelled or self._attempts[key] >= ATTEMPTS:
            return False
        self._tracker.ended(key)
        if key in self._plan.stages:
            self._submit_stage(key)
        else:
            self._submit_cell(key)
        return True

    def _stage_done(self, key: str, outcome: Outcome) -> list[Entry]:
        self._tracker.ended(key)
        waiting = self._waiting.pop(key)
        if outcome.status == "not-run":
            return []
        if outcome.status == "ok":
            if not self._cancelled:
                for cell in waiting:
                    self._submit_cell(cell)
            return []
        told = replace(outcome, reason=f"pre-training: {outcome.reason}")
        return [self._failure(self._todo[c], told, self._attempts[key]) for c in waiting]

    def _cell_done(self, key: str, outcome: Outcome) -> Entry | None:
        cell = self._todo[key]
        if outcome.status == "not-run":
            self._tracker.ended(key)
            return None
        if outcome.answer is None:
            return self._failure(cell, outcome, self._attempts[key])
        row = {**outcome.answer["row"], "attempts": self._attempts[key]}
        return self._entry(cell, row, outcome.answer.get("curves"))

    def _failure(self, cell: Cell, outcome: Outcome, attempts: int) -> Entry:
        """A row for a cell whose worker could not write one."""
        status, reason, output = outcome.status, outcome.reason, outcome.output
        write_failure(self._folder, cell.key, f"{cell.label}\n{status}: {reason}\n\n{output}")
        told = {"status": status, "reason": reason, "cause": outcome.cause, "attempts": attempts}
        told["output"] = output[-OUTPUT_IN_ROW:] or None
        return self._entry(cell, row_from_cell(cell) | told, None)

    def _entry(self, cell: Cell, row: Mapping[str, Any], curves: str | None) -> Entry:
        return Entry(row, curves, self._limits.as_dict(), cell.identity)

    def _finished(self, entry: Entry) -> None:
        key, row = entry.key, entry.row
        self.entries[key] = entry
        self._tracker.finished(key, self._todo[key].method_label, str(row["status"]))
        self._listeners.cell_finished(cell_done(self._folder, entry, cached=False))

    def _cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            for future in list(self._futures.values()):
                future.cancel()

    def _show(self, interrupt: Interrupt) -> None:
        if self._progress is not None:
            self._progress(self._tracker.snapshot(interrupt.stopping))


def cell_done(folder: Path, entry: Entry, *, cached: bool) -> CellDone:
    """Return what listeners are told of a finished cell."""
    artifacts = entry.row.get("artifacts")
    return CellDone(
        row=entry.row,
        curves=Curves(None if entry.curves is None else folder / entry.curves),
        artifacts=None if artifacts is None else folder / str(artifacts),
        cached=cached,
    )


def write_failure(folder: Path, key: str, text: str) -> None:
    """Keep the traceback or the last output of a failed cell; a full disk must not make it worse."""
    with contextlib.suppress(OSError):
        (folder / "failures").mkdir(parents=True, exist_ok=True)
        (folder / "failures" / f"{key}.txt").write_text(text, encoding="utf-8")


def _folder_of(cell: Cell) -> str:
    return cell.dataset.label


def _affinity(cell: Cell) -> str:
    """Cells that share it share a view, so one worker builds it once."""
    return f"{cell.dataset.label} {cell.supervision} {cell.knobs} {cell.seed}"
