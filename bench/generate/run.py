"""How fast simulated data sets are generated, and in how much memory: `python bench/generate/run.py`.

Generates `simulated-fields` in several sizes, each in a fresh process and a cache of its own that is deleted
afterwards, and prints a Markdown table. Memory is the sum over the process tree of anonymous resident memory
(`RssAnon`: pages of the memory-mapped files are the kernel's to drop), sampled twenty times a second. Processor
seconds are those of all processes: other work on the machine moves them less than the wall clock.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

GENERATE = """
import sys
from pathlib import Path
from eobench.plugin import Places, discover, make_dataset
places = Places(None, Path(sys.argv[1]))
card = discover(places, ()).datasets[sys.argv[2]]
given = {"samples": int(sys.argv[3]), "dates": int(sys.argv[4])}
print(make_dataset(card, card.resolve(given), places).folder())
"""


@dataclass(frozen=True)
class Measured:
    """One generation."""

    samples: int
    seconds: float
    processor: float
    peak: int
    size: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[50_000, 100_000, 200_000])
    parser.add_argument("--dates", type=int, default=144)
    parser.add_argument("--dataset", default="simulated-fields")
    parser.add_argument("--seconds", type=float, default=300, help="leave out a size expected to take longer")
    arguments = parser.parse_args()
    done: list[Measured] = []
    for samples in arguments.sizes:
        expected = samples * done[-1].seconds / done[-1].samples if done else 0.0
        if expected > arguments.seconds:
            print(f"{samples:,} samples left out: expected to take {expected:.0f} s", file=sys.stderr)
            continue
        done.append(measure(arguments.dataset, samples, arguments.dates))
        print(f"{samples:,}: {done[-1].seconds:.1f} s", file=sys.stderr)
    cores = len(os.sched_getaffinity(0))
    print(f"`{arguments.dataset}`, {arguments.dates} dates, {cores} cores, Python {platform.python_version()}\n")
    print("| samples | size, GiB | seconds | processor seconds | of a million | peak anonymous memory, MiB |")
    print("|---:|---:|---:|---:|---:|---:|")
    for m in done:
        cells = [f"{m.samples:,}", f"{m.size / 2**30:.2f}", f"{m.seconds:.1f}", f"{m.processor:.1f}"]
        cells += [f"{m.processor / m.samples * 1e6:.0f}", f"{m.peak / 2**20:,.0f}"]
        print("|", " | ".join(cells), "|")


def measure(dataset: str, samples: int, dates: int) -> Measured:
    """Generate once."""
    cache = Path(tempfile.mkdtemp(prefix="eobench-bench-"))
    try:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [sys.executable, "-c", GENERATE, str(cache), dataset, str(samples), str(dates)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            peak = 0
            while process.poll() is None:
                peak = max(peak, sum(anonymous(pid) for pid in tree(process.pid)))
                time.sleep(0.05)
        seconds = time.perf_counter() - start
        if process.returncode:
            raise SystemExit(process.returncode)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        size = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file())
        return Measured(samples, seconds, processor, peak, size)
    finally:
        shutil.rmtree(cache)


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    found = [root]
    for process in found:
        found.extend(children(process))
    return found


def children(process: int) -> Iterable[int]:
    """The processes that a process has started."""
    try:
        for thread in Path(f"/proc/{process}/task").iterdir():
            yield from map(int, (thread / "children").read_text().split())
    except OSError:
        return


def anonymous(process: int) -> int:
    """Bytes of anonymous resident memory."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


if __name__ == "__main__":
    main()
