from __future__ import annotations

import json

import pytest

from eobench.data import EobenchError
from eobench.leaderboard import choose_baseline, gains


def test_a_gain_is_ratio_and_difference_over_the_baseline_in_the_same_block(row, frame):
    rows = [row("a", 0.5, seed=0), row("b", 0.6, seed=0), row("a", 0.8, seed=1), row("b", 0.4, seed=1)]
    found = gains(frame(rows), baseline="a", metrics=["oa"])
    assert list(found["method"]) == ["b", "b"]
    assert list(found["seed"]) == [0, 1]
    assert list(found["ratio"]) == pytest.approx([0.2, -0.5])
    assert list(found["difference"]) == pytest.approx([0.1, -0.4])


def test_a_baseline_of_zero_has_a_difference_but_no_ratio(row, frame):
    found = gains(frame([row("a", 0.0), row("b", 0.5)]), baseline="a", metrics=["oa"])
    assert found["ratio"].isna().all()
    assert list(found["difference"]) == [0.5]


def test_each_paired_value_gains_over_the_same_baseline_cell_and_says_its_value(row, frame):
    drawn = {"base_model": "bilstm", "base_model_params": "{}", "draw": 3}
    rows = [row("supervised", 0.5, **drawn)]
    rows += [
        row(f"scarf[c={c}]", 0.5 + c, pair_on=["c"], params={"c": c, "width": 9}, **drawn) for c in (0.1, 0.2)
    ]
    found = gains(frame(rows), metrics=["oa"])
    assert list(found["method"]) == ["scarf", "scarf"]
    assert [json.loads(p) for p in found["pair"]] == [{"c": 0.1}, {"c": 0.2}]
    assert list(found["ratio"]) == pytest.approx([0.2, 0.4])
    assert list(found["base_model"]) == ["bilstm", "bilstm"]
    assert list(found["draw"]) == [3, 3]


def test_a_method_without_base_model_gains_in_the_block_of_each_draw(row, frame):
    rows = [row("forest", 0.6)]
    rows += [row("supervised", 0.5, base_model="bilstm", base_model_params=str(d), draw=d) for d in range(3)]
    found = gains(frame(rows), metrics=["oa"])
    assert sorted(found["draw"]) == [0, 1, 2]


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        (["ncc", "random-forest", "supervised"], "supervised"),
        (["ncc", "random-forest", "supervised[weights=true]", "supervised"], "supervised"),
        (["ncc", "random-forest"], "random-forest"),
        (["zebra", "ncc"], "ncc"),
    ],
)
def test_the_baseline_is_supervised_then_the_forest_then_the_first(row, frame, methods, expected):
    assert choose_baseline(frame([row(m, 0.5) for m in methods])) == expected


def test_a_baseline_that_shares_no_block_is_passed_over(row, frame):
    labelled = row("supervised", 0.9, supervision="full")
    told = [row(m, 0.5, supervision="bags", bag_size=32) for m in ("dllp", "mean-proportion", "rot")]
    assert choose_baseline(frame([labelled, *told])) == "mean-proportion"
    assert choose_baseline(frame([labelled, told[0], told[2]])) == "rot"  # the shorter name of two alike
    assert choose_baseline(frame([labelled, told[0]])) == "supervised"


def test_a_failed_baseline_is_none(row, frame):
    assert choose_baseline(frame([row("supervised", status="failed"), row("ncc", 0.5)])) == "ncc"
    assert choose_baseline(frame([row("ncc", status="failed")])) is None


def test_an_unknown_baseline_is_named_with_the_nearest(row, frame):
    with pytest.raises(EobenchError, match=r"unknown baseline 'ncx'.*Did you mean 'ncc'"):
        gains(frame([row("ncc", 0.5)]), baseline="ncx")


def test_the_baseline_has_the_name_that_it_has_beside_cells_that_did_not_run(row, frame):
    rows = [
        row("supervised", 0.5, budget="300 steps"),
        row("ncc", 0.6),
        row("supervised", None, budget="20 epochs", status="skipped", seed=1),
    ]
    found = gains(frame(rows), metrics=["oa"])
    assert list(found["method"]) == ["ncc"]
    assert list(found["baseline"]) == ["supervised (300 steps)"]
