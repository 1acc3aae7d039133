"""A leaderboard is left alone while nothing changed, and made again as soon as anything did."""

from __future__ import annotations

import json
import types
from pathlib import Path

import pytest

from eobench.cli import _board

FILES = ("results.parquet", "index.html")


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A run's folder, a leaderboard's folder, and how often the leaderboard was made."""
    state, folder = tmp_path / "run", tmp_path / "board"
    state.mkdir()
    (state / "plan.json").write_text("{}")
    (state / "journal.jsonl").write_text("row\n")
    made = []

    def build(request, folder, rows=None):
        made.append(rows)
        folder.mkdir(exist_ok=True)
        for name in FILES:
            (folder / name).write_text(f"{len(made)}")
        return types.SimpleNamespace(warnings=("look out",))

    monkeypatch.setattr(_board, "build", build)
    metrics = {"oa": types.SimpleNamespace(columns=("oa",))}
    request = types.SimpleNamespace(cells=[1, 2], selected=[1, 2], registry=types.SimpleNamespace(metrics=metrics))
    outcome = types.SimpleNamespace(folder=state, rows=[{"cell": "a"}])
    return types.SimpleNamespace(state=state, folder=folder, made=made, request=request, outcome=outcome)


def refresh(world):
    return list(_board.refresh(world.request, world.folder, world.outcome))


def test_the_same_rows_leave_it_alone_and_its_warnings_are_told_again(world):
    assert refresh(world) == refresh(world) == ["look out"]
    assert len(world.made) == 1


@pytest.mark.parametrize("name", ["plan.json", "journal.jsonl"])
def test_other_rows_or_another_plan_make_it_again(world, name):
    refresh(world)
    with (world.state / name).open("a") as file:
        file.write("more\n")
    refresh(world)
    assert len(world.made) == 2


@pytest.mark.parametrize("harm", [Path.unlink, lambda p: p.write_text("scribble")])
def test_a_file_that_is_gone_or_was_changed_makes_it_again(world, harm):
    refresh(world)
    harm(world.folder / "index.html")
    refresh(world)
    assert len(world.made) == 2


def test_another_folder_or_other_metrics_make_it_again(world):
    refresh(world)
    world.folder = world.folder.parent / "elsewhere"
    refresh(world)
    world.request.registry.metrics["ma"] = types.SimpleNamespace(columns=("ma",))
    refresh(world)
    assert len(world.made) == 3


def test_a_damaged_note_makes_it_again(world):
    refresh(world)
    (world.state / _board.STAMP).write_text(json.dumps({"stamp": 3}))
    refresh(world)
    assert len(world.made) == 2


def test_a_part_of_the_matrix_is_built_from_the_whole_journal(world):
    world.request.selected = [1]
    assert refresh(world) == refresh(world) == ["look out"]
    assert world.made == [None, None]
