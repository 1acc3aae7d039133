"""`eobench list`: what the plugins give."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eobench.cli._common import DataOption, JsonOption, PluginOption

if TYPE_CHECKING:
    from eobench.plugin import Card, Registry


_SUMMARY = 40  # characters of a line that a summary needs
_FIRST_TO_GO = ("plugin", "columns", "spaces", "needs", "origin")


class Kind(StrEnum):
    """What can be listed."""

    methods = "methods"
    datasets = "datasets"
    base_models = "base-models"
    metrics = "metrics"
    executors = "executors"
    suites = "suites"
    listeners = "listeners"
    plugins = "plugins"


def list_(
    kind: Annotated[Kind | None, typer.Argument(help="What to list; all of it by default.")] = None,
    data: DataOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """List methods, data sets, base models, metrics, suites and plugins."""
    from eobench.cli import _common

    registry = _common.registry(_common.places(data), plugin)
    kinds = [kind] if kind else [k for k in Kind if k not in (Kind.executors, Kind.listeners)]
    rows = {k.value: _rows(registry, k) for k in kinds}
    if as_json:
        _common.print_json(rows)
        return
    for name, found in rows.items():
        columns = _fitting(found)
        shown = [[_cell(row.get(c)) for c in columns] for row in found]
        _common.show(_common.table(f"{name} ({len(found)})", columns, shown, whole=["name"]))


def _fitting(rows: list[dict[str, Any]]) -> list[str]:
    """Leave columns out until a line has room for a summary: they are in `eobench info` and in `--json`."""
    from eobench.cli import _common

    columns = list(rows[0]) if rows else ["name"]
    taken = _common.widths(columns, [[_cell(row.get(c)) for c in columns] for row in rows])
    if taken.pop("summary", None) is None:
        return columns
    kept = _common.fitting(taken, _FIRST_TO_GO, _common.terminal_width() - _SUMMARY)
    return [c for c in columns if c in kept or c == "summary"]


def _cell(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _rows(registry: Registry, kind: Kind) -> list[dict[str, Any]]:
    if kind is Kind.plugins:
        return [
            {"name": p.name, "module": p.module, "from": p.distribution, "state": p.broken or "ok"}
            for p in registry.plugins
        ]
    shelf = getattr(registry, kind.value.replace("-", "_"))
    return [_row(kind, card) | {"plugin": shelf.owner(name)} for name, card in shelf.items()]


def _row(kind: Kind, card: Card) -> dict[str, Any]:
    from eobench.plugin import BaseModelCard, DatasetCard, MethodCard, MetricCard

    row: dict[str, Any] = {"name": card.name}
    if isinstance(card, MethodCard):
        row |= {"levels": list(card.levels), "needs": card.needs_base_model}
    elif isinstance(card, DatasetCard):
        row |= {"origin": card.origin}
    elif isinstance(card, BaseModelCard):
        row |= {"takes": card.takes, "gives": card.gives, "spaces": list(card.spaces)}
    elif isinstance(card, MetricCard):
        row |= {"columns": [c.name for c in card.columns], "needs": list(card.needs)}
    del kind
    return row | {"summary": card.summary}
