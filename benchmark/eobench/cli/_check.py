"""`eobench check NAME`: a plugin's contract, tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from eobench.cli._common import DataOption, JsonOption, PluginOption

if TYPE_CHECKING:
    from rich.table import Table

    from eobench.plugin import Places, Registry
    from eobench.testing import Outcome

Kind = Literal["method", "dataset", "base-model"]
SHELVES: dict[Kind, str] = {"method": "methods", "dataset": "datasets", "base-model": "base_models"}
WORDS: dict[Kind, str] = {"method": "method", "dataset": "data set", "base-model": "base model"}
STYLES = {"passed": "green", "failed": "bold red", "not applicable": "dim"}
SHOWN_TRACE_LINES = 6


def _complete(incomplete: str) -> list[str]:
    import os
    from pathlib import Path

    from eobench.cli import _common

    root = os.environ.get("EOBENCH_DATA")
    found = _common.registry(_common.places(Path(root) if root else None), ())
    return sorted({n for shelf in SHELVES.values() for n in getattr(found, shelf) if n.startswith(incomplete)})


def check(
    name: Annotated[
        str,
        typer.Argument(
            help="A method, data set or base model: name, name[option=value], or kind:name "
            "(method:, dataset:, base-model:) where two are called the same.",
            autocompletion=_complete,
        ),
    ],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CHECK", help="Run this check only; may be repeated.", show_default=False),
    ] = None,
    base_model: Annotated[
        str | None,
        typer.Option("--base-model", help="The base model that a method is tried with.", show_default=False),
    ] = None,
    data: DataOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try whether a method, data set or base model keeps its contract; exit 0: it does, 1: it does not."""
    from eobench.cli import _common
    from eobench.data import EobenchError
    from eobench.testing import check_names

    where = _common.places(data)
    registry = _common.registry(where, plugin)
    subjects = _find(registry, name)
    if base_model is not None and all(kind != "method" for kind, _ in subjects):
        raise EobenchError(f"--base-model is for methods; {name!r} is a {WORDS[subjects[0][0]]}")
    reports = []
    for kind, selector in subjects:
        names = [n for n in check_names(kind) if not only or n in only]
        with _progress(selector, names, quiet=as_json) as say:
            outcomes = list(_told(_run(kind, selector, registry, where, base_model, only or ()), say))
        reports.append(Report(kind, selector, outcomes))
    if as_json:
        _common.print_json([asdict(report) for report in reports])
    else:
        for report in reports:
            _show(report)
    raise typer.Exit(int(any(o.status == "failed" for report in reports for o in report.outcomes)))


@dataclass(frozen=True, slots=True)
class Report:
    """What a suite said."""

    kind: Kind
    name: str
    outcomes: list[Outcome]


def _find(registry: Registry, name: str) -> list[tuple[Kind, str]]:
    """Return kind and selector of every object of that name."""
    from eobench.data import unknown
    from eobench.plugin import PluginError, Selector

    kind, colon, rest = name.partition(":")
    wanted = [k for k in SHELVES if colon and k == kind.replace("_", "-")]
    selector = rest if wanted else name
    wanted = wanted or list(SHELVES)
    plain = Selector.parse(selector).name
    found = [(k, selector) for k in wanted if plain in getattr(registry, SHELVES[k])]
    if not found:
        known = [n for k in wanted for n in getattr(registry, SHELVES[k])]
        what = WORDS[wanted[0]] if len(wanted) == 1 else "method, data set or base model"
        raise PluginError(unknown(what, plain, known))
    return found


def _run(
    kind: Kind,
    selector: str,
    registry: Registry,
    where: Places,
    base_model: str | None,
    only: Sequence[str],
) -> Iterator[Outcome]:
    from eobench import testing

    if kind == "method":
        return testing.check_method(selector, registry, where, base_model=base_model, only=only)
    if kind == "dataset":
        return testing.check_dataset(selector, registry, where, only=only)
    return testing.check_base_model(selector, registry, where, only=only)


@contextmanager
def _progress(title: str, names: Sequence[str], *, quiet: bool) -> Iterator[Callable[[Outcome], None]]:
    """Show on a terminal which check is running; yields a callable that takes each outcome."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    counts: dict[str, int] = {}

    def words() -> str:
        done = sum(counts.values())
        running = f" is running: {names[done]}" if done < len(names) else ""
        return f"{escape(title)}: check {min(done + 1, len(names))} of {len(names)}{running} ({_counts(counts)})"

    with console.status(words()) as status:

        def say(outcome: Outcome) -> None:
            counts[outcome.status] = counts.get(outcome.status, 0) + 1
            status.update(words())

        yield say


def _told(outcomes: Iterable[Outcome], say: Callable[[Outcome], None]) -> Iterator[Outcome]:
    for outcome in outcomes:
        say(outcome)
        yield outcome


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{counts[status]} {status}" for status in STYLES if counts.get(status)) or "none yet"


def _show(report: Report) -> None:
    from rich.text import Text

    from eobench.cli import _common

    outcomes = report.outcomes
    _common.show(_table(report))
    for outcome in outcomes:
        if outcome.trace:
            last = outcome.trace.rstrip().splitlines()[-SHOWN_TRACE_LINES:]
            text = "\n".join(["", f"{outcome.check} (the whole traceback is in --json):", *last])
            _common.show(Text(text, style="red"))
    counts = {status: sum(o.status == status for o in outcomes) for status in STYLES}
    seconds = sum(o.seconds for o in outcomes)
    style = "bold red" if counts["failed"] else "bold green"
    _common.show(Text(f"{report.name}: {_counts(counts)} in {seconds:.1f} s", style=style))


def _table(report: Report) -> Table:
    """The table: a pass says what holds, a failure why, dim what does not apply."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = Text(f"{WORDS[report.kind]} {report.name}", style="bold")
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("", no_wrap=True)
    made.add_column("check", overflow="fold")
    made.add_column("s", justify="right", no_wrap=True)
    for outcome in report.outcomes:
        style = STYLES[outcome.status]
        what = Text(outcome.check, style=style if outcome.status != "passed" else "")
        if outcome.status == "passed":
            what.append(f"\n{outcome.doc}", style="dim")
        if outcome.reason:
            what.append(f"\n{outcome.reason}", style="red" if outcome.status == "failed" else "dim")
        mark = "n/a" if outcome.status == "not applicable" else outcome.status
        made.add_row(Text(mark, style=style), what, Text(f"{outcome.seconds:.1f}", style="dim"))
    return made
