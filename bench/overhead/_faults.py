"""What a harness makes of a method that misbehaves, with a well-behaved one after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bench.overhead._numbers import table
from bench.overhead._sides import Benchopt, Done, Eobench, Matrix, Worlds

LIMIT_SECONDS, LIMIT_MIB, HOG_MIB = 10, 800, 1600
LIMITS = f"limits: {{cell_seconds: {LIMIT_SECONDS}, cell_memory: {LIMIT_MIB}MiB}}"
FAULTS = {
    "raises": "raises an exception",
    "short": "predicts one row too few",
    "nan": "gives NaN as probabilities",
    "hangs": f"hangs (limit {LIMIT_SECONDS} s)",
    "killed": "is killed (SIGKILL)",
    "segfaults": "segmentation fault",
    "hogs": f"takes {HOG_MIB} MiB (limit {LIMIT_MIB} MiB)",
    "prints": "prints 20 MB",
    "exits": "calls sys.exit(3)",
    "forks": "leaves a child process behind",
}


def faults(worlds: Worlds, names: Sequence[str], patience: float, say: Callable[[str], None]) -> str:
    """Run each fault under each harness; benchopt in its own process and with two workers."""
    rows = []
    for name in names:
        sides = worlds.sides(Matrix(0, 0, extra=1), LIMITS)
        ours = [_ours(side, name, patience) for side in sides if isinstance(side, Eobench)]
        theirs = [
            _theirs(side, name, jobs, patience) for jobs in (1, 2) for side in sides if isinstance(side, Benchopt)
        ]
        worlds.remove(sides)
        rows.append([FAULTS[name], *ours, *(theirs or ["-", "-"])])
        say(f"{name}: {rows[-1][1:]}")
    return table(["the method", "eobench", "benchopt, 1 worker (its default)", "benchopt, 2 workers"], rows)


def _ours(side: Eobench, name: str, patience: float) -> str:
    side.write_tasks([("fault", [f"fault[behaviour={name}]"], 1), ("other", ["other"], 1)], ("tiny",))
    done = side.run(patience=patience, OVERHEAD_HOG_MIB=str(HOG_MIB))
    rows = side.rows()
    told = {r["method"]: r for r in rows.to_dict("records")} if len(rows) else {}
    fault, fine = told.get("fault"), told.get("other")
    row = "no row" if fault is None else f"`{fault['status']}`" + _reason(fault.get("reason"), side.root)
    return _sentence(row, "none" if fine is None else str(fine["status"]), done, patience)


def _reason(text: object, root: Path) -> str:
    if not isinstance(text, str) or not text:
        return ""
    return ": " + text.replace(str(root), "...")[:90]


def _theirs(side: Benchopt, name: str, jobs: int, patience: float) -> str:
    solver = side.folder / "solvers" / "a_fault.py"  # sorted before the other
    solver.write_text((side.root / "fault.py").read_text().replace('["raises"]', f'["{name}"]'))
    (side.folder / "solvers" / "noop.py").unlink(missing_ok=True)
    for path in side.kept():
        for file in sorted(path.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
    done = side.run("--timeout", str(LIMIT_SECONDS), jobs=jobs, patience=patience, OVERHEAD_HOG_MIB=str(HOG_MIB))
    rows = side.rows()
    names = [str(n) for n in rows["solver_name"]] if len(rows) else []
    row = "a row like any other" if any(n.startswith("fault") for n in names) else "no row"
    return _sentence(row, "ok" if any(n.startswith("other") for n in names) else "none", done, patience)


def _sentence(row: str, other: str, done: Done, patience: float) -> str:
    lost = "**the other cell has no row**" if other == "none" else f"**the other cell: {other}**"
    words = [row, "the other cell has its row" if other == "ok" else lost]
    if done.returncode is None:
        words.append(f"**still running after {patience:.0f} s**")
    else:
        words.append(f"exit {done.returncode}")
    if done.survivors:
        words.append(f"**{done.survivors} process(es) left**")
    return "; ".join(words)
