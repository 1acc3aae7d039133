"""What the commands under `eobench data` share: names, opening, describing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from eobench.data import Header, SampleFolder
    from eobench.plugin import Dataset, DatasetCard, Places, Registry


def complete(incomplete: str) -> list[str]:
    """Return the data sets whose names begin so."""
    import os

    from eobench.cli import _common

    root = os.environ.get("EOBENCH_DATA")
    found = _common.registry(_common.places(Path(root) if root else None), ())
    return [n for n in found.datasets if n.startswith(incomplete)]


NameArgument = Annotated[
    str, typer.Argument(help="A data set: name, or name[option=value].", autocompletion=complete)
]
NamesArgument = Annotated[
    list[str],
    typer.Argument(metavar="NAME...", help="Data sets: name, or name[option=value].", autocompletion=complete),
]
SomeNamesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME...]", help="Data sets: name, or name[option=value].", autocompletion=complete),
]


def make(registry: Registry, where: Places, name: str) -> Dataset:
    """Return the data set that a selector names; a split or modalities that it chooses are left aside.

    Raises:
        PluginError: there is no such data set, or it has no such option.
    """
    from eobench.plugin import Selector, make_dataset

    selector = Selector.parse(name)
    card = registry.datasets[selector.name]
    params = {k: v for k, v in selector.params.items() if k not in ("split", "modalities")}
    return make_dataset(card, card.resolve(params), where)


def open_set(registry: Registry, where: Places, name: str) -> SampleFolder:
    """Open a data set, preparing it first where it must be; its preparation is shown."""
    from eobench.cli._preparing import shown_preparation
    from eobench.data import open_folder

    with shown_preparation():
        return open_folder(make(registry, where, name).folder())


def at_hand(card: DatasetCard, where: Places) -> tuple[str, Path | None]:
    """Return the state of a data set with default options, and its folder: nothing is prepared for it.

    The state is `here`, `not prepared`, `absent` or `damaged`.
    """
    from eobench.data import DatasetMissingError, EobenchError, read_header, without_preparing
    from eobench.plugin import make_dataset

    try:
        with without_preparing():
            folder = make_dataset(card, card.resolve({}), where).folder()
        read_header(folder)
    except DatasetMissingError:
        return ("absent" if card.origin == "folder" else "not prepared"), None
    except EobenchError:
        return "damaged", None
    return "here", folder


def folder_bytes(folder: Path, header: Header) -> int:
    """Return the size of the files that a header names."""
    files = (folder / name for name in header.files())
    return sum(file.stat().st_size for file in files if file.is_file())


def size_words(count: float) -> str:
    """Return `3.2 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def kind_words(header: Header) -> str:
    """Return what a sample is: `series`, `image with class map`."""
    kinds = list(dict.fromkeys(m.info.kind for m in header.modalities.values()))
    return " and ".join(kinds) + (" with class map" if header.targets is not None else "")


def shape_words(header: Header) -> str:
    """Return the sizes of a sample as stored: `36 x 10`; those of several modalities: `17 x (9, 2, 2)`."""
    sizes = list(dict.fromkeys(m.info.sizes for m in header.modalities.values()))
    every = [m.info.sizes for m in header.modalities.values()]
    if len(every) > 1 and len({s[:-1] for s in sizes}) == 1:
        return " x ".join(map(str, every[0][:-1])) + f" x ({', '.join(str(s[-1]) for s in every)})"
    return " and ".join(" x ".join(map(str, s)) for s in sizes)


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C ends a command that only reads with exit code 130, without a traceback."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        raise typer.Exit(130) from None


def span(header: Header, name: str) -> str | None:
    """Return from when to when a modality's dates go, as ISO dates; None where they differ by sample."""
    from datetime import date, timedelta

    files: Any = header.modalities[name]
    if not isinstance(files.start, str) or isinstance(files.days, str):
        return None
    first = date.fromisoformat(files.start[:10])
    days = files.days or (0,)
    ends = [(first + timedelta(day)).isoformat() for day in (days[0], days[-1])]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
