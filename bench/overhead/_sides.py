"""The two harnesses, each with a folder of its own: write the matrix, run it as a user does, look at what came."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd
import psutil

from eobench.data import ModalityArray, ModalityInfo, SplitInfo, write_folder

SUBJECTS = Path(__file__).parent / "subjects"
PATIENCE_SECONDS = 900.0
MARK = "OVERHEAD_RUN"


@dataclass(frozen=True, slots=True)
class Matrix:
    """One method with `options` settings, each drawn `draws` times, on some data sets.

    Attributes:
        options: values of the method's option.
        draws: seeds of eobench; a parameter of benchopt's objective. (Of a solver with all these settings benchopt
            compares each with each, which is no cost that a thoughtful user would have.)
        datasets: folders of the data root.
        extra: draws of a second method; none, or as many as of the first.
    """

    options: int
    draws: int
    datasets: tuple[str, ...] = ("tiny",)
    extra: int = 0

    @property
    def cells(self) -> int:
        """Their number."""
        return (self.options * self.draws + self.extra) * len(self.datasets)


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended, or was ended.

    Attributes:
        seconds: wall-clock.
        returncode: None where it had to be stopped.
        output: stdout and stderr.
        survivors: processes of its own that lived on after its end, now killed.
        cpu: seconds of processor time, of its workers too; less moved than wall-clock by what else runs.
    """

    seconds: float
    returncode: int | None
    output: str
    survivors: int = 0
    cpu: float = 0.0


@dataclass
class Side(Protocol):
    """A harness."""

    name: ClassVar[str]
    root: Path

    def write(self, matrix: Matrix) -> None:
        """Write the matrix (again)."""

    def run(self, *more: str, jobs: int = 1, **variables: str) -> Done:
        """Run what is missing."""

    def kept(self) -> Sequence[Path]:
        """Return the folders that it writes to."""


def write_data(root: Path, name: str, seed: int = 0, n: int = 60) -> None:
    """Write a tiny sample folder, and its labels beside it for benchopt."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    values = (labels[:, None, None] + rng.normal(0, 0.1, (n, 4, 2))).astype(np.float32)
    days = np.arange(4, dtype=np.int16)
    split = np.array(["train", "train", "val", "test"], object)[np.arange(n) * 7 % n % 4]
    shutil.rmtree(root / name, ignore_errors=True)
    write_folder(
        root / name,
        name=name,
        title="a tiny set",
        classes=("a", "b", "c"),
        modalities={"s": ModalityArray(ModalityInfo("s", "series", (4, 2), ("red", "nir")), values, None, days)},
        samples={"label": labels, "split": split},
        splits={"random": SplitInfo("random", "split", None, "within")},
        default_split="random",
    )
    np.save(root / f"{name}-labels.npy", labels)


@dataclass
class Eobench:
    """This harness."""

    root: Path
    data: Path
    limits: str = ""
    name: ClassVar[str] = "eobench"

    def __post_init__(self) -> None:
        shutil.copytree(SUBJECTS / "eobench", self.root / "plugins", ignore=_NO_BYTECODE)
        shutil.copy(SUBJECTS / "deeds.py", self.plugin / "_deeds.py")

    @property
    def plugin(self) -> Path:
        """The plugin's package."""
        return self.root / "plugins" / "overhead_noop"

    @property
    def journal(self) -> Path:
        """The rows, as they are written."""
        return self.root / "cache" / "runs" / "overhead" / "journal.jsonl"

    def write(self, matrix: Matrix) -> None:
        """Write the task file."""
        methods = [f"noop[k={k}]" for k in range(matrix.options)]
        blocks = [("noop", methods, matrix.draws)] if methods else []
        blocks += [("other", ["other"], matrix.extra)] if matrix.extra else []
        self.write_tasks(blocks, matrix.datasets)

    def write_tasks(self, blocks: Sequence[tuple[str, Sequence[str], int]], datasets: Sequence[str]) -> None:
        """Write a task file of (id, methods, number of seeds)."""
        lines = ["name: overhead", self.limits, "tasks:"]
        for name, methods, seeds in blocks:
            lines += [
                f"  - id: {name}",
                f"    methods: {json.dumps(list(methods))}",
                f"    datasets: {json.dumps(list(datasets))}",
                "    supervision: [full]",
                f"    seeds: {list(range(seeds))}",
            ]
        (self.root / "tasks.yaml").write_text("\n".join(lines) + "\n")

    def command(self, verb: str, *more: str) -> list[str]:
        """Return a command line."""
        code = "from eobench.cli import main; main()"
        return [sys.executable, "-c", code, verb, "--plugin", "overhead_noop", "--data", str(self.data), *more]

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the environment of a command."""
        return _environment(self.root / "plugins", EOBENCH_CACHE=str(self.root / "cache"), **variables)

    def run(
        self,
        *more: str,
        jobs: int = 1,
        tracking: bool = False,
        patience: float = PATIENCE_SECONDS,
        **variables: str,
    ) -> Done:
        """Run what is missing."""
        where = ["tasks.yaml", "--out", str(self.root / "boards"), "--jobs", str(jobs)]
        more = more if "--device" in more else (*more, "--device", "cpu")
        track = "--tracking" if tracking else "--no-tracking"
        return call(self.command("run", *where, track, *more), self.root, self.environment(**variables), patience)

    def why(self) -> list[dict]:
        """Return what `eobench why` says of every cell."""
        done = call(self.command("why", "--json"), self.root, self.environment(), PATIENCE_SECONDS)
        return list(json.loads(done.output))

    def forget_one(self) -> None:
        """Take the last row from the journal."""
        lines = self.journal.read_bytes().splitlines(keepends=True)
        self.journal.write_bytes(b"".join(lines[:-1]))

    def rows(self) -> pd.DataFrame:
        """Return the rows of the board, or no row."""
        path = self.root / "boards" / "overhead" / "results.parquet"
        return pd.read_parquet(path) if path.exists() else pd.DataFrame()

    def kept(self) -> Sequence[Path]:
        """Return cache and boards."""
        return [self.root / "cache", self.root / "boards"]


@dataclass
class Benchopt:
    """benchopt, in an environment of its own.

    Attributes:
        python: of the environment that holds it.
    """

    root: Path
    data: Path
    python: Path
    name: ClassVar[str] = "benchopt"

    def __post_init__(self) -> None:
        shutil.copytree(SUBJECTS / "benchopt", self.folder, ignore=_NO_BYTECODE)
        shutil.copy(SUBJECTS / "deeds.py", self.folder / "benchmark_utils" / "deeds.py")
        (self.folder / "solvers" / "fault.py").rename(self.root / "fault.py")  # only where it is asked for

    @property
    def folder(self) -> Path:
        """The benchmark's folder."""
        return self.root / "benchmark"

    def write(self, matrix: Matrix) -> None:
        """Write the numbers of the matrix into the benchmark's files."""
        solvers = self.folder / "solvers"
        edit(solvers / "noop.py", r"OPTIONS = .*", f"OPTIONS = {matrix.options}")
        draws = list(range(matrix.draws or matrix.extra))
        edit(self.folder / "objective.py", r'"draw": \[.*?\]', f'"draw": {draws}')
        (solvers / "other.py").unlink(missing_ok=True)
        if matrix.extra:
            shutil.copy(SUBJECTS / "benchopt" / "solvers" / "other.py", solvers / "other.py")
        listed = json.dumps(list(matrix.datasets))
        edit(self.folder / "datasets" / "tiny.py", r'"folder": \[.*?\]', f'"folder": {listed}')

    def run(self, *more: str, jobs: int = 1, patience: float = PATIENCE_SECONDS, **variables: str) -> Done:
        """Run what is missing; without plots, which eobench's page would be."""
        command = [str(self.python), "-m", "benchopt", "run", str(self.folder), "--no-plot", "--seed", "0"]
        command += ["-j", str(jobs), "--output", "rows", *more]
        environment = _environment(self.folder, OVERHEAD_DATA=str(self.data), **variables)
        return call(command, self.root, environment, patience)

    def forget_one(self) -> None:
        """Take one run from the cache; its inner cache is only asked for what the outer one lacks."""
        cache = self.folder / "__cache__" / "benchopt" / "runner"
        shutil.rmtree(next(p for p in (cache / "run_one_to_cvg").iterdir() if p.is_dir()))
        for entry in (p for p in (cache / "run_one_resolution").iterdir() if p.is_dir()):
            shutil.rmtree(entry)

    def rows(self) -> pd.DataFrame:
        """Return the rows of the newest result file, or no row."""
        found = sorted((self.folder / "outputs").glob("*.parquet"), key=lambda p: p.stat().st_mtime_ns)
        return pd.read_parquet(found[-1]) if found else pd.DataFrame()

    def kept(self) -> Sequence[Path]:
        """Return cache and outputs."""
        return [self.folder / "__cache__", self.folder / "outputs"]


_NO_BYTECODE = shutil.ignore_patterns("__pycache__")


def edit(path: Path, pattern: str, text: str) -> None:
    """Replace what a pattern matches, which must be there.

    Raises:
        ValueError: it is not.
    """
    import re

    before = path.read_text()
    after, count = re.subn(pattern, lambda _: text, before)
    if not count:
        raise ValueError(f"{path.name}: nothing matches {pattern!r}")
    path.write_text(after)
    later = time.time() + 2  # no cache of bytecode may take the new file for the old one
    os.utime(path, (later, later))


def _environment(path: Path, **variables: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EOBENCH_", "MLFLOW_", "OVERHEAD_"))}
    probe = [str(SUBJECTS / "probe")] if "OVERHEAD_COUNT" in variables else []
    return kept | {"PYTHONPATH": os.pathsep.join([*probe, str(path)]), "COLUMNS": "150"} | variables


def call(command: Sequence[str], cwd: Path, environment: Mapping[str, str], patience: float) -> Done:
    """Run a command in a session of its own, and end what is left of it afterwards."""
    mark = uuid.uuid4().hex
    with (cwd / "output.txt").open("w+b") as output:
        began, used = time.perf_counter(), _children()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**environment, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        returncode: int | None
        try:
            returncode = process.wait(patience)
        except subprocess.TimeoutExpired:
            returncode = None
        seconds, cpu = time.perf_counter() - began, _children() - used
        survivors = _end(mark, process) if returncode is not None else 0
        if returncode is None:
            process.kill()
            process.wait()
            _end(mark, process)
        output.seek(0)
        return Done(seconds, returncode, output.read().decode(errors="replace"), survivors, cpu)


def _children() -> float:
    """Return the processor time of all ended children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _end(mark: str, process: subprocess.Popen[bytes]) -> int:
    """Kill what a command left behind, and return how many processes still lived 1 s after its end."""
    left = [p for p in _marked(mark) if p.pid != process.pid]
    if not left:
        return 0
    _, left = psutil.wait_procs(left, timeout=1.0)
    for one in left:
        with contextlib.suppress(psutil.Error):
            one.kill()
    return len(left)


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                yield process


@dataclass
class Worlds:
    """Makes sides in fresh folders below one.

    Attributes:
        root: of all.
        benchopt: Python of the environment that holds benchopt; None: it is left out.
    """

    root: Path
    benchopt: Path | None
    _made: int = field(default=0)

    def __post_init__(self) -> None:
        # Compiled modules of both go here, whatever this machine's settings are: what pip would have compiled at
        # installation must not be compiled at each start.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(self.root / "bytecode")

    def sides(self, matrix: Matrix, limits: str = "") -> list[Eobench | Benchopt]:
        """Return both (or only ours), each in a fresh folder, with the same data."""
        self._made += 1
        base = self.root / f"world{self._made}"
        for folder in (base / "ours" / "data", base / "theirs" / "data"):  # each its own: some are edited
            folder.mkdir(parents=True)
            for number, name in enumerate(matrix.datasets):
                write_data(folder, name, number)
        made: list[Eobench | Benchopt] = [Eobench(base / "ours", base / "ours" / "data", limits)]
        if self.benchopt is not None:
            made.append(Benchopt(base / "theirs", base / "theirs" / "data", self.benchopt))
        for side in made:
            side.write(matrix)
        return made

    @staticmethod
    def remove(sides: Sequence[Eobench | Benchopt]) -> None:
        """Delete their folders."""
        for side in sides:
            shutil.rmtree(side.root.parent, ignore_errors=True)
