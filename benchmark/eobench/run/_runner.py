"""`run`: what is missing is run, every finished row is on disk at once, and all rows are returned."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eobench.data import EobenchError, unknown
from eobench.plugin import Places, Registry, RunInfo
from eobench.results import STATUSES, Entry, Journal, RunLock, merge_rows, write_plan
from eobench.run._cell import run_cell, run_stage
from eobench.run._coordinate import Coordinator, Work, cell_done
from eobench.run._interrupt import Interrupt
from eobench.run._limits import Limits
from eobench.run._listen import ListenerThread
from eobench.run._machine import check_device
from eobench.run._missing import missing_because
from eobench.run._pool import WorkerPool
from eobench.run._progress import Progress, Tracker
from eobench.run._rows import row_from_cell
from eobench.run._stages import Plan, make_plan, stage_path
from eobench.tasks import Cell


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A run that ended.

    Attributes:
        rows: one a cell of the plan, in its order; cells that were not run say `not-run`.
        counts: rows by status.
        interrupted: True after Ctrl-C or SIGTERM.
        folder: of the run's state.
    """

    rows: Sequence[Mapping[str, Any]]
    counts: Mapping[str, int]
    interrupted: bool
    folder: Path


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run; nothing of it changes the numbers.

    Attributes:
        jobs: cells at once; None: one a core.
        executor: name of its card.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        only: statuses: run again the cells that ended so, and no others (`not-run`: those that never ran).
        limits: of one cell.
        plugins: `--plugin` modules, which workers must load too.
        entry_points: False leaves installed plugins out of the workers (tests).
        listeners: False tells no listener.
    """

    jobs: int | None = None
    executor: str = "pool"
    device: str = "auto"
    only: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    plugins: tuple[str, ...] = ()
    entry_points: bool = True
    listeners: bool = True


def run_folder(places: Places, name: str) -> Path:
    """Return where the state of a run lies."""
    return places.cache / "runs" / name


def run(
    cells: Sequence[Cell],
    registry: Registry,
    places: Places,
    name: str,
    options: RunOptions | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    warn: Callable[[str], None] | None = None,
    settled: Callable[[RunOutcome], None] | None = None,
    work: tuple[Work, Work] | None = None,
) -> RunOutcome:
    """Run the cells that have no row yet. This process imports no torch and opens no array.

    Args:
        cells: of the plan, in its order.
        registry: cards.
        places: where data and cache lie.
        name: of the run: its state lies under `<cache>/runs/<name>`.
        options: how to run.
        progress: called a few times a second, in this thread.
        warn: called with what goes wrong beside the cells, from any thread; None: stderr.
        settled: called with the outcome while listeners still work off what they were told.
        work: what workers do with a cell and with a stage (tests); None: `run_cell` and `run_stage`.

    Raises:
        RunLockedError: another process coordinates this run.
        EobenchError: the cache cannot be written, or an option is unknown.
    """
    chosen = options or RunOptions()
    _check(chosen, registry)
    say = warn or (lambda text: print(f"warning: {text}", file=sys.stderr))
    folder = run_folder(places, name)
    plan = make_plan(cells, registry)
    with RunLock(folder), closing(Journal(folder / "journal.jsonl")) as journal:
        entries = journal.read()
        identities = [row_from_cell(cell) for cell in plan.cells]
        write_plan(folder, identities)
        entries |= _record_known(plan, entries, journal)
        todo = {c.key: c for c in plan.cells if _is_missing(c, entries.get(c.key), chosen)}
        listeners = ListenerThread(registry.listeners.values() if chosen.listeners else (), say)
        cached = [r for r in merge_rows(identities, entries) if r["cell"] not in todo and r["status"] != "not-run"]
        listeners.run_started(RunInfo(name, folder, len(plan.cells), len(cached), places))
        _tell_cached(listeners, folder, cached, entries)
        tracker, interrupted = _tracker(plan, cached, todo, chosen), False
        if not todo and progress is not None:
            progress(tracker.snapshot())
        if todo:
            session = _Session(plan, todo, registry, places, folder, chosen, journal, listeners, tracker)
            new, interrupted = session.run(progress, work)
            entries |= new
        rows = merge_rows(identities, entries)
        counts = dict(Counter(str(r["status"]) for r in rows))
        outcome = RunOutcome(rows, counts, interrupted, folder)
        try:
            if settled is not None:
                settled(outcome)
        finally:
            listeners.finish(counts, stopped=interrupted)
        return outcome


@dataclass(frozen=True, slots=True)
class _Session:
    """The part of a run in which cells run."""

    plan: Plan
    todo: Mapping[str, Cell]
    registry: Registry
    places: Places
    folder: Path
    options: RunOptions
    journal: Journal
    listeners: ListenerThread
    tracker: Tracker

    def run(
        self, progress: Callable[[Progress], None] | None, work: tuple[Work, Work] | None
    ) -> tuple[dict[str, Entry], bool]:
        card = self.registry.executors[self.options.executor]
        with Interrupt() as interrupt:
            executor: Executor = card.load_object()(_jobs(self.options))
            try:
                coordinator = Coordinator(
                    self.plan,
                    self.todo,
                    executor,
                    jobs=self._job,
                    work=work or (run_cell, run_stage),
                    cached=lambda key: stage_path(self.places, key).exists(),
                    journal=self.journal,
                    folder=self.folder,
                    limits=self.options.limits,
                    listeners=self.listeners,
                    tracker=self.tracker,
                    progress=progress,
                )
                coordinator.run(interrupt)
            except BaseException:
                if isinstance(executor, WorkerPool):
                    executor.kill()
                raise
            finally:
                executor.shutdown(wait=not interrupt.now, cancel_futures=True)
            return coordinator.entries, interrupt.stopping

    def _job(self, cell: Cell, stage: str | None) -> Mapping[str, Any]:
        """What a worker is told; all plain values."""
        data = self.places.data
        return {
            "cell": cell.to_json(),
            "stage": stage,
            "places": {"data": None if data is None else str(data), "cache": str(self.places.cache)},
            "plugins": list(self.options.plugins),
            "entry_points": self.options.entry_points,
            "folder": str(self.folder),
            "device": self.options.device,
        }


def _check(options: RunOptions, registry: Registry) -> None:
    """Raises EobenchError before anything is written."""
    for status in options.only:
        if status not in STATUSES:
            raise EobenchError(unknown("status", status, STATUSES))
    if options.jobs is not None and options.jobs < 1:
        raise EobenchError(f"jobs is {options.jobs}; allowed: 1 or more")
    registry.executors[options.executor]
    check_device(options.device)


def _jobs(options: RunOptions) -> int:
    return options.jobs or len(os.sched_getaffinity(0))


def _is_missing(cell: Cell, entry: Entry | None, options: RunOptions) -> bool:
    """True where a cell is to run."""
    if cell.status != "planned":
        return False
    if options.only:
        return ("not-run" if entry is None else str(entry.row["status"])) in options.only
    return missing_because(cell, entry, options.limits) is not None


def _tell_cached(
    listeners: ListenerThread, folder: Path, rows: Sequence[Mapping[str, Any]], entries: Mapping[str, Entry]
) -> None:
    for row in rows:
        entry = Entry(row, entries[row["cell"]].curves)
        listeners.cell_finished(cell_done(folder, entry, cached=True))


def _record_known(plan: Plan, entries: Mapping[str, Entry], journal: Journal) -> dict[str, Entry]:
    """Write a row for each cell that planning has settled (`unsupported`, `skipped`), unless it is there."""
    known = {}
    for cell in plan.cells:
        if cell.status == "planned":
            continue
        earlier = entries.get(cell.key)
        if earlier is None or (earlier.row.get("status"), earlier.row.get("reason")) != (cell.status, cell.reason):
            known[cell.key] = Entry(row_from_cell(cell))
    journal.append(known.values())
    return known


def _tracker(
    plan: Plan, cached: Sequence[Mapping[str, Any]], todo: Mapping[str, Cell], options: RunOptions
) -> Tracker:
    waiting = Counter(c.method_label for c in todo.values())
    statuses = Counter(str(r["status"]) for r in cached)
    return Tracker(len(plan.cells), statuses, waiting, _jobs(options))
