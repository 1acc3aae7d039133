"""`eobench data show`: one page to judge a data set by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eobench.cli._common import DataOption, PluginOption
from eobench.cli._data_open import NameArgument


def show(
    name: NameArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The HTML file; default: NAME.html here.", show_default=False),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Shown first; default: the data set's own.", show_default=False),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    data: DataOption = None,
    plugin: PluginOption = None,
) -> None:
    """Write a page about a data set: classes, splits, regions, dates, curves, map, pictures.

    One file that needs no network. Large sets are sampled, so it takes seconds; what must be generated is prepared
    first.
    """
    from eobench.cli import _common, _data_open
    from eobench.datasheet import write_page
    from eobench.plugin import Selector

    where = _common.places(data)
    chosen = Selector.parse(name)
    folder = _data_open.open_set(_common.registry(where, plugin), where, name)
    wanted = split if split is not None else chosen.params.get("split")
    target = out if out is not None else Path(f"{chosen.name}.html")
    with _data_open.interruptible():
        written = write_page(folder, target, split=None if wanted is None else str(wanted))
    typer.echo(written)
    if open_:
        typer.launch(str(written.resolve()))
