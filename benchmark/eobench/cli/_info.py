"""`eobench info NAME`: one card in full, with its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eobench.cli._common import DataOption, JsonOption, PluginOption

if TYPE_CHECKING:
    from eobench.plugin import Card, Registry

SHELVES = ("methods", "datasets", "base_models", "metrics", "suites", "executors", "listeners")


def _complete(incomplete: str) -> list[str]:
    import os
    from pathlib import Path

    from eobench.cli import _common

    root = os.environ.get("EOBENCH_DATA")
    found = _common.registry(_common.places(Path(root) if root else None), ())
    return sorted(n for shelf in SHELVES for n in getattr(found, shelf) if n.startswith(incomplete))


def info(
    name: Annotated[str, typer.Argument(help="A method, data set, base model, ...", autocompletion=_complete)],
    data: DataOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one method, data set, base model or metric: what it is, what it accepts, every option."""
    from eobench.cli import _common
    from eobench.plugin import Selector

    where = _common.places(data)
    registry = _common.registry(where, plugin)
    found = _find(registry, Selector.parse(name).name)
    told = [_describe(kind, card) for kind, card in found]
    if as_json:
        _common.print_json(told)
        return
    for card in told:
        _print(card)


def _find(registry: Registry, name: str) -> list[tuple[str, Card]]:
    from eobench.data import unknown
    from eobench.plugin import PluginError

    found = [(s, getattr(registry, s)[name]) for s in SHELVES if name in getattr(registry, s)]
    if not found:
        raise PluginError(unknown("name", name, (n for s in SHELVES for n in getattr(registry, s))))
    return found


def _describe(kind: str, card: Card) -> dict[str, Any]:
    from eobench.plugin import BaseModelCard, DatasetCard, MethodCard, MetricCard

    told: dict[str, Any] = {"kind": kind.removesuffix("s").replace("_", " "), "name": card.name}
    told |= {"summary": card.summary, "citation": card.citation, "licence": card.licence, "load": card.load}
    if isinstance(card, MethodCard):
        told |= {
            "levels": list(card.levels),
            "inputs": list(card.kinds),
            "targets": list(card.targets),
            "outputs": list(card.outputs),
            "base model": card.needs_base_model,
            "budgets": {k: str(v) for k, v in card.budgets.items()},
        }
    elif isinstance(card, DatasetCard):
        told |= {"origin": card.origin, "get": card.get or None}
    elif isinstance(card, BaseModelCard):
        spaces = {name: {p: _space(s) for p, s in space.items()} for name, space in card.spaces.items()}
        told |= {"takes": card.takes, "gives": card.gives, "spaces": spaces}
    elif isinstance(card, MetricCard):
        told |= {"columns": {c.name: c.doc for c in card.columns}, "needs": list(card.needs)}
    options = [
        {
            "name": p.name,
            "default": p.default,
            "allowed": p.allowed,
            "in the key": "no" if p.execution else "yes",
            "what": p.doc,
        }
        for p in card.params
    ]
    return told | {"options": options}


def _space(space: Any) -> str:
    if hasattr(space, "values"):
        return "{" + ", ".join(map(str, space.values)) + "}"
    return f"[{space.low:g}, {space.high:g}]" + (" log" if space.log else "")


def _print(card: dict[str, Any]) -> None:
    from rich.markup import escape

    from eobench.cli import _common

    options = card.pop("options")
    lines = [f"[bold]{escape(card['name'])}[/bold] ({card['kind']}): {escape(card['summary'])}"]
    for key, value in card.items():
        if key in ("name", "kind", "summary", "load") or value in (None, [], {}):
            continue
        if isinstance(value, dict):
            lines += [f"  {key}:"] + [f"    {escape(str(k))}: {escape(str(v))}" for k, v in value.items()]
        else:
            lines.append(f"  {key}: {escape(', '.join(value) if isinstance(value, list) else str(value))}")
    _common.show("\n".join(lines))
    if options:
        rows = [[_written(o[c]) for c in o] for o in options]
        _common.show(_common.table("options", list(options[0]), rows))


def _written(value: Any) -> str:
    from eobench.plugin import format_value

    return format_value(value)
