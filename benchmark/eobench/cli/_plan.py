"""`eobench plan`: what would run, and what cannot, with the reason."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eobench.cli._common import DataOption, JsonOption, PluginOption
from eobench.cli._request import SelectOption, TasksArgument

if TYPE_CHECKING:
    from eobench.cli._request import Request
    from eobench.tasks import Cell

_LEVELS = 18  # characters of a line that the levels need


def plan(
    tasks: TasksArgument,
    select: SelectOption = None,
    data: DataOption = None,
    plugin: PluginOption = None,
    cells: Annotated[bool, typer.Option("--cells", help="List every cell.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the matrix of a task file: cells, shared stages, sampled networks, and what cannot be."""
    from eobench.cli import _common, _request

    show(_request.read(tasks, data, plugin, select), cells=cells, as_json=as_json, printer=_common)


def show(request: Request, *, cells: bool, as_json: bool, printer: Any) -> None:
    """Print a plan."""
    told = describe(request)
    if as_json:
        printer.print_json(told)
        return
    counts = ", ".join(f"{n} {status}" for status, n in told["states"].items())
    printer.show(f"[bold]{told['name']}[/bold]: {len(request.selected)} cells ({counts})")
    if not cells:
        columns = ["task", "method", "levels", "cells", "finished"]
        for data, rows in _matrix(request, told).items():
            printer.show(printer.table(data, columns, rows, right=columns[3:], whole=_whole(columns, rows)))
    else:
        listed = [[c["key"][:12], c["label"], c["state"]] for c in told["cells"]]
        printer.show(printer.table("cells", ["key", "cell", "state"], listed))
    drawn = [
        [b["label"], ", ".join(f"{k}={v}" for k, v in b["params"].items()), str(b["cells"])]
        for b in told["summary"]["base_models"]
    ]
    if drawn:
        printer.show(printer.table("base models", ["name", "configuration", "cells"], drawn, right=["cells"]))
    if told["stages"]:
        stages = [[s["label"], str(s["cells"])] for s in told["stages"]]
        printer.show(printer.table("shared stages", ["stage", "cells"], stages, right=["cells"]))
    for title in ("unsupported", "skipped"):
        reasons = [r for r in told["summary"]["reasons"] if r["status"] == title]
        if reasons:
            listed = [[str(r["cells"]), r["reason"]] for r in sorted(reasons, key=lambda r: -r["cells"])]
            printer.show(printer.table(title, ["cells", "reason"], listed, right=["cells"]))


def _whole(columns: list[str], rows: list[list[str]]) -> list[str]:
    """Columns that are never broken: all but the levels, and methods too where they leave those no room."""
    from eobench.cli import _common

    taken = _common.widths(columns, rows)
    room = _common.terminal_width() - sum(taken.values()) + taken["levels"]
    return [c for c in columns if c != "levels" and (c != "method" or room >= _LEVELS)]


def _matrix(request: Request, told: dict[str, Any]) -> dict[str, list[list[str]]]:
    """One table for each data set, one row in it for each task and method."""
    states = {c["key"]: c["state"] for c in told["cells"]}
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in request.selected:
        where = cell.dataset.label + (f", tested on {cell.test_on.label}" if cell.test_on is not None else "")
        groups.setdefault((where, cell.task, cell.method_label), []).append(cell)
    tables: dict[str, list[list[str]]] = {}
    for (where, task, method), members in groups.items():
        levels = Counter(c.supervision.level for c in members)
        finished = sum(states[c.key] == "finished" for c in members)
        row = [
            task,
            method,
            ", ".join(f"{name} {n}" for name, n in levels.items()),
            str(len(members)),
            str(finished),
        ]
        tables.setdefault(where, []).append(row)
    return tables


def describe(request: Request) -> dict[str, Any]:
    """Return the plan as plain values."""
    from eobench.results import Journal
    from eobench.run import make_plan, run_folder
    from eobench.tasks import plan_summary

    journal = Journal(run_folder(request.places, request.tasks.name) / "journal.jsonl").read()
    cells = []
    for cell in request.selected:
        entry = journal.get(cell.key)
        state = cell.status
        if state == "planned" and entry is not None:
            state = "finished" if entry.row["status"] == "ok" else str(entry.row["status"])
        cells.append(
            {
                "key": cell.key,
                "task": cell.task,
                "label": cell.label,
                "state": state,
                "reason": cell.reason,
                "budget": None if cell.budget is None else str(cell.budget),
            }
        )
    stages = make_plan(request.selected, request.registry).stages.values()
    return {
        "name": request.tasks.name,
        "states": dict(Counter(c["state"] for c in cells)),
        "summary": plan_summary(request.selected),
        "stages": [{"key": s.key, "label": s.label, "cells": len(s.cells)} for s in stages],
        "cells": cells,
    }
