"""Measure what eobench itself costs and does, beside benchopt on the same no-op matrix.

python -m bench.overhead --quick                    # minutes; from the repository's root
python -m bench.overhead --install                  # half an hour; writes bench/overhead/RESULTS.md
python -m bench.overhead --benchopt PATH/bin/python # an environment that has benchopt already
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.overhead import _counters, _faults, _staleness, _timing, _tracking
from bench.overhead._numbers import machine
from bench.overhead._sides import Matrix, Worlds

RESULTS = Path(__file__).parent / "RESULTS.md"
TITLES = {
    "timing": "Cost per cell and start-up",
    "counters": "Counters",
    "tracking": "Tracking with MLflow (SQLite)",
    "staleness": "Staleness",
    "faults": "Faults",
}
PARTS = tuple(TITLES)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    matrices: tuple[Matrix, ...]
    tracked: tuple[Matrix, ...]
    jobs: tuple[int, ...]
    repeats: int
    changes: int
    faults: int
    patience: float


FULL = Size(
    (Matrix(20, 10), Matrix(20, 50), Matrix(20, 100)), (Matrix(20, 10), Matrix(20, 50)), (1, 2), 3, 99, 99, 60.0
)
QUICK = Size((Matrix(10, 5), Matrix(10, 20), Matrix(10, 40)), (Matrix(10, 5),), (1,), 1, 99, 99, 30.0)
SMOKE = Size((Matrix(2, 1), Matrix(2, 2)), (Matrix(2, 1),), (1,), 1, 2, 1, 60.0)


def main() -> None:
    """Measure, print Markdown, write it."""
    chosen = _arguments()
    size = SMOKE if chosen.smoke else QUICK if chosen.quick else FULL
    with tempfile.TemporaryDirectory(prefix="overhead-", dir=chosen.work) as folder:
        root = Path(folder)
        python = install(chosen.environment or root / "benchopt", _say) if chosen.install else chosen.benchopt
        version = None if python is None else _version(python)
        if python is None:
            _say("benchopt is left out: --install brings it into an environment of its own, --benchopt names one")
        head = "\n".join(_head(machine(version), size, whole=not (chosen.quick or chosen.smoke)))
        worlds = Worlds(root, python)
        sections = []
        for part in chosen.parts:
            _say(f"--- {part}")
            before = os.getloadavg()[0]
            sections.append(_part(part, worlds, size).rstrip() + f"\n\nLoad before: {before:.1f}.\n")
            if chosen.out is not None:  # after each part: an hour's work survives what ends the next one
                old = chosen.out.read_text() if chosen.out.exists() else ""
                chosen.out.write_text(merge(old, head, sections))
    print(merge("", head, sections))


def merge(old: str, head: str, sections: Sequence[str]) -> str:
    """Return a report: new sections in the place of those of the same title, the others as they were measured."""
    parts = {text.partition("\n")[0]: text for text in old.split("\n## ")[1:]}
    parts |= {text.partition("\n")[0]: text for text in (s.strip().removeprefix("## ") for s in sections)}
    order = [title for title in TITLES.values() if title in parts]
    return "\n".join([head, *(f"\n## {parts[title].strip()}\n" for title in order)])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.overhead", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few cells, one repeat")
    parser.add_argument("--smoke", action="store_true", help="hardly any: only to see that the script works")
    parser.add_argument("--parts", type=_parts, default=PARTS, help=f"some of {','.join(PARTS)}")
    parser.add_argument("--benchopt", type=Path, metavar="PYTHON", help="of an environment that has benchopt")
    parser.add_argument("--install", action="store_true", help="install benchopt into an environment of its own")
    parser.add_argument("--environment", type=Path, help="folder of that environment; default: a temporary one")
    parser.add_argument("--work", type=Path, help="folder for temporary files, on the disk to be measured")
    parser.add_argument(
        "--out",
        type=Path,
        help="Markdown file, of which the parts are replaced; RESULTS.md by default unless --quick",
    )
    chosen = parser.parse_args()
    if chosen.benchopt is not None and not chosen.benchopt.exists():
        parser.error(f"--benchopt: there is no {chosen.benchopt}")
    if chosen.out is None and not (chosen.quick or chosen.smoke) and (chosen.benchopt or chosen.install):
        chosen.out = RESULTS
    return chosen


def _parts(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"{name!r} is not known; allowed: {', '.join(PARTS)}")
    return names


def install(folder: Path, say: Callable[[str], None]) -> Path:
    """Return the Python of an environment with benchopt, made where it is not there yet."""
    python = folder / "bin" / "python"
    if not python.exists():
        say("installing benchopt into an environment of its own")
        venv.create(folder, with_pip=True)
    if subprocess.run([python, "-c", "import benchopt"], check=False, capture_output=True).returncode != 0:
        subprocess.run([python, "-m", "pip", "install", "--quiet", "benchopt"], check=True)
    return python


def _version(python: Path) -> str:
    code = "from importlib.metadata import version; print(version('benchopt'))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _part(name: str, worlds: Worlds, size: Size) -> str:
    if name == "timing":
        _warm(worlds)
        samples = _timing.measure(worlds, size.matrices, size.jobs, size.repeats, _say)
        return _section(TITLES["timing"], _timing.__doc__, _timing.report(samples), TIMING)
    if name == "counters":
        found = _counters.count(worlds, size.matrices[0], size.jobs)
        return _section(TITLES["counters"], _counters.__doc__, found, f"{size.matrices[0].cells} cells.")
    if name == "tracking":
        found = _tracking.tracking(worlds, size.tracked, size.repeats, _say)
        return _section(TITLES["tracking"], _tracking.__doc__, found, TRACKING)
    if name == "staleness":
        found = _staleness.staleness(worlds, _staleness.CHANGES[: size.changes], _say)
        return _section(TITLES["staleness"], _staleness.__doc__, found, STALENESS)
    found = _faults.faults(worlds, tuple(_faults.FAULTS)[: size.faults], size.patience, _say)
    return _section(TITLES["faults"], _faults.__doc__, found, FAULTS)


def _warm(worlds: Worlds) -> None:
    """Run each harness once, so that none pays for compiling bytecode or for a cold disk."""
    sides = worlds.sides(Matrix(1, 1))
    for side in sides:
        side.run()
    worlds.remove(sides)


TIMING = """
Seconds are of whole commands, as a user types them: interpreter, imports, planning, cells, results. Slope and
intercept are least squares over the sizes, once a repeat; medians with the smallest and largest. Ratios are
of neighbours in time. One method with up to 20 options and as many seeds as it takes (benchopt: parameters of
the solver and of the objective), one set of 60 samples, tracking and plots off. eobench writes its page and
its board, syncs each row to the disk, computes all its metrics, and keeps predictions; benchopt computes one
number. One cell missing: our journal's last line, or one entry of benchopt's cache, is taken away.
"""
TRACKING = """
`MLflow alone` is a script that knows the rows already and does nothing but log them, with the same MLflow
into a new SQLite file. A ratio below 1: the whole tracked run, its cells included, ended before that. The
last column says whether cells wait for tracking.
"""
STALENESS = """
Two methods, one of them with a helper module, on two data sets with two seeds: 8 cells, all finished; then
one edit.
"""
FAULTS = f"""
Two cells: the one that misbehaves, and another after it. Limits: eobench {_faults.LIMIT_SECONDS} s and
{_faults.LIMIT_MIB} MiB a cell; benchopt `--timeout {_faults.LIMIT_SECONDS}` (it has no memory limit).
"""


def _section(title: str, what: str | None, found: str, notes: str) -> str:
    return f"\n## {title}\n\n{' '.join((what or '').split())}\n\n{found}\n\n{notes.strip()}\n"


def _head(where: str, size: Size, *, whole: bool) -> Sequence[str]:
    cells = ", ".join(f"{m.cells:,}" for m in size.matrices)
    return (
        "# What the harness costs" + ("" if whole else " (a quick look, not a measurement)"),
        "",
        "Written by `python -m bench.overhead`; do not edit.",
        "",
        f"Machine: {where}. Sizes: {cells} cells; {size.repeats} repeat(s), harnesses in turn.",
    )


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
