"""Write all reference pages: `python scripts/reference.py [--check]`.

docs/commands.md from the command line, docs/columns.md from the row's schema and the metrics, docs/plugins.md from
the cards of the plugins that eobench ships, docs/api/*.md from the docstrings (`api_reference.py`).
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import api_reference
import typer

from eobench.cli._app import app
from eobench.plugin import (
    BaseModelCard,
    Card,
    Choice,
    DatasetCard,
    MethodCard,
    MetricCard,
    Param,
    Places,
    Range,
    Registry,
    Shelf,
    discover,
    format_value,
)
from eobench.results import COLUMNS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs"
COMMAND = "python scripts/reference.py"
NOTE = f"*Written from {{}} by `{COMMAND}`; do not edit.*"
GROUPS = {
    "identity": "What was asked for.",
    "status": "How it ended ([running](running.md)).",
    "cost": "What it cost.",
    "provenance": "Where it was computed, and with what.",
}
TYPES = {
    "text": "text",
    "integer": "64-bit integer",
    "number": "64-bit float",
    "flag": "true/false",
    "texts": "list of texts",
    "numbers": "list of floats",
    "counts": "list of lists of integers",
}
SHAPES = {"number": "64-bit float", "per-class": "list of floats, one a class", "matrix": "K x K table of counts"}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(str(c)) for c in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return api_reference.escaped(re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split())))


def first_party() -> Registry:
    """Return what the plugins of this distribution give, without a data root: the same on every machine."""
    return discover(Places(data=None, cache=Path("cache")))


def ours(registry: Registry, shelf: Shelf[Any]) -> Iterator[Any]:
    """Yield the cards of a shelf that eobench itself gives."""
    names = {p.name for p in registry.plugins if (p.distribution or "").split(" ")[0] == "eobench"}
    yield from (card for name, card in shelf.items() if shelf.owner(name) in names)


def columns() -> str:
    """Return docs/columns.md."""
    registry = first_party()
    blocks = ["# Columns of `results.parquet`", NOTE.format("the row's schema and the metrics' cards")]
    blocks.append(
        "One row is one cell; a column that does not apply to it is null. [Leaderboards](leaderboards.md) tells "
        "what is made of them, [metrics](metrics.md) how each metric is computed."
    )
    for group in dict.fromkeys(c.group for c in COLUMNS):
        blocks += [f"## {group.capitalize()}", GROUPS[group]]
        rows = [[f"`{c.name}`", TYPES[c.type], c.doc] for c in COLUMNS if c.group == group]
        blocks.append(table(["column", "type", "what it is"], rows))
    blocks += ["## Metrics", "Filled where the metric applies to the cell's level, targets and outputs."]
    metrics = [(card, column) for card in ours(registry, registry.metrics) for column in card.columns]
    rows = [[f"`{c.name}`", SHAPES[c.shape], c.better or "", card.name, c.doc] for card, c in metrics]
    blocks.append(table(["column", "type", "better", "metric", "what it is"], rows))
    return "\n\n".join(blocks) + "\n"


def plugins() -> str:
    """Return docs/plugins.md."""
    registry = first_party()
    blocks = ["# What eobench ships", NOTE.format("the plugins' cards")]
    blocks.append(
        "`eobench list` shows what is installed on your machine, plugins of others included; `eobench info NAME` "
        "shows one of them. Options are written in brackets: `random-forest[trees=100]`. Those marked *execution* "
        "change no number and stay out of a cell's key."
    )
    kinds = ("methods", "base_models", "datasets", "suites", "metrics", "executors", "listeners")
    for kind in kinds:
        blocks.append(f"## {kind.replace('_', ' ').replace('datasets', 'data sets').capitalize()}")
        shelf: Shelf[Any] = getattr(registry, kind)
        for card in ours(registry, shelf):
            blocks += _card(card)
    return "\n\n".join(blocks) + "\n"


def _card(card: Card) -> Iterator[str]:
    yield f"### {card.name}"
    yield api_reference.escaped(card.summary[:1].upper() + card.summary[1:].rstrip(".") + ".")
    facts = {k: v for k, v in _facts(card).items() if v}
    if facts:
        yield "\n".join(f"- {k}: {v}" for k, v in facts.items())
    if card.params:
        rows = [[f"`{p.name}`", f"`{format_value(p.default)}`", _allowed(p), p.doc] for p in card.params]
        yield table(["option", "default", "allowed", "what it does"], rows)


def _allowed(param: Param) -> str:
    return param.allowed.replace("'", "`") + (" (*execution*)" if param.execution else "")


def _facts(card: Card) -> dict[str, str]:
    facts: dict[str, str] = {}
    if isinstance(card, MethodCard):
        facts["levels"] = ", ".join(f"`{level}`" for level in card.levels)
        facts["inputs"] = ", ".join(card.kinds) + (" (label maps too)" if "dense" in card.targets else "")
        facts["gives"] = ", ".join(card.outputs)
        facts["base model"] = f"{card.needs_base_model}" if card.needs_base_model else ""
        facts["budgets"] = ", ".join(f"`{name}` {budget}" for name, budget in card.budgets.items())
    elif isinstance(card, BaseModelCard):
        facts["takes"], facts["gives"] = card.takes, card.gives
        for name, space in card.spaces.items():
            facts[f"space `{name}`"] = ", ".join(f"`{p}` {_space(s)}" for p, s in space.items())
    elif isinstance(card, DatasetCard):
        facts["origin"] = card.origin
        facts["get it"] = card.get
    elif isinstance(card, MetricCard):
        facts["columns"] = ", ".join(f"[`{c.name}`](columns.md#metrics)" for c in card.columns)
        facts["needs"] = ", ".join(card.needs)
        facts["levels"] = ", ".join(f"`{level}`" for level in card.levels)
    facts["citation"] = card.citation or ""
    facts["licence"] = card.licence or ""
    return facts


def _space(space: Choice | Range) -> str:
    if isinstance(space, Choice):
        return "one of " + ", ".join(format_value(v) for v in space.values)
    return f"from {space.low:g} to {space.high:g}" + (" (log)" if space.log else "")


def commands() -> str:
    """Return docs/commands.md."""
    blocks = ["# Commands", NOTE.format("the command line")]
    blocks.append(
        "Every command has `--help`; listings and reports have `--json`. Exit codes: 0 all is well, 1 some cells "
        "or checks failed, 2 the request was wrong and nothing was done, 130 interrupted."
    )
    for path, command in walk(typer.main.get_command(app), "eobench"):
        if path != "eobench" and _below(command):
            continue
        blocks += [f"## {path}", f"```\n{_usage(path, command)}\n```", _help(command)]
        rows = [_parameter(p) for p in command.params]
        if rows:
            blocks.append(table(["argument or option", "default", "what it does"], rows))
    return "\n\n".join(block for block in blocks if block) + "\n"


def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield a command and all below it, with the words that call them."""
    yield path, command
    for name, below in _below(command).items():
        yield from walk(below, f"{path} {name}")


def _below(command: Any) -> dict[str, Any]:
    return getattr(command, "commands", {})


def _help(command: Any) -> str:
    text = re.sub(r"(?<![`\w])--[a-z][\w-]*", r"`\g<0>`", inspect.cleandoc(command.help or ""))
    return api_reference.escaped(text)


def _usage(path: str, command: Any) -> str:
    words = [_metavar(p) if p.required else f"[{_metavar(p)}]" for p in command.params if _is_argument(p)]
    return " ".join([path, *words, "[OPTIONS]", *(["COMMAND ..."] if _below(command) else [])])


def _is_argument(parameter: Any) -> bool:
    return not parameter.opts[0].startswith("-")


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _parameter(parameter: Any) -> list[str]:
    told = getattr(parameter, "help", None) or ""
    if _is_argument(parameter):
        name = f"`{_metavar(parameter)}`"
    else:
        name = ", ".join(f"`{o}`" for o in [*parameter.opts, *parameter.secondary_opts])
        name += "" if parameter.is_flag else f" `{_metavar(parameter)}`"
    # Typer 0.29 has its own copy of click, which keeps an enumeration here.
    kind = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    if isinstance(kind, type) and issubclass(kind, Enum):
        told += " One of " + ", ".join(f"`{c.value}`" for c in kind) + "."
    if parameter.envvar:
        told += f" Also `{parameter.envvar}`."
    return [name, _default(parameter), told]


def _default(parameter: Any) -> str:
    value = parameter.default
    if value in (None, False, "") or callable(value) or parameter.required:
        return ""
    if value is True:
        return f"`{parameter.opts[0]}`"
    return f"`{value}`"


def pages() -> Mapping[str, str]:
    """Return all pages: path below docs -> Markdown."""
    api = {f"api/{name}": text for name, text in api_reference.reference().items()}
    return {"commands.md": commands(), "columns.md": columns(), "plugins.md": plugins(), **api}


def main() -> None:
    """Write the pages, or, with `--check`, say which are old."""
    try:
        written = pages()
    except api_reference.DocstringError as error:
        sys.exit(f"the API reference cannot be written:\n{error}")
    (FOLDER / "api").mkdir(exist_ok=True)
    old = [n for n, t in written.items() if not (FOLDER / n).exists() or (FOLDER / n).read_text("utf-8") != t]
    if "--check" in sys.argv:
        sys.exit(f"docs: {', '.join(old)}: run {COMMAND}" if old else 0)
    for name in old:
        (FOLDER / name).write_text(written[name], encoding="utf-8")
    print(f"docs: {', '.join(old) or 'nothing'} written")


if __name__ == "__main__":
    main()
