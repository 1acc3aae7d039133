"""How fast random batches come from a large store: eobench beside a DataLoader and beside NumPy in memory.

    python bench/data/run.py [--rows 5000000] [--rounds 9] [--folder FOLDER] [--cold]

Writes a store of series (36 dates x 10 bands, int16; 3.6 GB by default) into a temporary folder, draws random
batches of 2,048 rows from it in several ways, in turns (round by round, each way a few batches), and prints a
table: batches a second, and the ratio to each reference within the same round. `--cold` also times the first
batches after the store was dropped from the page cache (Linux, no rights needed): all of them, the first one too,
since that one pays for most of the disk. One process, one thread, but for the DataLoader's workers.
"""

from __future__ import annotations

import argparse
import ctypes
import mmap
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Sampler

from eobench.data import Inputs, ModalityArray, ModalityInfo

STEPS, BANDS, BATCH, SCALE = 36, 10, 2_048, 1e-4
Way = Callable[[NDArray[np.int64]], object]
CONVERTED = "a batch as methods take it: float32, scaled, channels first"
RAW = "stored values only: int16, as they lie"


class Single(Dataset[torch.Tensor]):
    """What a user of torch writes: one sample at a time from the memory map, scaled, channels first."""

    def __init__(self, store: Path, *, raw: bool) -> None:
        self.values = np.load(store, mmap_mode="r")
        self.raw = raw

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, row: int) -> torch.Tensor:
        if self.raw:
            return torch.from_numpy(np.array(self.values[row]))
        return torch.from_numpy(self.values[row].astype(np.float32) * np.float32(SCALE)).T


class Given(Sampler[list[int]]):
    """Batches of given rows, so that every way reads as many random rows."""

    def __init__(self, rows: list[NDArray[np.int64]]) -> None:
        self.rows = rows

    def __iter__(self):
        return iter([r.tolist() for r in self.rows])

    def __len__(self) -> int:
        return len(self.rows)


def make_store(folder: Path, rows: int) -> Path:
    """Write the store in blocks, bypassing nothing: what is read later lies in the page cache where it fits."""
    need, free = rows * STEPS * BANDS * 2, shutil.disk_usage(folder).free
    if free < 1.2 * need:
        size = f"{free / 1e9:.1f} GB free, {need / 1e9:.1f} GB needed"
        sys.exit(f"{folder}: {size}: choose another --folder or fewer --rows")
    path = folder / "s2.npy"
    store = np.lib.format.open_memmap(path, mode="w+", dtype=np.int16, shape=(rows, STEPS, BANDS))
    block = np.random.default_rng(0).integers(0, 10_000, (50_000, STEPS, BANDS), dtype=np.int16)
    for start in range(0, rows, len(block)):
        store[start : start + len(block)] = block[: rows - start]
    store.flush()
    return path


def drop(path: Path) -> None:
    """Drop a file from the page cache: nothing of it may be mapped."""
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)


def resident(path: Path) -> float:
    """Return the share of a file's pages that lie in the page cache."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    size = path.stat().st_size
    pages = -(-size // mmap.PAGESIZE)
    states = ctypes.create_string_buffer(pages)
    handle = os.open(path, os.O_RDONLY)
    place = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, handle, 0)
    try:
        if libc.mincore(place, size, states):
            raise OSError(ctypes.get_errno(), "mincore")
    finally:
        libc.munmap(place, size)
        os.close(handle)
    return float((np.frombuffer(states.raw, np.uint8)[:pages] & 1).mean())


def inputs_of(path: Path) -> Inputs:
    """The store as a data set's inputs, memory-mapped."""
    values = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    info = ModalityInfo("s2", "series", (STEPS, BANDS), tuple(f"B{k}" for k in range(BANDS)), SCALE)
    return Inputs.of(ModalityArray(info, values, None, np.arange(STEPS, dtype=np.int16)))


def converted(values: NDArray[np.int16]) -> NDArray[np.float32]:
    """What a user writes to turn stored values into a batch."""
    return np.ascontiguousarray((values.astype(np.float32) * np.float32(SCALE)).transpose(0, 2, 1))


def ways(path: Path, memory: NDArray[np.int16]) -> dict[str, tuple[str, Way, int]]:
    """Each way: what it gives, the call for one batch, and how many batches make one turn."""
    inputs = inputs_of(path)
    stored = inputs.modalities[0]
    return {
        "eobench Inputs.batch, memory map": (CONVERTED, inputs.batch, 30),
        "np.take in memory + conversion": (CONVERTED, lambda rows: converted(np.take(memory, rows, axis=0)), 30),
        "eobench ModalityArray.take, memory map": (RAW, stored.take, 60),
        "np.take in memory": (RAW, lambda rows: np.take(memory, rows, axis=0), 60),
        "memory map [rows]": (RAW, lambda rows: stored.values[rows], 60),
    }


def loader_rate(path: Path, workers: int, rows: list[NDArray[np.int64]], *, raw: bool) -> float:
    """Warm batches a second of a DataLoader over single samples, without the start of its workers.

    The first batches are not timed, so this is no measure of a cold store: `cold` times them all.
    """
    loader = DataLoader(Single(path, raw=raw), batch_sampler=Given(rows), num_workers=workers)
    batches = iter(loader)
    for _ in range(1 + workers):
        next(batches)
    start, count = time.perf_counter(), 0
    for _ in batches:
        count += 1
    return count / (time.perf_counter() - start)


def rate(way: Way, rows: list[NDArray[np.int64]]) -> float:
    """Batches a second of one way."""
    start = time.perf_counter()
    for batch in rows:
        way(batch)
    return len(rows) / (time.perf_counter() - start)


def drawn(generator: np.random.Generator, rows: int, count: int) -> list[NDArray[np.int64]]:
    """Rows of so many random batches."""
    return [generator.integers(0, rows, BATCH) for _ in range(count)]


def settle() -> None:
    """Let glibc keep the memory of freed batches, for every way alike.

    In a fresh process it hands each freed batch back to the system, and ways with several temporary arrays spend
    most of their time on page faults; after larger arrays were freed it no longer does. That state is the best one
    for the references, so it is the one that is measured.
    """
    kept = [np.ones(30 << 18, np.float32) for _ in range(3)]
    del kept


def measure(path: Path, rows: int, rounds: int) -> tuple[dict[str, str], dict[str, list[float]]]:
    """Batches a second of every way in every round, and what each way gives."""
    generator = np.random.default_rng(1)
    memory = np.load(path, allow_pickle=False)
    settle()
    every = ways(path, memory)
    kinds = {name: kind for name, (kind, _, _) in every.items()}
    found: dict[str, list[float]] = {name: [] for name in every}
    for kind, raw in ((CONVERTED, False), (RAW, True)):
        for workers in (0, 2):
            name = f"DataLoader, {workers} workers{', int16' if raw else ''}"
            kinds[name], found[name] = kind, []
    for number in range(rounds + 1):  # the first round maps pages and warms up; it is not counted
        for name, (_, way, count) in every.items():
            value = rate(way, drawn(generator, rows, count))
            found[name] += [value] if number else []
        for raw in (False, True):
            for workers in (0, 2):
                value = loader_rate(path, workers, drawn(generator, rows, 6 + 2 * workers), raw=raw)
                found[f"DataLoader, {workers} workers{', int16' if raw else ''}"] += [value] if number else []
        print(f"round {number} of {rounds}", file=sys.stderr)
    return kinds, found


def cold(path: Path, rows: int, batches: int = 5, rounds: int = 3) -> dict[str, list[tuple[float, float]]]:
    """Seconds of the first batch, and of all of them, after the store left the page cache; the order rotates."""

    def ours(given: list[NDArray[np.int64]]) -> Iterator[object]:
        inputs = inputs_of(path)
        return (inputs.batch(r) for r in given)

    def plain(given: list[NDArray[np.int64]]) -> Iterator[object]:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        return (converted(np.array(values[r])) for r in given)

    def loader(given: list[NDArray[np.int64]]) -> Iterator[object]:
        return iter(DataLoader(Single(path, raw=False), batch_sampler=Given(given), num_workers=0))

    every = {
        "eobench Inputs.batch": ours,
        "memory map [rows] + conversion": plain,
        "DataLoader, 0 workers": loader,
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in every}
    generator = np.random.default_rng(2)
    for number in range(rounds):
        names = list(every)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            given = drawn(generator, rows, batches)
            drop(path)
            if (left := resident(path)) > 0.01:
                sys.exit(
                    f"{path}: {100 * left:.0f} % is still in the page cache: nothing cold can be measured here"
                )
            start, first = time.perf_counter(), 0.0
            for _ in every[name](given):
                first = first or time.perf_counter() - start
            found[name].append((first, time.perf_counter() - start))
    return found


def cold_table(found: dict[str, list[tuple[float, float]]], batches: int = 5) -> list[str]:
    """Markdown: median seconds of the first batch and of all."""
    lines = [f"| way | first batch, s | all {batches} batches, s |", "|---|---|---|"]
    for name, times in found.items():
        first, whole = (statistics.median(t[k] for t in times) for k in (0, 1))
        lines.append(f"| {name} | {first:.2f} | {whole:.2f} |")
    return lines


def table(kinds: dict[str, str], found: dict[str, list[float]]) -> list[str]:
    """Markdown: median batches a second, and medians of the ratios taken round by round."""
    lines = []
    head = "| way | batches/s | of np.take in memory | times the DataLoader (0, 2 workers) |"
    for kind, suffix in ((CONVERTED, ""), (RAW, ", int16")):
        reference = "np.take in memory" + ("" if suffix else " + conversion")
        others = [reference, *(f"DataLoader, {w} workers{suffix}" for w in (0, 2))]
        lines += ["", f"**{kind}**", "", head, "|---|---|---|---|"]
        for name in (n for n, k in kinds.items() if k == kind):
            over = [ratio(found[name], found[other]) for other in others]
            speed = statistics.median(found[name])
            lines.append(f"| {name} | {speed:,.0f} | {over[0]:.2f} | {over[1]:.1f}, {over[2]:.1f} |")
    lines += ["", "Ratios of eobench, lowest to highest of the rounds:"]
    for ours, others in (
        ("eobench Inputs.batch, memory map", ("np.take in memory + conversion", "DataLoader, 0 workers")),
        ("eobench ModalityArray.take, memory map", ("np.take in memory", "DataLoader, 0 workers, int16")),
    ):
        for other in others:
            every = [a / b for a, b in zip(found[ours], found[other], strict=True)]
            lines.append(f"- {ours} / {other}: {min(every):.2f} to {max(every):.2f}")
    return lines


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Median of the ratios, round by round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def main() -> None:
    """Make the store, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=Path, default=None, help="where the store is written for the time being")
    parser.add_argument("--cold", action="store_true", help="also the first batches from disk")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        path = make_store(Path(folder), given.rows)
        size = path.stat().st_size / 1e9
        what = f"{given.rows:,} series of {STEPS} x {BANDS} int16; batches of {BATCH:,} random rows"
        where = f"numpy {np.__version__}, torch {torch.__version__}, {os.cpu_count()} cores"
        print(f"Store of {size:.1f} GB, {what}; {where}.")
        if given.cold:
            print("\nCold: after the store left the page cache. Medians of 3, the order rotating.\n")
            print("\n".join(cold_table(cold(path, given.rows))))
        kinds, found = measure(path, given.rows, given.rounds)
        print(f"\nWarm: the store lies in the page cache. Medians of {given.rounds} rounds.")
        print("\n".join(table(kinds, found)))


if __name__ == "__main__":
    main()
