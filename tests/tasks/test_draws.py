"""Draws: the same ones for everybody, kept, and nested."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from eobench.plugin import Choice, ParameterError, Range
from eobench.tasks import draw


@pytest.fixture
def card(world):
    return world.registry.base_models["net"]


def test_fewer_draws_are_the_first_of_more(card, tmp_path):
    ten = draw(card, "small", 10, 3, tmp_path / "a")
    assert draw(card, "small", 2, 3, tmp_path / "b") == ten[:2]
    assert draw(card, "small", 10, 3, tmp_path / "b") == ten
    assert len({json.dumps(d) for d in ten}) == 10


def test_draws_lie_in_the_space_and_the_rest_has_its_defaults(card, tmp_path):
    for params in draw(card, "small", 30, 0, tmp_path):
        assert params["hidden"] in (16, 32, 64)
        assert 1e-4 <= params["lr"] <= 1e-2
    assert {p["lr"] for p in draw(card, "wide", 3, 0, tmp_path)} == {1e-3}


def test_another_seed_or_space_draws_otherwise(card, tmp_path):
    assert draw(card, "small", 3, 0, tmp_path) != draw(card, "small", 3, 1, tmp_path)
    moved = replace(card, spaces={"small": {**card.spaces["small"], "lr": Range(1e-3, 1e-2)}})
    assert draw(moved, "small", 3, 0, tmp_path) != draw(card, "small", 3, 0, tmp_path)


def test_the_order_of_a_space_does_not_matter(card, tmp_path):
    turned = replace(card, spaces={"small": dict(reversed(card.spaces["small"].items()))})
    assert draw(turned, "small", 5, 0, tmp_path / "a") == draw(card, "small", 5, 0, tmp_path / "b")


def test_kept_draws_are_read_back_without_optuna(card, tmp_path):
    drawn = draw(card, "small", 3, 0, tmp_path)
    (file,) = (tmp_path / "draws").iterdir()
    kept = json.loads(file.read_text())
    assert (kept["family"], kept["space"], kept["seed"]) == ("net", "small", 0)
    assert [d["lr"] for d in kept["draws"]] == [d["lr"] for d in drawn]
    code = f"""
import sys
from pathlib import Path
from eobench.plugin import BaseModelCard, Choice, Param, Range
from eobench.tasks import draw
card = {card!r}
draw(card, "small", 3, 0, Path({str(tmp_path)!r}))
assert "optuna" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_was_drawn_before_stays(card, tmp_path):
    draw(card, "small", 2, 0, tmp_path)
    (file,) = (tmp_path / "draws").iterdir()
    kept = json.loads(file.read_text())
    kept["draws"][0]["lr"] = 0.005
    file.write_text(json.dumps(kept))
    assert draw(card, "small", 4, 0, tmp_path)[0]["lr"] == 0.005


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"format": "other"}', '{"format": "eobench-draws/1", "draws": [3]}']
)
def test_a_damaged_file_is_drawn_again(card, tmp_path, damage):
    drawn = draw(card, "small", 3, 0, tmp_path)
    (file,) = (tmp_path / "draws").iterdir()
    file.write_text(damage)
    assert draw(card, "small", 3, 0, tmp_path) == drawn


def test_a_cache_that_cannot_be_written_is_no_obstacle(card, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert draw(card, "small", 3, 0, blocked) == draw(card, "small", 3, 0, tmp_path)


def test_a_space_that_the_options_do_not_allow_is_named(card, tmp_path):
    wrong = replace(card, spaces={"small": {"hidden": Choice((0,))}})
    with pytest.raises(ParameterError, match="net: option 'hidden' is 0"):
        draw(wrong, "small", 1, 0, tmp_path)
    with pytest.raises(ParameterError, match="no search space 'papr'"):
        draw(card, "papr", 1, 0, tmp_path)
