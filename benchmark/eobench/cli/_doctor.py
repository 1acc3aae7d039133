"""`eobench doctor`: what of this machine, its data and its plugins works, and what to do about the rest."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eobench.cli._common import DataOption, PluginOption

if TYPE_CHECKING:
    from eobench.cli._doctor_run import Finding, Probe

COLOURS = {"ok": typer.colors.GREEN, "warning": typer.colors.YELLOW, "problem": typer.colors.RED}
WIDTH = 110  # of a line, at most


def doctor(
    data: DataOption = None,
    plugin: PluginOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a report.")] = False,
) -> None:
    """Look at software, machine, data, cache, tracking and plugins: what works, and what to do about the rest.

    Exit codes: 0 no problem (there may be warnings), 1 at least one.
    """
    from eobench.cli import _common
    from eobench.cli._doctor_run import World, examine

    cache, wrong = _cache()
    world = World(data.absolute() if data else None, cache, tuple(plugin or ()))
    groups: dict[str, list[Finding]] = {"software": wrong} if wrong else {}
    probes = {f"{group}/{name}": probe for group, part in _probes().items() for name, probe in part.items()}
    for key, found in examine(world, probes).items():
        groups.setdefault(key.partition("/")[0], []).extend(found)
    states = [f.state for found in groups.values() for f in found]
    if as_json:
        told = {
            "problems": states.count("problem"),
            "warnings": states.count("warning"),
            "findings": [
                {"group": g, "subject": f.subject, "state": f.state, "text": f.text, "advice": f.advice or None}
                for g, found in groups.items()
                for f in found
            ],
        }
        _common.print_json(told)
    else:
        width = min(shutil.get_terminal_size().columns, WIDTH)
        typer.echo("\n".join(_report(groups, width)))
    raise typer.Exit(1 if "problem" in states else 0)


def _cache() -> tuple[Path, list[Finding]]:
    """Where the cache lies (as `_common.places` says, but without NumPy); where that cannot be told, a guess."""
    from eobench.cli._doctor_run import Finding

    try:
        cache = os.environ.get("EOBENCH_CACHE")
        if cache:
            return Path(cache).expanduser().absolute(), []
        from platformdirs import user_cache_path

        return user_cache_path("eobench").absolute(), []
    except Exception as error:
        text = f"where it lies cannot be told: {type(error).__name__}: {error}"
        advice = "name a folder with EOBENCH_CACHE, or install eobench again"
        return Path(".cache").absolute(), [Finding("cache", "problem", text, advice)]


def _probes() -> Mapping[str, Mapping[str, Probe]]:
    from eobench.cli import _doctor_machine as machine
    from eobench.cli import _doctor_places as places

    return {
        "software": {"versions": machine.software, "torch": machine.torch, "plugins": places.plugins},
        "machine": {"machine": machine.machine},
        "places": {"data root": places.data, "cache": places.cache, "tracking": places.tracking},
    }


def _report(groups: Mapping[str, Sequence[Finding]], width: int) -> list[str]:
    """The lines of the report: state, subject, text; what to do stands below, after an arrow."""
    findings = [f for found in groups.values() for f in found]
    wide = max(len(f.subject) for f in findings)
    indent = " " * (2 + 9 + wide + 2)
    lines: list[str] = []
    for group, found in groups.items():
        lines += ["", typer.style(group, bold=True)]
        for f in found:
            head = f"  {typer.style(f'{f.state:<9}', fg=COLOURS[f.state])}{f.subject:<{wide}}  "
            text = _wrapped(f.text, width - len(indent))
            lines += [head + text[0], *(indent + line for line in text[1:])]
            if f.advice:
                advice = _wrapped(f.advice, width - len(indent) - 3)
                lines += [indent + ("-> " if k == 0 else "   ") + line for k, line in enumerate(advice)]
    counts = {state: sum(f.state == state for f in findings) for state in ("problem", "warning", "ok")}
    worst = next(state for state, n in counts.items() if n or state == "ok")
    total = f"{_many(counts['problem'], 'problem')}, {_many(counts['warning'], 'warning')}, {counts['ok']} ok"
    return [*lines[1:], "", typer.style(total, fg=COLOURS[worst], bold=True)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 30), break_long_words=False, break_on_hyphens=False) or [""]


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
