"""`eobench leaderboard`: look at one, or write it again from the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eobench.cli._common import DataOption, JsonOption, PluginOption
from eobench.cli._request import TasksArgument

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from eobench.leaderboard import Summary, SummaryRow, WinMatrix

app = typer.Typer(help="Look at leaderboards, or write them again.", rich_markup_mode=None, no_args_is_help=True)


def _complete_folder(incomplete: str) -> list[str]:
    return [str(p.parent) for p in Path("leaderboards").glob("*/results.parquet") if str(p).startswith(incomplete)]


BoardArgument = Annotated[
    Path, typer.Argument(help="Folder of a leaderboard, or its results.parquet.", autocompletion=_complete_folder)
]


@app.command()
def show(
    board: BoardArgument,
    metric: Annotated[str | None, typer.Option(help="Column to compare by; oa by default.")] = None,
    by: Annotated[str, typer.Option(help="What is told apart: dataset,supervision,base_model.")] = (
        "dataset,supervision,base_model"
    ),
    wins: Annotated[bool, typer.Option("--wins/--no-wins", help="Show the win matrix.")] = True,
    along: Annotated[
        bool,
        typer.Option("--slopes", help="Show how scores change along labels, bag size, census error."),
    ] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown tables, data sets across.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what each method reaches, and the win matrix, in the terminal."""
    import json
    from dataclasses import asdict

    from eobench.cli import _common
    from eobench.leaderboard import as_matrix, markdown, read_results, slopes, summary_table, win_matrix

    frame = read_results(board if board.is_file() else board / "results.parquet")
    summary = summary_table(frame, metric, tuple(b.strip() for b in by.split(",") if b.strip()))
    if as_markdown:
        typer.echo(markdown(summary))
        return
    matrix = as_matrix(win_matrix(frame, [summary.metric]), summary.metric).met
    if as_json:
        told: dict[str, Any] = {"metric": summary.metric, "rows": [asdict(r) for r in summary.rows]}
        told["wins"] = _wins(matrix)
        told["slopes"] = json.loads(slopes(frame, metric and [metric]).to_json(orient="records"))
        _common.print_json(told)
        return
    if along:
        _show_slopes(slopes(frame, metric and [metric]))
        return
    typer.echo(f"{summary.metric}: mean over seeds and draws; * the best of those with all their cells\n")
    for group in _groups(summary.rows):
        _common.show(_group_table(summary, group))
    if wins and len(matrix.names) > 1:
        _common.show(_win_table(matrix))
        typer.echo(
            "share of paired blocks in which the row beats the column (blocks in brackets); ties count for neither"
        )


def _show_slopes(found: pd.DataFrame) -> None:
    """One table for each data set, level and axis: a slope with its 95 % interval for each method and metric."""
    from eobench.cli import _common

    if found.empty:
        typer.echo("no method stands at two bag sizes, census errors or numbers of redraws")
        return
    places = ["along", "unit", "dataset", "supervision", "given"]
    for (along, unit, *words), part in found.groupby(places, sort=False):
        title = ", ".join(str(w) for w in words if w) + f": per {unit} of {str(along).replace('_', ' ')}"
        heads = ("method", "base model", "metric", "slope", "95 % interval", "cells")
        numbers = part[["slope", "low", "high", "points"]].to_numpy(float)
        rows = [
            (
                *(n if isinstance(n, str) else "" for n in names),
                f"{slope:+.4f}",
                _interval(low, high),
                f"{points:.0f}",
            )
            for names, (slope, low, high, points) in zip(
                part[["method", "base_model", "metric"]].to_numpy(object), numbers, strict=True
            )
        ]
        _common.show(_common.table(title, heads, rows, right=heads[3:], whole=heads[2:]))


def _interval(low: float, high: float) -> str:
    return "" if low != low else f"{low:+.4f} to {high:+.4f}"


def _groups(rows: Sequence[SummaryRow]) -> list[list[SummaryRow]]:
    """Rows that stand side by side: one data set at one level with one budget."""
    groups: dict[tuple[str, str, str], list[SummaryRow]] = {}
    for row in rows:
        groups.setdefault((row.dataset, row.supervision, row.given), []).append(row)
    return list(groups.values())


def _group_table(summary: Summary, rows: Sequence[SummaryRow]) -> Table:
    from eobench.cli import _common

    first = rows[0]
    title = ", ".join(word for word in (first.dataset, first.supervision, first.given) if word)
    shown = [text[3:] for text in replace(summary, rows=tuple(rows)).text_rows()]
    return _common.table(title, summary.columns[3:], shown, right=summary.right)


def _wins(matrix: WinMatrix) -> list[dict[str, Any]]:
    return [
        {"i": a, "j": b, "wins": matrix.wins[i, j], "ties": matrix.ties[i, j], "n": matrix.n[i, j]}
        for i, a in enumerate(matrix.names)
        for j, b in enumerate(matrix.names)
        if i != j
    ]


def _win_table(matrix: WinMatrix) -> Table:
    from eobench.cli import _common

    names, share, n = matrix.names, matrix.share, matrix.n
    rows = [
        [name, *("" if i == j or not n[i, j] else f"{share[i, j]:.2f} ({n[i, j]})" for j in range(len(names)))]
        for i, name in enumerate(names)
    ]
    return _common.table("win matrix", ["", *names], rows, right=names)


@app.command()
def build(
    tasks: TasksArgument,
    out: Annotated[Path, typer.Option(help="Folder of leaderboards.")] = Path("leaderboards"),
    data: DataOption = None,
    plugin: PluginOption = None,
) -> None:
    """Write the leaderboard of a task file again from what its run has recorded; nothing is run."""
    from eobench.cli import _board, _request

    request = _request.read(tasks, data, plugin, None)
    board = _board.build(request, out / request.tasks.name)
    counts = ", ".join(f"{n} {status}" for status, n in board.statuses.items())
    typer.echo(f"{request.tasks.name}: {counts}\nleaderboard: {out / request.tasks.name}")
