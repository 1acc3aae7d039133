"""`eobench why CELL`: why a cell has its row, or will run; field by field, against the closest earlier cell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eobench.cli._common import DataOption, JsonOption, PluginOption
from eobench.cli._request import complete_tasks

if TYPE_CHECKING:
    from eobench.cli._request import Request
    from eobench.results import Entry
    from eobench.tasks import Cell

SHOWN = 12  # digits of a key
NOT_IN_THE_KEY = "--jobs, --executor, --device, limits, tracking, paths, comments and docstrings, ids of tasks"


def why(
    cell: Annotated[
        str | None,
        typer.Argument(
            help="A key or its first digits, words of its label ('ncc full'), or field=value; without it, all.",
            show_default=False,
        ),
    ] = None,
    tasks: Annotated[
        str, typer.Option("--tasks", "-t", help="Task file or suite:NAME.", autocompletion=complete_tasks)
    ] = "tasks.yaml",
    data: DataOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a cell has its row already, or why it would run: what changed, and against which earlier cell."""
    from eobench.cli import _common, _request

    request = _request.read(tasks, data, plugin, None)
    history = _History(request)
    told = [history.explain(c) for c in _matching(request, history, cell)]
    if as_json:
        _common.print_json(told)
    elif len(told) == 1:
        _show_one(told[0], _common)
    else:
        _show_groups(told, _common)


def _matching(request: Request, history: _History, text: str | None) -> Sequence[Cell]:
    """Return the cells that a text means.

    Raises:
        EobenchError: no cell matches it.
    """
    from eobench.data import EobenchError
    from eobench.tasks import closest, select

    if text is None:
        return request.cells
    if "=" in text and "[" not in text.partition("=")[0]:
        return select(request.cells, [text])
    if re.fullmatch(r"[0-9a-f]{4,64}", text):
        found = [c for c in request.cells if c.key.startswith(text)]
        if found:
            return found
        for key, (_, entry) in history.earlier.items():
            if key.startswith(text) and entry.identity:
                here = closest(entry.identity, {c.key: c.identity for c in request.cells})
                if here is not None:
                    typer.echo(f"{text} is of an earlier plan; the cell of this plan that is closest to it:")
                    return [c for c in request.cells if c.key == here]
    words = text.split()
    found = [c for c in request.cells if all(word in c.label for word in words)]
    if not found:
        raise EobenchError(
            f"no cell of {request.tasks.name!r} matches {text!r}: give the first digits of a key "
            f"(`eobench plan --cells` lists them), words of a label, or field=value"
        )
    return found


class _History:
    """What has run so far: this run's journal, and those of the other runs in the cache."""

    def __init__(self, request: Request) -> None:
        from eobench.results import Journal, JournalError
        from eobench.run import Limits, run_folder

        limits = request.tasks.limits
        self.limits = Limits(limits.cell_seconds, limits.cell_memory)
        self.cache = request.places.cache
        self.run = request.tasks.name
        own = run_folder(request.places, self.run)
        self.own = Journal(own / "journal.jsonl").read()
        self.earlier: dict[str, tuple[str, Entry]] = {}
        for folder in sorted(f for f in (own.parent.iterdir() if own.parent.is_dir() else ()) if f != own):
            try:
                others = Journal(folder / "journal.jsonl").read()
            except JournalError:
                continue  # of another schema, or damaged: it only would have explained
            self.earlier |= {key: (folder.name, entry) for key, entry in others.items()}
        self.earlier |= {key: (self.run, entry) for key, entry in self.own.items()}

    def explain(self, cell: Cell) -> dict[str, Any]:
        """Return key, label, state, the reason, and the differences to the closest earlier cell."""
        from eobench.run import missing_because

        entry = self.own.get(cell.key)
        told: dict[str, Any] = {"key": cell.key, "label": cell.label, "state": cell.status, "because": cell.reason}
        told |= {"earlier": None, "differences": []}
        if cell.status != "planned":
            return told
        because = missing_because(cell, entry, self.limits)
        if because is None and entry is not None:
            return told | self._finished(entry)
        told |= {"state": "would run", "because": because}
        if entry is not None:
            return told | {"earlier": _earlier(self.run, entry)}
        return told | self._closest(cell)

    def _finished(self, entry: Entry) -> dict[str, Any]:
        row = entry.row
        because = f"its row is there and nothing in its key has changed: {row['status']}"
        if row["status"] != "ok":
            because += f": {row.get('reason')}; again with --only {row['status']}"
        return {"state": "finished", "because": because, "earlier": _earlier(self.run, entry)}

    def _closest(self, cell: Cell) -> dict[str, Any]:
        from eobench.tasks import closest, differences

        if cell.key in self.earlier:
            name, entry = self.earlier[cell.key]
            because = f"run {name!r} has a row of this very key, but each run keeps rows of its own"
            return {"because": because, "earlier": _earlier(name, entry)}
        key = closest(cell.identity, {k: e.identity for k, (_, e) in self.earlier.items() if e.identity})
        if key is None:
            return {"because": "no cell of this method on this data set has run"}
        name, entry = self.earlier[key]
        found = differences(cell.identity, entry.identity, self.cache)
        shown = [{"field": d.field, "then": d.then, "now": d.now, "parts": list(d.parts)} for d in found]
        return {"earlier": _earlier(name, entry), "differences": shown}


def _earlier(run: str, entry: Entry) -> dict[str, Any]:
    row = entry.row
    return {
        "key": entry.key,
        "run": run,
        "status": row["status"],
        "started": row.get("started"),
        "output": row.get("output"),
    }


def _show_one(told: Mapping[str, Any], printer: Any) -> None:
    typer.secho(f"{told['label']}", bold=True)
    typer.echo(f"key {told['key'][:SHOWN]}: {told['state']}: {told['because']}")
    earlier = told["earlier"]
    if earlier is None:
        return
    when = f", begun {earlier['started']}" if earlier["started"] else ""
    if told["differences"]:
        typer.echo(
            f"closest earlier cell: {earlier['key'][:SHOWN]} (run {earlier['run']}, {earlier['status']}{when})"
        )
        rows = [
            [d["field"], _short(d["then"]), _short(d["now"]), "\n".join(d["parts"])] for d in told["differences"]
        ]
        printer.show(printer.table("what differs", ["field", "then", "now", "behind it"], rows))
    else:
        typer.echo(f"row: run {earlier['run']}, {earlier['status']}{when}")
    if earlier["output"]:
        typer.echo(f"the last of its output:\n{earlier['output'].rstrip()}")
    typer.echo(f"not in the key: {NOT_IN_THE_KEY}")


def _show_groups(told: Sequence[Mapping[str, Any]], printer: Any) -> None:
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in told:
        groups.setdefault((one["state"], _summary(one)), []).append(one)
    rows = [
        [str(len(members)), state, because, f"{members[0]['key'][:SHOWN]} {members[0]['label']}"]
        for (state, because), members in groups.items()
    ]
    printer.show(
        printer.table(f"{len(told)} cells", ["cells", "state", "because", "such as"], rows, right=["cells"])
    )


def _summary(one: Mapping[str, Any]) -> str:
    if not one["differences"]:
        return str(one["because"] or "")
    changed = []
    for d in one["differences"]:
        what = ", ".join(d["parts"]) or f"{_short(d['then'])} -> {_short(d['now'])}"
        changed.append(f"{d['field']}: {what}")
    return "; ".join(changed)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text[:SHOWN] if re.fullmatch(r"[0-9a-f]{64}", text) else text
