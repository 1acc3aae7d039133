"""Twelve cells that share a pre-training: run together, and each alone, with nothing kept from the others.

Whole commands are timed on one worker (`--jobs 1`), with the data set at hand. Processor time of the command and
its workers stands beside wall-clock. Then the reuse of a stage by itself: reading its checkpoint and building the
encoder.

    python bench/matrix/run.py [--alone 12] [--write FILE]

Fewer than twelve are run alone where `--alone` says so, as many of each family; what all twelve would take is then
told from these, and the table says so.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TASKS = Path(__file__).parent / "tasks.yaml"
DATASET = "simulated-pairs[samples=1200,pool=600]"
ENTRY = "from eobench.cli import main; main()"
READS = 20


@dataclass(frozen=True)
class Cost:
    """Of one command or of several, in seconds."""

    wall: float
    processor: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.processor + other.processor)


@dataclass(frozen=True)
class Found:
    """What was measured.

    Attributes:
        cells: of the matrix.
        together: all of them in one command.
        nothing: the same command again.
        stages: pre-trainings that were run together.
        cell_seconds: wall-clock of all cells, as their rows tell it.
        alone: all commands of cells that were run alone.
        ran: how many those were.
        trainings: pre-trainings that they ran.
        same: those with the same predictions.
        took: milliseconds of reusing a stage.
    """

    cells: int
    together: Cost
    nothing: Cost
    stages: int
    cell_seconds: float
    alone: Cost
    ran: int
    trainings: int
    same: int
    took: list[float]


def eobench(cache: Path, *words: str) -> str:
    """Run one command to its end and return what it printed."""
    environment = os.environ | {"EOBENCH_CACHE": str(cache), "EOBENCH_TRACKING": "off", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", ENTRY, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"eobench {' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def run(cache: Path, out: Path, *selected: str) -> Cost:
    """Run the matrix, or what is selected of it."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    choices = [word for choice in selected for word in ("--select", choice)]
    eobench(cache, "run", str(TASKS), "--jobs", "1", "--no-tracking", "--quiet", "--out", str(out), *choices)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - began, used)


def rows_of(out: Path) -> list[dict[str, object]]:
    """Return the board's rows that ran."""
    import pandas as pd

    table = pd.read_parquet(out / "matrix" / "results.parquet")
    return [dict(row) for row in table[table["status"] == "ok"].to_dict("records")]


def stages_of(cache: Path) -> list[Path]:
    """Return the checkpoints of pre-trainings; those of features hold no encoder."""
    from safetensors import safe_open

    found = []
    for path in sorted((cache / "stages").glob("*/checkpoint.safetensors")):
        with safe_open(path, "np") as file:
            if any(name.startswith("encoder.") for name in file.keys()):  # noqa: SIM118 - no mapping
                found.append(path)
    return found


def reuse(path: Path) -> list[float]:
    """Return the milliseconds of reading a checkpoint and building its encoder, each time anew."""
    import torch

    from eobench.run._shared import load_checkpoint
    from eobench_contrastive._pretraining import load_encoder

    torch.set_num_threads(1)
    took = []
    for _ in range(READS):
        began = time.perf_counter()
        load_encoder(load_checkpoint(path), torch.device("cpu"))
        took.append(1000 * (time.perf_counter() - began))
    return took


def forget(cache: Path) -> None:
    """Leave nothing in the cache but the data sets."""
    for name in ("stages", "runs"):
        shutil.rmtree(cache / name, ignore_errors=True)


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alone", type=int, default=12, help="how many of the twelve are run alone as well")
    parser.add_argument("--write", type=Path, help="also write the tables to this file")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        cache, out = root / "cache", root / "boards"
        say("the data set")
        eobench(cache, "data", "prepare", DATASET)
        say("one cell, unmeasured")  # compiled modules, files in memory
        run(cache, root / "warm", "base_model=bilstm#0")
        forget(cache)
        say("together")
        together = run(cache, out)
        say("together again: everything is cached")
        nothing = run(cache, out)
        rows = rows_of(out)
        stages = stages_of(cache)
        took = reuse(stages[0])
        numbers = {(str(row["base_model"]), int(str(row["draw"]))): row["predictions"] for row in rows}
        alone, same, trainings = Cost(0.0, 0.0), 0, 0
        some = sorted(numbers, key=lambda named: (named[1], named[0]))[: chosen.alone]  # draw by draw
        for number, (model, draw) in enumerate(some):
            say(f"alone: {model}#{draw}")
            forget(cache)
            folder_of_one = root / f"alone-{number}"
            alone += run(cache, folder_of_one, f"base_model={model}#{draw}")
            (row,) = rows_of(folder_of_one)
            same += row["predictions"] == numbers[model, draw]
            trainings += len(stages_of(cache))
        cells = sum(float(str(row["total_seconds"])) for row in rows)
        found = Found(len(rows), together, nothing, len(stages), cells, alone, len(some), trainings, same, took)
        text = report(found)
        print(text)
        if chosen.write is not None:
            chosen.write.write_text(f"{heading()}\n\n{text}\n")


def say(what: str) -> None:
    """Tell how far it is."""
    print(what, file=sys.stderr, flush=True)


def heading() -> str:
    """What was measured where."""
    command = " ".join(["python bench/matrix/run.py", *sys.argv[1:]])
    return (
        f"# Twelve cells that share a pre-training\n\n`{command}`:\n"
        f"torch {importlib.metadata.version('torch')}, Python {platform.python_version()}, "
        f"one worker of one thread; load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores at the end."
    )


def report(found: Found) -> str:
    """Return the Markdown."""
    cells, ran, together = found.cells, found.ran, found.together
    whole = Cost(found.alone.wall * cells / ran, found.alone.processor * cells / ran)
    told = "" if ran == cells else f" ({ran} measured, one pre-training each, times {cells / ran:.3g})"
    cell = found.cell_seconds / cells
    pretraining = found.alone.wall / ran - found.nothing.wall - cell
    trainings = round(found.trainings * cells / ran)
    lines = [
        f"| {cells} cells | pre-trainings | wall-clock, s | processor, s |",
        "|---|---:|---:|---:|",
        f"| together | {found.stages} | {together.wall:.1f} | {together.processor:.1f} |",
        f"| each alone{told} | {trainings} | {whole.wall:.1f} | {whole.processor:.1f} |",
        f"| times faster together | | {whole.wall / together.wall:.1f} "
        f"| {whole.processor / together.processor:.1f} |",
        "",
        f"A command that finds all cells cached takes {found.nothing.wall:.1f} s, a cell {cell:.2f} s (mean);",
        f"what is left of a cell alone, {pretraining:.1f} s, is its pre-training and the start of a worker.",
        "",
        "Reuse of a stage (read the checkpoint, build the encoder): median",
        f"{statistics.median(found.took):.1f} ms, largest {max(found.took):.1f} ms of {len(found.took)}.",
        f"Cells with bit-identical predictions together and alone: {found.same} of {ran}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
