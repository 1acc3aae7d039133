"""A tracked run beside MLflow's own client that logs the same rows; and whether cells wait for tracking."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.overhead._numbers import spread, table
from bench.overhead._sides import PATIENCE_SECONDS, Eobench, Matrix, Worlds, call

from eobench.results import Journal
from eobench.tracking._content import content

CLIENT = Path(__file__).parent / "_client.py"
VARIANTS = {
    "same": "its client, in batches: the same runs, parameters, numbers, tags, tables and figures",
    "numbers": "its client, in batches: the same runs, parameters, numbers and tags only",
    "fluent": "its fluent API (`start_run`, `log_params`, `log_metrics`): as `numbers`",
}


def tracking(worlds: Worlds, matrices: Sequence[Matrix], repeats: int, say: Callable[[str], None]) -> str:
    """Measure runs without and with tracking, and MLflow alone, in turn."""
    seconds: dict[tuple[int, str], list[float]] = {}
    spans: dict[tuple[int, str], list[float]] = {}
    counts: dict[int, str] = {}
    _one(worlds, Matrix(1, 1))  # compiles MLflow's modules, which no repeat shall pay for
    for repeat in range(repeats):
        for matrix in matrices:
            one = _one(worlds, matrix)
            counts[matrix.cells] = one.pop("counts")
            for name, (took, span) in one.items():
                seconds.setdefault((matrix.cells, name), []).append(took)
                spans.setdefault((matrix.cells, name), []).append(span)
            say(
                f"tracking {matrix.cells} cells, {repeat}: "
                + ", ".join(f"{k} {v[0]:.2f} s" for k, v in one.items())
            )
    return _report(matrices, seconds, spans, counts)


def _one(worlds: Worlds, matrix: Matrix) -> dict[str, Any]:
    """Return seconds of each variant and, of runs, the span in which their cells ran."""
    found: dict[str, Any] = {}
    for name, on in (("off", False), ("on", True)):
        (side, *rest) = worlds.sides(matrix)
        assert isinstance(side, Eobench)
        note = side.root / "note.txt"
        done = side.run(tracking=on, OVERHEAD_NOTE=str(note))
        if done.returncode != 0:
            raise RuntimeError(done.output[-2000:])
        times = [float(line.split()[1]) for line in note.read_text().splitlines()]
        found[name] = (done.seconds, max(times) - min(times))
        if on:
            found["counts"] = _check(side, matrix)
        else:
            rows = _rows(side, side.root / "rows.json")
            for variant in VARIANTS:
                found[variant] = (_client(side, rows, variant), 0.0)
        worlds.remove([side, *rest])
    return found


def _rows(side: Eobench, path: Path) -> Path:
    """Write what the listener would send, for a client that knows no eobench."""
    told = [content(entry.row) for entry in Journal(side.journal).read().values()]
    names = ("name", "params", "metrics", "tags", "tables", "classes", "start", "seconds")
    path.write_text(json.dumps([{name: getattr(one, name) for name in names} for one in told]))
    return path


def _client(side: Eobench, rows: Path, variant: str) -> float:
    folder = side.root / f"mlflow-{variant}"
    folder.mkdir()
    command = [sys.executable, str(CLIENT), str(rows), str(folder), variant]
    done = call(command, folder, side.environment(), PATIENCE_SECONDS)
    if done.returncode != 0:
        raise RuntimeError(done.output[-2000:])
    return done.seconds


def _check(side: Eobench, matrix: Matrix) -> str:
    """Count what the listener stored, so that the same is compared with the same."""
    import sqlite3

    with sqlite3.connect(side.root / "cache" / "mlflow.db") as database:
        numbers = [
            database.execute(f"select count(*) from {t}").fetchone()[0] for t in ("runs", "params", "metrics")
        ]
    if numbers[0] != matrix.cells + 1:
        raise RuntimeError(f"{numbers[0]} runs were tracked, not {matrix.cells} and their parent")
    return "{} runs, {} parameters, {} metrics".format(*numbers)


def _report(
    matrices: Sequence[Matrix],
    seconds: dict[tuple[int, str], list[float]],
    spans: dict[tuple[int, str], list[float]],
    counts: dict[int, str],
) -> str:
    rows = []
    for cells in [m.cells for m in matrices]:
        on = seconds[cells, "on"]
        rows.append(
            [cells, "eobench, tracking off", spread(seconds[cells, "off"]), "", spread(spans[cells, "off"])]
        )
        rows.append([cells, f"eobench, tracking on ({counts[cells]})", spread(on), "", spread(spans[cells, "on"])])
        for variant, words in VARIANTS.items():
            theirs = seconds[cells, variant]
            ratios = [a / b for a, b in zip(on, theirs, strict=True)]
            rows.append([cells, f"MLflow alone: {words}", spread(theirs), spread(ratios), ""])
    columns = ["cells", "what", "s", "tracked run / this", "s from the first cell's start to the last's"]
    return table(columns, rows)
