"""`eobench data verify`: is a data set what it says, and what should one know?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eobench.cli._common import DataOption, JsonOption, PluginOption
from eobench.cli._data_open import SomeNamesArgument

if TYPE_CHECKING:
    from eobench.plugin import Places, Registry

STYLES = {"error": "bold red", "warning": "yellow", "info": "dim"}
WORDS = {"error": "error", "warning": "warning", "info": "note"}


def verify(
    names: SomeNamesArgument = None,
    every: Annotated[
        bool, typer.Option("--all", help="All data sets at hand; nothing is prepared for this.")
    ] = False,
    data: DataOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read all of a data set and say what is wrong with it, or good to know.

    Arrays against the header, every value, labels, tables; of each split its rows, whether groups are whole,
    classes that train lacks, and test rows that repeat a train row. Exit code 1 where there is an error; warnings
    and notes do not fail.
    """
    from eobench.cli import _common, _data_open
    from eobench.data import EobenchError

    if bool(names) == every:
        raise EobenchError("which data set? Give one or more names, or --all (and not both)")
    where = _common.places(data)
    registry = _common.registry(where, plugin)
    if every:
        names = [
            c.name for c in registry.datasets.values() if _data_open.at_hand(c, where)[0] in ("here", "damaged")
        ]
    for name in names or ():  # a mistake in the last is told before much is read of the first
        _data_open.make(registry, where, name)
    told = []
    with _data_open.interruptible():
        for name in names or ():
            told.append(_check(registry, where, name))
            if not as_json:
                _show(told[-1])
    if as_json:
        _common.print_json(told)
    elif len(told) > 1:
        worst = [t["name"] for t in told if t["counts"]["error"]]
        _common.show(f"{len(told)} data sets: {', '.join(worst) + ' with errors' if worst else 'no errors'}")
    raise typer.Exit(1 if any(t["counts"]["error"] for t in told) else 0)


def _check(registry: Registry, where: Places, name: str) -> dict[str, Any]:
    from eobench.cli import _data_open
    from eobench.cli._preparing import shown_preparation
    from eobench.data import DatasetMissingError, EobenchError, Finding, check_folder, fingerprint

    folder, print_of = None, None
    try:
        with shown_preparation():
            folder = _data_open.make(registry, where, name).folder()
            findings = check_folder(folder)
        if not any(f.level == "error" for f in findings):
            print_of = fingerprint(folder, where.cache)
    except DatasetMissingError:
        raise
    except EobenchError as error:
        findings = [Finding("error", str(error), "files", "mend or replace the file that it names")]
    counts = Counter[str](f.level for f in findings)
    return {
        "name": name,
        "folder": None if folder is None else str(folder),
        "fingerprint": print_of,
        "counts": {level: counts[level] for level in STYLES},
        "findings": [{"level": f.level, "about": f.about, "text": f.text, "todo": f.todo} for f in findings],
    }


def _show(told: dict[str, Any]) -> None:
    from rich.text import Text

    from eobench.cli import _common

    counts = told["counts"]
    summary = ", ".join(f"{counts[level]} {WORDS[level]}{'s' if counts[level] != 1 else ''}" for level in STYLES)
    made = _common.table(
        f"{told['name']}: {summary}", ["", "about", "finding", "what to do"], [], whole=["", "about"]
    )
    order = list(STYLES)
    for f in sorted(told["findings"], key=lambda f: order.index(f["level"])):
        level = Text(WORDS[f["level"]], style=STYLES[f["level"]])
        made.add_row(level, Text(f["about"]), Text(f["text"]), Text(f["todo"], style="dim"))
    _common.show(made)
    if told["fingerprint"]:
        _common.show(Text(f"fingerprint {told['fingerprint']}", style="dim"))
