"""How often the data is opened, how many processes start, and what is written for each cell."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.overhead._numbers import table
from bench.overhead._sides import Benchopt, Eobench, Matrix, Worlds


def count(worlds: Worlds, matrix: Matrix, jobs: Sequence[int]) -> str:
    """Return a table; a matrix twice as large takes off what is written once a run."""
    double = replace(matrix, draws=2 * matrix.draws)
    rows = []
    for workers in jobs:
        small, large = worlds.sides(matrix), worlds.sides(double)
        for one, two in zip(small, large, strict=True):
            for state in ("cold", "cached"):
                told, files, size = _one(one, workers)
                _, more, larger = _one(two, workers)
                cells = double.cells - matrix.cells
                each = [f"{(more - files) / cells:.2f}", f"{(larger - size) / cells / 1024:.2f}"]
                rows.append([one.name, state, workers, *told, *each])
        worlds.remove(small)
        worlds.remove(large)
    columns = [
        "harness",
        "after a run that was",
        "workers",
        "data array opened",
        "Python processes",
        "methods run",
    ]
    return table([*columns, "files kept per cell", "KiB kept per cell"], rows)


def _one(side: Eobench | Benchopt, jobs: int) -> tuple[list[int], int, int]:
    with tempfile.TemporaryDirectory() as folder:
        heard, note = Path(folder) / "count", Path(folder) / "note"
        done = side.run(jobs=jobs, OVERHEAD_COUNT=str(heard), OVERHEAD_NOTE=str(note))
        if done.returncode != 0:
            raise RuntimeError(f"{side.name}: {done.output[-2000:]}")
        words = Counter(line.split()[0] for line in heard.read_text().splitlines())
        ran = len(note.read_text().splitlines()) if note.exists() else 0
    files, size = _written(side.kept())
    return [words["load"], words["process"], ran], files, size


def _written(folders: Sequence[Path]) -> tuple[int, int]:
    """Return number and bytes of the files under folders (their lengths, not disk blocks)."""
    found = [p for folder in folders for p in folder.rglob("*") if p.is_file() and not p.is_symlink()]
    return len(found), sum(p.stat().st_size for p in found)
