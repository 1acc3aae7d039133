"""From a task file to planned cells: what `run` and `plan` share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from eobench.plugin import Places, Registry
    from eobench.tasks import Cell, TaskFile

SUITE = "suite:"


def complete_tasks(incomplete: str) -> list[str]:
    """Complete suites; files are the shell's own."""
    from eobench.cli import _common

    if not incomplete.startswith("s"):
        return []
    found = _common.registry(_common.places(None), ())
    return [f"{SUITE}{name}" for name in found.suites]


TasksArgument = Annotated[
    str,
    typer.Argument(help="A task file, or suite:NAME for one that a plugin ships.", autocompletion=complete_tasks),
]
SelectOption = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="FIELD=VALUE", help="Only these cells: method=ncc,kmeans; may be repeated."),
]


@dataclass(frozen=True, slots=True)
class Request:
    """A task file, expanded.

    Attributes:
        tasks: the file.
        cells: of the whole matrix.
        selected: those of `--select`, or all.
    """

    tasks: TaskFile
    registry: Registry
    places: Places
    cells: Sequence[Cell]
    selected: Sequence[Cell]


def read(text: str, data: Path | None, plugins: Sequence[str] | None, select: Sequence[str] | None) -> Request:
    """Read, check and expand a task file or a suite.

    Raises:
        EobenchError: anything in it is wrong; the message says where.
    """
    from eobench.cli import _common
    from eobench.cli._preparing import shown_preparation
    from eobench.tasks import expand, load_tasks, parse_tasks
    from eobench.tasks import select as choose

    where = _common.places(data)
    registry = _common.registry(where, plugins)
    if text.startswith(SUITE):
        tasks = parse_tasks(*_suite(registry, text.removeprefix(SUITE)))
    else:
        tasks = load_tasks(Path(text))
    with shown_preparation():  # data sets that are not there yet are generated now
        cells = expand(tasks, registry, where)
    return Request(tasks, registry, where, cells, choose(cells, list(select or ())))


def _suite(registry: Registry, name: str) -> tuple[str, str]:
    from importlib.resources import files

    from eobench.plugin import PluginError

    package, _, file = registry.suites[name].load.partition(":")
    try:
        return files(package).joinpath(file).read_text(encoding="utf-8"), f"{SUITE}{name}"
    except (OSError, ImportError) as error:
        raise PluginError(f"suite {name!r}: cannot read {file!r} in {package!r}: {error}") from error
