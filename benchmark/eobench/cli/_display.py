"""One live table: done, failed, running, time left. Lines instead where there is no terminal."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

    from eobench.run import Progress

LINE_EVERY_SECONDS = 10.0
SHOWN_RUNNING = 8


class Display:
    """Shows the progress of a run; a context manager whose `update` is the runner's callback.

    Args:
        quiet: show nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console: Console | None = None
        self._live: Live | None = None
        self._last_line = 0.0
        self._last: Progress | None = None

    def __enter__(self) -> Display:
        if self._quiet:
            return self
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True)
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def update(self, progress: Progress) -> None:
        """Show a moment of the run."""
        if self._live is not None:
            self._live.update(render(progress))
        elif not self._quiet:
            now = time.monotonic()
            finished = (
                progress.done == progress.total and self._last is not None and self._last.done < progress.done
            )
            if now - self._last_line >= LINE_EVERY_SECONDS or finished:
                self._last_line = now
                typer.echo(line(progress), err=True)
        self._last = progress

    def say(self, text: str) -> None:
        """Print a warning above the table."""
        if self._live is not None and self._console is not None:
            from rich.text import Text

            self._console.print(Text(f"warning: {text}", style="yellow"))
        else:
            typer.secho(f"warning: {text}", fg=typer.colors.YELLOW, err=True)


def line(progress: Progress) -> str:
    """Return one line: `12/40 done, 1 failed, 2 running, 3 min 10 s left`."""
    words = [f"{progress.done}/{progress.total} done"]
    if progress.cached:
        words[0] += f" ({progress.cached} before)"
    if progress.failed:
        words.append(f"{progress.failed} failed")
    words.append(f"{len(progress.running)} running")
    if progress.eta_seconds is not None and progress.done < progress.total:
        words.append(f"about {duration(progress.eta_seconds)} left")
    if progress.stopping:
        words.append("stopping after the cells in flight; Ctrl-C again stops now")
    return ", ".join(words)


def render(progress: Progress) -> RenderableType:
    """Return the live table."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=max(progress.total, 1), completed=progress.done, width=40)
    head.add_row(bar, Text(line(progress), style="bold red" if progress.failed else "bold"))
    body = Table.grid(padding=(0, 2))
    for label, seconds in progress.running[:SHOWN_RUNNING]:
        body.add_row(Text("  running", style="cyan"), Text(label), Text(duration(seconds), style="dim"))
    if len(progress.running) > SHOWN_RUNNING:
        body.add_row(Text(""), Text(f"... and {len(progress.running) - SHOWN_RUNNING} more", style="dim"))
    return Group(head, body)


def duration(seconds: float) -> str:
    """Return `45 s`, `3 min 10 s` or `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
