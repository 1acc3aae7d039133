"""`eobench data`: the data sets at hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eobench.cli._common import DataOption, JsonOption, PluginOption

if TYPE_CHECKING:
    from eobench.data import SampleFolder
    from eobench.plugin import Dataset, Places, Registry

app = typer.Typer(help="Look at data sets, prepare and check them.", rich_markup_mode=None, no_args_is_help=True)


def _complete(incomplete: str) -> list[str]:
    import os

    from eobench.cli import _common

    root = os.environ.get("EOBENCH_DATA")
    found = _common.registry(_common.places(Path(root) if root else None), ())
    return [n for n in found.datasets if n.startswith(incomplete)]


NameArgument = Annotated[
    str, typer.Argument(help="A data set: name, or name[option=value].", autocompletion=_complete)
]
NamesArgument = Annotated[
    list[str],
    typer.Argument(metavar="NAME...", help="Data sets: name, or name[option=value].", autocompletion=_complete),
]


@app.command("list")
def list_(data: DataOption = None, plugin: PluginOption = None, as_json: JsonOption = False) -> None:
    """List the data sets, at hand or not."""
    from eobench.cli import _common

    registry = _common.registry(_common.places(data), plugin)
    rows = [
        {"name": c.name, "origin": c.origin, "licence": c.licence, "summary": c.summary}
        for c in registry.datasets.values()
    ]
    if as_json:
        _common.print_json(rows)
        return
    columns = ["name", "origin", "summary"]
    _common.show(_common.table(f"data sets ({len(rows)})", columns, [[r[c] for c in columns] for r in rows]))


@app.command()
def info(
    name: NameArgument, data: DataOption = None, plugin: PluginOption = None, as_json: JsonOption = False
) -> None:
    """Show what a data set holds: modalities, classes, splits with their sizes, tables, licence."""
    from eobench.cli import _common

    where = _common.places(data)
    folder = _open(_common.registry(where, plugin), where, name)
    told = _describe(folder)
    if as_json:
        _common.print_json(told)
        return
    splits = told.pop("splits")
    for key, value in told.items():
        _common.show(f"[bold]{key}[/bold]: {_text(value)}")
    rows = [[s["name"], s["whole"], s["train"], s["val"], s["test"]] for s in splits]
    columns = ["split", "whole", "train", "val", "test"]
    _common.show(_common.table("splits (rows)", columns, rows, right=columns[2:]))


@app.command()
def prepare(names: NamesArgument, data: DataOption = None, plugin: PluginOption = None) -> None:
    """Generate or convert data sets now, and print where they lie.

    Shows progress. What is interrupted or killed goes on where it stopped when it is asked for again.
    """
    from eobench.cli import _common

    where = _common.places(data)
    registry = _common.registry(where, plugin)
    for name in names:  # a mistake in the last is told before hours are spent on the first
        _make(registry, where, name)
    for name in names:
        typer.echo(_open(registry, where, name).path)


@app.command()
def verify(
    name: NameArgument, data: DataOption = None, plugin: PluginOption = None, as_json: JsonOption = False
) -> None:
    """Check a data set: values and labels, groups kept whole, training rows that the test split repeats."""
    from eobench.cli import _common
    from eobench.data import check_folder

    where = _common.places(data)
    findings = check_folder(_open(_common.registry(where, plugin), where, name).path)
    if as_json:
        _common.print_json([{"level": f.level, "text": f.text} for f in findings])
    else:
        _common.show(_common.table(name, ["level", "finding"], [[f.level, f.text] for f in findings]))
    raise typer.Exit(1 if any(f.level == "error" for f in findings) else 0)


def _open(registry: Registry, where: Places, name: str) -> SampleFolder:
    from eobench.cli._preparing import shown_preparation
    from eobench.data import open_folder

    with shown_preparation():
        return open_folder(_make(registry, where, name).folder())


def _make(registry: Registry, where: Places, name: str) -> Dataset:
    from eobench.plugin import Selector, make_dataset

    selector = Selector.parse(name)
    card = registry.datasets[selector.name]
    params = {k: v for k, v in selector.params.items() if k not in ("split", "modalities")}
    return make_dataset(card, card.resolve(params), where)


def _describe(folder: SampleFolder) -> dict[str, Any]:
    header = folder.header
    splits = []
    for split in header.splits.values():
        counts = folder.counts(split.name)
        name = split.name + (" (default)" if split.name == header.default_split else "")
        splits.append(
            {"name": name, "whole": split.whole, "train": counts.train, "val": counts.val, "test": counts.test}
        )
    return {
        "name": header.name,
        "title": header.title,
        "task": header.task,
        "samples": header.samples,
        "modalities": {m.info.name: f"{m.info.kind} {m.info.sizes}" for m in header.modalities.values()},
        "classes": list(header.classes),
        "groups": list(header.groups),
        "flags": list(header.flags),
        "tables": {t.name: f"by {t.by}, {'exact' if t.exact else 'inexact'}" for t in header.tables.values()},
        "pools": list(header.pools),
        "licence": header.meta.get("licence"),
        "quirks": header.meta.get("quirks", []),
        "folder": str(folder.path),
        "splits": splits,
    }


def _text(value: Any) -> str:
    from rich.markup import escape

    if isinstance(value, dict):
        return escape("; ".join(f"{k} {v}" for k, v in value.items()) or "none")
    if isinstance(value, list):
        return escape(", ".join(map(str, value)) or "none")
    return escape(str(value))
