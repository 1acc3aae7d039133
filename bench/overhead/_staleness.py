"""After each edit: which cells run again? Executions are counted by the methods themselves, in a side file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.overhead._numbers import table
from bench.overhead._sides import Benchopt, Eobench, Matrix, Worlds, edit, write_data

# noop (with a helper) and other (without) on two data sets, two seeds: 8 cells, 4 of each
MATRIX = Matrix(1, 2, ("tiny", "second"), extra=2)
Edit = Callable[[Eobench | Benchopt], None]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happens between two runs.

    Attributes:
        what: in words.
        expected: cells that must run again, of each method; a number too low is a stale result.
        ours: what is edited for eobench.
        theirs: what is edited for benchopt; None: it has no such thing.
        options: of our command line.
        jobs: workers.
        tracking: tells MLflow.
    """

    what: str
    expected: Mapping[str, int]
    ours: Edit = lambda _: None
    theirs: Edit | None = lambda _: None
    options: tuple[str, ...] = ()
    jobs: int = 1
    tracking: bool = False


def _method(side: Eobench | Benchopt) -> Path:
    return side.plugin / "_noop.py" if isinstance(side, Eobench) else side.folder / "solvers" / "noop.py"


def _helper(side: Eobench | Benchopt) -> Path:
    return (
        side.plugin / "_helper.py" if isinstance(side, Eobench) else side.folder / "benchmark_utils" / "helper.py"
    )


def _comment(side: Eobench | Benchopt) -> None:
    edit(_method(side), r"\Z", "\n# a comment\n")


def _helper_comment(side: Eobench | Benchopt) -> None:
    edit(_helper(side), r"\Z", "\n# a comment\n")


def _code(side: Eobench | Benchopt) -> None:
    edit(_method(side), r"guess\(\)\)", "guess() + 1)")


def _helper_code(side: Eobench | Benchopt) -> None:
    edit(_helper(side), r"return 0", "return 1")


def _data(side: Eobench | Benchopt) -> None:
    write_data(side.data, "second", 77)


def _touched(side: Eobench | Benchopt) -> None:
    for path in (side.data / "second").iterdir():
        path.touch()


def _moved(side: Eobench | Benchopt) -> None:
    """Other place of the data root."""
    side.data = side.data.rename(side.data.with_name("moved"))


def _our_default(side: Eobench | Benchopt) -> None:
    assert isinstance(side, Eobench)
    edit(side.plugin / "__init__.py", r'Param\("k", 0', 'Param("k", 3')


def _their_default(side: Eobench | Benchopt) -> None:
    assert isinstance(side, Benchopt)
    edit(_method(side), r"list\(range\(OPTIONS\)\)", "[3]")


def _chunk(side: Eobench | Benchopt) -> None:
    assert isinstance(side, Eobench)
    edit(side.root / "tasks.yaml", r'"noop"', '"noop[chunk=9]"')


def _order(side: Eobench | Benchopt) -> None:
    assert isinstance(side, Eobench)
    path = side.root / "tasks.yaml"
    head, *blocks = re.split(r"(?=  - id:)", path.read_text())
    path.write_text(head + "".join(reversed(blocks)))


NONE: Mapping[str, int] = {}
CHANGES = (
    Change("nothing", NONE),
    Change("a comment in the method", NONE, _comment, _comment),
    Change("a comment in its helper", NONE, _helper_comment, _helper_comment),
    Change("the method's code", {"noop": 4}, _code, _code),
    Change("its helper's code", {"noop": 4}, _helper_code, _helper_code),
    Change("the data of one of two sets", {"noop": 2, "other": 2}, _data, _data),
    Change("times of the data's files, not their content", NONE, _touched, _touched),
    Change("the place of the data", NONE, _moved, _moved),
    Change("workers: 2 instead of 1", NONE, jobs=2),
    Change("device: cpu instead of auto", NONE, options=("--device", "cpu"), theirs=None),
    Change("tracking on instead of off", NONE, tracking=True, theirs=None),
    Change("the default of an option that no task file writes", {"noop": 4}, _our_default, _their_default),
    Change("an option declared `execution`", NONE, _chunk, None),
    Change("order of the task file's blocks", NONE, _order, None),
)


def staleness(worlds: Worlds, changes: Sequence[Change], say: Callable[[str], None]) -> str:
    """Make each change to a finished run, run again, and count."""
    rows = []
    for change in changes:
        sides = worlds.sides(MATRIX)
        told = {side.name: _after(side, change) for side in sides}
        worlds.remove(sides)
        ours, why = told["eobench"]
        theirs, _ = told.get("benchopt", ("-", ""))
        rows.append([change.what, _words(change.expected), ours, theirs, why])
        say(f"after {change.what}: eobench {ours}, benchopt {theirs}")
    return table(["edited", "must run again", "eobench ran", "benchopt ran", "`eobench why` says"], rows)


def _after(side: Eobench | Benchopt, change: Change) -> tuple[str, str]:
    edited = change.ours if isinstance(side, Eobench) else change.theirs
    if edited is None:
        return "has no such thing", ""
    note = side.root / "note.txt"
    if isinstance(side, Eobench):
        side.write_tasks([("noop", ["noop"], 2), ("other", ["other"], 2)], MATRIX.datasets)
        side.run("--device", "auto", OVERHEAD_NOTE=str(note))
    else:
        side.run(OVERHEAD_NOTE=str(note))
    first = Counter(note.read_text().split()[::2])
    if sum(first.values()) != MATRIX.cells:
        raise RuntimeError(f"{side.name}: {dict(first)} ran at first, not {MATRIX.cells} cells")
    note.unlink()
    edited(side)
    why = ""
    if isinstance(side, Eobench):
        why = _why(side)
        options = change.options or ("--device", "auto")
        done = side.run(*options, jobs=change.jobs, tracking=change.tracking, OVERHEAD_NOTE=str(note))
    else:
        done = side.run(jobs=change.jobs, OVERHEAD_NOTE=str(note))
    if done.returncode != 0:
        return f"ended with {done.returncode}", why
    again = Counter(note.read_text().split()[::2]) if note.exists() else Counter()
    text = _words(again)
    return (text if again == Counter(change.expected) else f"{text} ({_verdict(again, change.expected)})"), why


def _verdict(ran: Mapping[str, int], expected: Mapping[str, int]) -> str:
    missing = any(ran.get(name, 0) < number for name, number in expected.items())
    return "**stale rows served**" if missing else "more than needed"


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} of {name}" for name, n in sorted(counts.items())) or "0"


def _why(side: Eobench) -> str:
    told = [one for one in side.why() if one["state"] == "would run"]
    if not told:
        return "all finished"
    parts = dict.fromkeys(
        f"{d['field']}: " + (", ".join(d["parts"]) or f"{d['then']} -> {d['now']}")
        for one in told
        for d in one["differences"]
    )
    return "; ".join(parts)
