"""Write big arrays into a sample folder: in parallel, in little memory, and again from where a kill left it.

A view says which arrays there are, cuts their rows into jobs, and gives a function that computes one job:

    def compute(payload: Payload) -> dict[str, NDArray]:          # top-level in a module: workers import it
        return {"s2.npy": ..., "s2_valid.npy": ..., "label": ...}

    def write(folder: Path) -> None:                              # what `eobench.data.prepare_folder` is given
        arrays = write_arrays(
            folder,
            [
                ArraySpec("s2.npy", (samples, dates, 12), "int16"),
                ArraySpec("s2_valid.npy", (samples, dates), "bool"),
                ArraySpec("label", (samples,), "int16", scratch=True),
            ],
            [Job(payload, {"s2.npy": (0, 500), "s2_valid.npy": (0, 500), "label": (0, 500)}), ...],
            compute,
        )
        ...                                                       # samples.parquet from arrays["label"], tables,
        ...                                                       # dataset.json last

The bytes are the same however many processes compute, in whatever order, and however often it was interrupted, as
long as `compute` is a function of its payload alone. `.resume/` in the folder holds the ledger of finished jobs
and the scratch arrays; `prepare_folder` removes it when all is written.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.data import RESUME_FOLDER, EobenchError, report_progress
from eobench_simulated._workers import Workers, workers_allowed

Array = NDArray[Any]
Rows = Mapping[str, tuple[int, int]]
Compute = Callable[[Any], Mapping[str, Array]]

LEDGER: Final = "jobs.jsonl"
_ROOM_TO_SPARE: Final = 64 * 2**20  # bytes: tables, the header, and what others write meanwhile
_WORTH_WORKERS: Final = 2.5  # seconds of work left; starting workers takes about one
_LEDGER_SECONDS: Final = 1.0  # work that a kill may cost


@dataclass(frozen=True)
class ArraySpec:
    """One array to be written.

    Attributes:
        name: its file in the folder (`s2.npy`), or any name for a scratch array.
        shape: of the whole; the first axis is the one that jobs cut.
        dtype: NumPy's name of it, stored little-endian.
        scratch: only for the writer of the rest (labels per row, say); not in the finished folder.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scratch: bool = False

    @property
    def size(self) -> int:
        """Bytes of the values."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize

    def path(self, folder: Path) -> Path:
        """Where it lies."""
        return folder / RESUME_FOLDER / f"{self.name}.npy" if self.scratch else folder / self.name


@dataclass(frozen=True)
class Job:
    """Some rows of some arrays: about half a second of work, tens of megabytes at most.

    Attributes:
        payload: what `compute` is given; it is pickled, so keep it small.
        rows: by array, the first row and the one after the last. Each row of each array belongs to one job.
    """

    payload: Any
    rows: Rows

    @property
    def samples(self) -> int:
        """Rows of the array that it gives most of, for progress."""
        return max((end - first for first, end in self.rows.values()), default=0)


def write_arrays(
    folder: Path,
    arrays: Sequence[ArraySpec],
    jobs: Sequence[Job],
    compute: Compute,
    *,
    processes: int | None = None,
    identity: str = "",
) -> dict[str, Array]:
    """Compute all jobs into the arrays of `folder`, going on from where an earlier call was interrupted.

    Work of more than a few seconds goes to worker processes, one a core, each with one thread; they die with this
    process. What is written has been reserved on disk before, so that no write can fail for room.

    Args:
        folder: there already; empty, or left by an interrupted call.
        arrays: to be written.
        jobs: in the order in which they are computed; together they cover all rows.
        compute: top-level in a module; `compute(job.payload)` gives the rows of each array in `job.rows`.
        processes: at most so many workers; None: one for each core that this process may use; 1: none.
        identity: what else the values depend on; an interrupted folder of another identity is begun anew.

    Returns:
        Each array, read-only from its file.

    Raises:
        EobenchError: the place has not the room, or a worker was killed.
        ValueError: `compute` gave something else than its job promises.
    """
    ledger = _Ledger(folder, _digest(arrays, jobs, identity), arrays)
    done = ledger.open()
    left = [index for index in range(len(jobs)) if index not in done]
    total = sum(job.samples for job in jobs)
    before = total - sum(jobs[index].samples for index in left)
    size = sum(array.size for array in arrays if not array.scratch)
    report_progress(before, total, size=size, resumed=before)
    finished = before
    try:
        for index in _computed(_Task(folder, tuple(arrays), compute), jobs, left, processes):
            ledger.add(index)
            finished += jobs[index].samples
            report_progress(finished, total, size=size, resumed=before)
    finally:
        ledger.close()
    return {array.name: np.load(array.path(folder), mmap_mode="r", allow_pickle=False) for array in arrays}


@dataclass(frozen=True)
class _Task:
    """What every job of a call shares; pickled to the workers with each job."""

    folder: Path
    arrays: tuple[ArraySpec, ...]
    compute: Compute

    def __call__(self, job: Job) -> None:
        values = self.compute(job.payload)
        if set(values) != set(job.rows):
            raise ValueError(f"a job promised {sorted(job.rows)} and gave {sorted(values)}")
        for array in self.arrays:
            if array.name in job.rows:
                self._put(array, job.rows[array.name], values[array.name])

    def _put(self, array: ArraySpec, rows: tuple[int, int], values: Array) -> None:
        first, end = rows
        wanted = (end - first, *array.shape[1:])
        if values.shape != wanted or values.dtype != np.dtype(array.dtype):
            raise ValueError(
                f"{array.name}: a job gave {values.dtype} {values.shape}; promised {array.dtype} {wanted}"
            )
        stored = np.load(array.path(self.folder), mmap_mode="r+", allow_pickle=False)
        stored[first:end] = values


def _computed(task: _Task, jobs: Sequence[Job], left: Sequence[int], processes: int | None) -> Iterable[int]:
    """Compute the jobs of the indices `left`, giving each index when its rows are written."""
    allowed = workers_allowed(task.compute, processes)
    start = monotonic()
    for count, index in enumerate(left):
        if allowed > 1 and count:
            expected = (monotonic() - start) / count * (len(left) - count)
            if expected > _WORTH_WORKERS:
                rest = left[count:]
                with Workers(min(allowed, len(rest))) as workers:
                    yield from workers.run(task, ((i, jobs[i]) for i in rest))
                return
        task(jobs[index])
        yield index


class _Ledger:
    """Which jobs are on disk. A line is written after the rows it speaks of have been brought to disk."""

    def __init__(self, folder: Path, identity: str, arrays: Sequence[ArraySpec]) -> None:
        self._folder = folder
        self._path = folder / RESUME_FOLDER / LEDGER
        self._identity = identity
        self._arrays = arrays
        self._waiting: list[int] = []
        self._written = monotonic()

    def open(self) -> set[int]:
        """Make the arrays where they are not there yet; return the jobs that are finished."""
        done = self._read()
        if done is None:
            _empty(self._folder)
            _check_room(self._folder, self._arrays)
            self._path.parent.mkdir()
            for array in self._arrays:
                _allocate(array, array.path(self._folder))
            self._append({"identity": self._identity})
        return done or set()

    def add(self, index: int) -> None:
        """Take note of a finished job; every second or so it is made durable."""
        self._waiting.append(index)
        if monotonic() - self._written > _LEDGER_SECONDS:
            self._save()

    def close(self) -> None:
        """Make durable what is noted."""
        if self._waiting:
            self._save()

    def _save(self) -> None:
        for array in self._arrays:
            _sync(array.path(self._folder))
        self._append({"jobs": self._waiting})
        self._waiting = []
        self._written = monotonic()

    def _append(self, entry: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def _read(self) -> set[int] | None:
        """Finished jobs; None where there is nothing to go on from."""
        if not self._path.is_file() or not all(array.path(self._folder).is_file() for array in self._arrays):
            return None
        whole, _, torn = self._path.read_text(encoding="utf-8").rpartition("\n")
        if torn:  # a kill cut the last line: what follows must not be glued to it
            self._path.write_text(f"{whole}\n", encoding="utf-8")
        lines = [json.loads(line) for line in whole.splitlines()]
        if not lines or lines[0].get("identity") != self._identity:
            return None
        return {index for line in lines[1:] for index in line["jobs"]}


def _digest(arrays: Sequence[ArraySpec], jobs: Sequence[Job], identity: str) -> str:
    digest = hashlib.sha256(repr((identity, tuple(arrays), len(jobs))).encode())
    for job in jobs:
        digest.update(repr(sorted(job.rows.items())).encode())
    return digest.hexdigest()


def _empty(folder: Path) -> None:
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def _check_room(folder: Path, arrays: Sequence[ArraySpec]) -> None:
    needed = sum(array.size for array in arrays) + _ROOM_TO_SPARE
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise EobenchError(
            f"{folder.parent}: no room for this data set: it needs {needed / 2**30:.1f} GiB, and "
            f"{free / 2**30:.1f} GiB are free. Free some, choose another place with EOBENCH_CACHE, or ask for "
            f"fewer samples or dates"
        )


def _allocate(array: ArraySpec, path: Path) -> None:
    """An array of zeros whose blocks are the file's own: writing to a memory map then cannot run out of room."""
    little = np.dtype(array.dtype).newbyteorder("<")
    np.lib.format.open_memmap(path, "w+", dtype=little, shape=array.shape)
    handle = os.open(path, os.O_RDWR)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, os.fstat(handle).st_size)
    except OSError as error:
        raise EobenchError(f"{path.parent}: no room for {path.name}: {error.strerror or error}") from error
    finally:
        os.close(handle)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
