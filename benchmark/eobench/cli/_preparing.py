"""Shows how far a data set's preparation is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from eobench.data import Preparation

LINE_EVERY_SECONDS = 10.0
FIRST_SHOWN_SECONDS = 1.0  # what is made at once needs no bar


@contextmanager
def shown_preparation() -> Iterator[None]:
    """Within this context, the preparation of data sets is shown on stderr.

    Ctrl-C says what is kept of it, and goes on as an exit with code 130.
    """
    from eobench.data import progress_to

    display = _Bar() if sys.stderr.isatty() else _Lines()
    try:
        with progress_to(display.update):
            yield
    except KeyboardInterrupt as stop:
        display.close()
        for note in getattr(stop, "__notes__", ("interrupted",)):
            typer.echo(note, err=True)
        raise typer.Exit(130) from None
    finally:
        display.close()


def line(moment: Preparation, seconds: float) -> str:
    """Return one line: `simulated-fields: 1,200/6,000 samples of 5 MiB, 640 samples/s, 8 s left`.

    Args:
        moment: how far it is.
        seconds: since this preparation began.
    """
    from eobench.cli._display import duration

    words = [f"{_name(moment.folder)}: {moment.done:,}/{moment.total:,} {moment.unit}"]
    if moment.size:
        words[0] += f" of {_size(moment.size)}"
    if moment.resumed:
        words.append(f"{moment.resumed:,} from before")
    if seconds > 0 and moment.done > moment.resumed:
        speed = (moment.done - moment.resumed) / seconds
        words.append(f"{speed:,.0f} {moment.unit}/s")
        if moment.done < moment.total:
            words.append(f"{duration((moment.total - moment.done) / speed)} left")
    return ", ".join(words)


class _Clock:
    """Notices when another folder begins."""

    def __init__(self) -> None:
        self._folder: str | None = None
        self._start = 0.0

    def seconds(self, moment: Preparation) -> float | None:
        """Seconds since its folder was begun; None at its beginning."""
        now = time.monotonic()
        if moment.folder != self._folder:
            self._folder, self._start = moment.folder, now
            return None
        return now - self._start


class _Lines:
    """A line every ten seconds, and one at the end of what took longer."""

    def __init__(self) -> None:
        self._clock = _Clock()
        self._last = 0.0

    def update(self, moment: Preparation) -> None:
        seconds = self._clock.seconds(moment)
        if seconds is None:
            self._last = 0.0
            return
        due = seconds - self._last >= LINE_EVERY_SECONDS
        if due or (moment.done == moment.total and self._last):
            self._last = seconds
            typer.echo(line(moment, seconds), err=True)

    def close(self) -> None:
        pass


class _Bar:
    """A live bar, which stays where a set took long enough to be shown."""

    def __init__(self) -> None:
        self._clock = _Clock()
        self._shown: tuple[Progress, TaskID] | None = None

    def update(self, moment: Preparation) -> None:
        seconds = self._clock.seconds(moment)
        if seconds is None:
            self.close()
        elif self._shown is not None or seconds >= FIRST_SHOWN_SECONDS:
            self._shown = self._shown or self._begin()
            bar, task = self._shown
            bar.update(task, total=moment.total, completed=moment.done, told=line(moment, seconds), refresh=True)

    def _begin(self) -> tuple[Progress, TaskID]:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        told = TextColumn("{task.fields[told]}", markup=False)
        bar = Progress(BarColumn(24), told, console=Console(stderr=True))
        bar.start()
        return bar, bar.add_task("", total=None, told="")

    def close(self) -> None:
        if self._shown is not None:
            self._shown[0].stop()
        self._shown = None


def _name(folder: str) -> str:
    """A prepared folder is called by its data set and a hash."""
    return re.sub(r"-[0-9a-f]{12,}$", "", folder)


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
