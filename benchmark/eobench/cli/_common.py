"""What commands share: places, registry, errors, options, tables."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from eobench.plugin import Places, Registry

DataOption = Annotated[
    Path | None,
    typer.Option("--data", envvar="EOBENCH_DATA", help="Read-only folder of data sets.", show_default=False),
]
PluginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin", metavar="MODULE", help="A further plugin module; may be repeated.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def places(data: Path | None) -> Places:
    """Return where data and cache lie, from the option and the environment.

    Raises:
        EobenchError: the data root does not exist.
    """
    from eobench.data import EobenchError
    from eobench.plugin import Places

    if data is not None and not data.is_dir():
        raise EobenchError(
            f"data root {str(data)!r} is not a folder: give an existing one with --data or EOBENCH_DATA"
        )
    cache = os.environ.get("EOBENCH_CACHE")
    if cache:
        root = Path(cache).expanduser()
    else:
        from platformdirs import user_cache_path

        root = user_cache_path("eobench")
    return Places(data.resolve() if data else None, root.resolve())


def registry(where: Places, plugins: Iterable[str] | None) -> Registry:
    """Find all plugins; say on stderr which are broken."""
    from eobench.plugin import discover

    found = discover(where, plugins or ())
    for plugin in found.broken:
        warn(f"plugin {plugin.name!r} ({plugin.module}) is broken and left out: {plugin.broken}")
    return found


def warn(text: str) -> None:
    """Print a warning to stderr."""
    typer.secho(f"warning: {text}", fg=typer.colors.YELLOW, err=True)


def report_error(error: Exception) -> int:
    """Print an error as a user should see it and return the exit code."""
    from eobench.data import EobenchError

    if isinstance(error, EobenchError):
        typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
        return 2
    if isinstance(error, BrokenPipeError):
        # The reader (`head`, say) went away: nothing is wrong, and nothing more can be printed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    raise error


def print_json(value: Any) -> None:
    """Print JSON, without NaN (which JSON does not have)."""
    typer.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if hasattr(value, "item"):
        return _plain(value.item())
    return str(value)


def widths(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> dict[str, int]:
    """Return the characters that each column of a `table` takes of a line, with what stands between columns."""
    cells = [columns, *(["" if cell is None else str(cell) for cell in row] for row in rows)]
    return {name: max(len(row[k]) for row in cells) + 3 for k, name in enumerate(columns)}


def terminal_width() -> int:
    """Return the characters of a line of the terminal."""
    from rich.console import Console

    return Console().width


def fitting(taken: dict[str, int], first: Sequence[str], room: int) -> dict[str, int]:
    """Leave columns out, those of `first` one by one, until a line has room for the rest, and return that."""
    kept = dict(taken)
    for name in first:
        if sum(kept.values()) <= room:
            break
        kept.pop(name, None)
    return kept


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> Table:
    """Return a rich table; columns in `right` are right-aligned, those in `whole` never broken over lines."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    made = Table(
        title=escape(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for column in columns:
        made.add_column(
            escape(column),
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=column in whole,
        )
    for row in rows:
        made.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    return made


def show(*things: object) -> None:
    """Print rich renderables to stdout."""
    from rich.console import Console

    console = Console()
    for thing in things:
        console.print(thing)
