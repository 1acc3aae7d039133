"""`--help` and listings answer at once: nothing heavy is imported before it is needed."""

from __future__ import annotations

import json

HEAVY = ("torch", "pandas", "numpy", "mlflow", "optuna", "pydantic", "sklearn", "plotly", "pyarrow", "rich")
REPORT = """
import sys
from eobench.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print([m for m in %r if m in sys.modules], file=sys.stderr)
"""


def test_help_imports_nothing_heavy(eobench):
    done = eobench("--help", code=REPORT % (HEAVY,))
    assert "leaderboard" in done.stdout
    assert done.stderr.strip() == "[]"


def test_help_of_a_command_imports_nothing_heavy(eobench):
    ours = tuple(m for m in HEAVY if m != "pydantic")  # typer reads options with it
    done = eobench("run", "--help", code=REPORT % (ours,))
    assert "--select" in done.stdout
    assert done.stderr.strip() == "[]"


def test_listing_imports_neither_torch_nor_pandas(eobench):
    done = eobench("list", "--json", code=REPORT % (("torch", "pandas", "sklearn", "mlflow", "optuna"),))
    assert done.stderr.strip() == "[]"
    listed = json.loads(done.stdout)
    assert {"ncc", "supervised"} <= {m["name"] for m in listed["methods"]}
    assert all(p["state"] == "ok" for p in listed["plugins"])


def test_info_shows_every_option_with_what_is_allowed(eobench):
    [card] = json.loads(eobench("info", "random-forest", "--json").stdout)
    trees = next(o for o in card["options"] if o["name"] == "trees")
    assert trees["default"] == 300
    assert "whole number" in trees["allowed"]


def test_an_unknown_name_is_answered_with_the_nearest(eobench):
    done = eobench("info", "randomforest")
    assert done.returncode == 2
    assert "Did you mean 'random-forest'?" in done.stderr


def test_a_data_root_that_is_not_there_is_refused(eobench):
    done = eobench("list", "--data", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_the_schema_is_json_schema(eobench):
    schema = json.loads(eobench("schema").stdout)
    assert "tasks" in schema["properties"]


def test_names_stand_whole_in_a_list_on_a_narrow_terminal(eobench):
    words = eobench("list", COLUMNS="60").stdout.split()
    assert {"mean-proportion-maps", "inceptiontime", "proportion-mae", "breizhcrops_2018"} <= set(words)


def test_a_long_method_leaves_the_other_columns_of_a_plan_their_room(eobench):
    told = eobench("plan", "suite:lightweight-llp-paper", COLUMNS="80").stdout
    assert [line.split() for line in told.splitlines() if "finished" in line] == [
        ["task", "method", "levels", "cells", "finished"]
    ] * told.count("task ")
