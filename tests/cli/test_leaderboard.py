"""`eobench leaderboard show --slopes`: how scores change along bag size, from a board's Parquet alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eobench.leaderboard import build_board
from eobench.plugin import Column


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A method that loses two points a doubling of the bag."""
    rows = [
        {
            "cell": f"{size}-{seed}",
            "task": "t",
            "method": "dllp",
            "method_label": "dllp",
            "method_params": "{}",
            "dataset": "fields",
            "dataset_label": "fields[split=zone]",
            "dataset_params": "{}",
            "split": "zone",
            "supervision": "bags",
            "bag_size": size,
            "redraws": 1,
            "knobs": "{}",
            "seed": seed,
            "threads": 1,
            "pair_on": [],
            "fingerprint": "f",
            "protocol": 1,
            "status": "ok",
            "oa": 0.8 - 0.02 * k,
        }
        for k, size in enumerate((32, 64, 128))
        for seed in (0, 1)
    ]
    build_board(tmp_path / "board", "board", rows, [Column("oa", "overall accuracy, 0 to 1")])
    return tmp_path / "board"


def test_slopes_are_shown_with_their_interval(eobench, board):
    shown = eobench("leaderboard", "show", str(board), "--slopes")
    assert shown.returncode == 0, shown.stderr
    assert "fields[split=zone], bags: per doubling of bag size" in shown.stdout
    assert "-0.0200 to -0.0200" in shown.stdout
    assert "nan" not in shown.stdout


def test_json_has_them_too(eobench, board):
    (slope,) = json.loads(eobench("leaderboard", "show", str(board), "--json").stdout)["slopes"]
    assert (slope["along"], slope["points"], slope["base_model"]) == ("bag_size", 6, None)
    assert slope["slope"] == pytest.approx(-0.02)
