"""`eobench run`: run what is missing, then write the leaderboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eobench.cli._common import DataOption, JsonOption, PluginOption
from eobench.cli._request import SelectOption, TasksArgument

if TYPE_CHECKING:
    from eobench.cli._request import Request
    from eobench.run import RunOptions, RunOutcome

SHOWN_FAILURES = 10


def run(
    tasks: TasksArgument,
    select: SelectOption = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="STATUSES", help="Run again the cells that ended so: failed,timeout,oom,not-run."),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Cells at once; by default one a core.")] = None,
    executor: Annotated[str, typer.Option(help="Where cells run: pool, serial, dask or a plugin's.")] = "pool",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    cell_seconds: Annotated[float | None, typer.Option(min=0.001, help="Wall-clock limit of one cell.")] = None,
    cell_memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Memory limit of one cell: 8GiB.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of leaderboards.")] = Path("leaderboards"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    tracking: Annotated[
        bool, typer.Option("--tracking/--no-tracking", help="Tell MLflow and other listeners.")
    ] = True,
    data: DataOption = None,
    plugin: PluginOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the cells of a task file that have no row yet, and write leaderboards/<name>/.

    Exit codes: 0 none failed, ran out of time or of memory; 1 some did (their rows say why);
    2 the request was wrong; 130 interrupted (start it again: it goes on where it stopped).
    """
    from eobench.cli import _board, _common, _plan, _request
    from eobench.cli._display import Display

    request = _request.read(tasks, data, plugin, select)
    if dry_run:
        _plan.show(request, cells=False, as_json=as_json, printer=_common)
        return
    _check(request)
    options = _options(request, only, jobs, executor, device, cell_seconds, cell_memory, plugin, tracking)
    target = out / request.tasks.name
    _check_writable(target)
    from eobench.run import run as run_cells

    notes: list[str] = []
    with Display(quiet=quiet or as_json) as display:
        outcome = run_cells(
            request.selected,
            request.registry,
            request.places,
            request.tasks.name,
            options,
            progress=display.update,
            warn=display.say,
            settled=lambda outcome: notes.extend(_board.refresh(request, target, outcome)),
        )
    _report(request, outcome, target, notes, as_json=as_json)
    failed = sum(outcome.counts.get(s, 0) for s in ("failed", "timeout", "oom"))
    raise typer.Exit(130 if outcome.interrupted else 1 if failed else 0)


def _check(request: Request) -> None:
    from eobench.data import EobenchError

    if not request.selected:
        raise EobenchError("nothing to run: --select leaves no cell of the matrix")
    if all(c.status == "unsupported" for c in request.selected):
        reasons = sorted({str(c.reason) for c in request.selected})
        raise EobenchError("nothing to run: every cell is unsupported: " + "; ".join(reasons))


def _options(
    request: Request,
    only: str | None,
    jobs: int | None,
    executor: str,
    device: str,
    cell_seconds: float | None,
    cell_memory: str | None,
    plugin: Sequence[str] | None,
    tracking: bool,
) -> RunOptions:
    from eobench.run import Limits, RunOptions

    limits = request.tasks.limits
    return RunOptions(
        jobs=jobs,
        executor=executor,
        device=device,
        only=tuple(s.strip() for s in only.split(",") if s.strip()) if only else (),
        limits=Limits(
            seconds=cell_seconds if cell_seconds is not None else limits.cell_seconds,
            memory=_memory(cell_memory) if cell_memory is not None else limits.cell_memory,
        ),
        plugins=tuple(plugin or ()),
        listeners=tracking,
    )


def _memory(text: str) -> int:
    from eobench.data import EobenchError
    from eobench.tasks import parse_memory

    try:
        return parse_memory(text)
    except ValueError as error:
        raise EobenchError(f"--cell-memory: {error}") from None


def _check_writable(folder: Path) -> None:
    """Refuse an output that cannot be written before hours are spent on what would go there; leave no trace."""
    import tempfile

    from eobench.data import EobenchError

    there = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise EobenchError(
            f"leaderboard folder {str(folder)!r} cannot be written: {error.strerror or error}; "
            f"choose another with --out, or make it writable"
        ) from error


def _report(
    request: Request, outcome: RunOutcome, folder: Path, warnings: Sequence[str], *, as_json: bool
) -> None:
    from eobench.cli import _common

    failures = [r for r in outcome.rows if r["status"] in ("failed", "timeout", "oom")]
    if as_json:
        _common.print_json(
            {
                "name": request.tasks.name,
                "leaderboard": str(folder),
                "run": str(outcome.folder),
                "counts": dict(outcome.counts),
                "interrupted": outcome.interrupted,
                "failures": [_failure(r) for r in failures],
                "warnings": list(warnings),
            }
        )
        return
    if failures:
        rows = [[r["cell"][:12], _name(r), r["status"], r["reason"]] for r in failures[:SHOWN_FAILURES]]
        title = f"{len(failures)} failed" + (
            f", the first {SHOWN_FAILURES}" if len(failures) > SHOWN_FAILURES else ""
        )
        _common.show(_common.table(title, ["cell", "what", "status", "reason"], rows))
        typer.echo(f"tracebacks: {outcome.folder / 'failures'}   again: eobench run ... --only failed,timeout,oom")
    for text in warnings:
        _common.warn(text)
    counts = ", ".join(f"{n} {status}" for status, n in outcome.counts.items())
    typer.echo(f"{request.tasks.name}: {counts}")
    typer.echo(f"leaderboard: {folder}   page: {folder / 'index.html'}")
    typer.echo(f"look: eobench leaderboard show {folder}")
    if outcome.interrupted:
        typer.echo("interrupted: start it again, and it goes on where it stopped")


def _name(row: Mapping[str, Any]) -> str:
    given = row.get("labels") or row.get("bag_size") or ""
    words = [row["method_label"], row["dataset_label"], row["supervision"], given, row.get("base_model") or ""]
    return " ".join(str(w) for w in words if w != "")


def _failure(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"cell": row["cell"], "what": _name(row), "status": row["status"], "reason": row["reason"]}
