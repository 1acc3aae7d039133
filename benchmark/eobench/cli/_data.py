"""`eobench data`: the data sets at hand."""

from __future__ import annotations

import typer

from eobench.cli import _data_info, _data_list, _data_show, _data_verify
from eobench.cli._common import DataOption, PluginOption
from eobench.cli._data_open import NamesArgument

app = typer.Typer(help="Look at data sets, prepare and check them.", rich_markup_mode=None, no_args_is_help=True)
app.command("list")(_data_list.list_)
app.command("info")(_data_info.info)


@app.command()
def prepare(names: NamesArgument, data: DataOption = None, plugin: PluginOption = None) -> None:
    """Generate or convert data sets now, and print where they lie.

    Shows progress. What is interrupted or killed goes on where it stopped when it is asked for again.
    """
    from eobench.cli import _common, _data_open

    where = _common.places(data)
    registry = _common.registry(where, plugin)
    for name in names:  # a mistake in the last is told before hours are spent on the first
        _data_open.make(registry, where, name)
    for name in names:
        typer.echo(_data_open.open_set(registry, where, name).path)


app.command("verify")(_data_verify.verify)
app.command("show")(_data_show.show)
