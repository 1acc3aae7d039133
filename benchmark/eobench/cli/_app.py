"""The Typer application: one module a command."""

from __future__ import annotations

from typing import Annotated

import typer

from eobench.cli import _check, _data, _doctor, _info, _leaderboard, _list, _new, _plan, _run, _schema, _why

# Plain help: rich's renderer costs 0.2 s of the 0.3 s that `--help` may take.
app = typer.Typer(
    name="eobench",
    help="Which method needs the fewest labels? Benchmark label-efficient Earth-observation methods.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(value: bool) -> None:
    if value:
        from eobench import __version__

        typer.echo(f"eobench {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version


app.command("run")(_run.run)
app.command("plan")(_plan.plan)
app.command("list")(_list.list_)
app.command("info")(_info.info)
app.command("check")(_check.check)
app.command("new")(_new.new)
app.command("why")(_why.why)
app.command("doctor")(_doctor.doctor)
app.command("schema")(_schema.schema)
app.add_typer(_data.app, name="data")
app.add_typer(_leaderboard.app, name="leaderboard")
