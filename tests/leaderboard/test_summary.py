from __future__ import annotations

import pytest

from eobench.data import EobenchError
from eobench.leaderboard import summary_table


def test_means_are_over_seeds_and_draws_with_sd_and_coverage(row, frame):
    rows = [row("a", oa, seed=s, fit_seconds=2.0 + s) for s, oa in enumerate((0.4, 0.6))]
    (found,) = summary_table(frame(rows)).rows
    assert found.mean == pytest.approx(0.5)
    assert found.sd == pytest.approx(0.1414, abs=1e-4)
    assert found.fit_seconds == 2.5
    assert found.coverage == "2/2"


def test_a_mean_over_fewer_cells_says_so_and_is_not_ranked(row, frame):
    rows = [row(m, oa, seed=s) for m, oa in (("a", 0.6), ("b", 0.5)) for s in (0, 1)]
    rows += [row("lucky", 0.9, seed=0), row("lucky", seed=1, status="timeout")]
    found = {r.method: r for r in summary_table(frame(rows)).rows}
    assert found["lucky"].coverage == "1/2 (1 timeout)"
    assert not found["lucky"].best
    assert found["a"].best
    assert not found["b"].best


def test_cells_that_ran_but_have_no_value_are_told_from_failures(row, frame):
    found = {r.method: r for r in summary_table(frame([row("a", 0.5), row("kmeans", None)])).rows}
    assert found["kmeans"].coverage == "0/1 (1 without a value)"


def test_unsupported_cells_were_never_planned(row, frame):
    rows = [row("a", 0.5), row("a", seed=1, status="unsupported"), row("b", status="unsupported")]
    (found,) = summary_table(frame(rows)).rows
    assert found.coverage == "1/1"


def test_levels_bag_sizes_and_families_are_told_apart(row, frame):
    rows = [row("a", 0.5, supervision="bags", bag_size=b, base_model=f) for b in (32, 256) for f in ("x", "y")]
    found = summary_table(frame(rows)).rows
    assert [(r.given, r.base_model) for r in found] == [
        ("bags of 32", "x"),
        ("bags of 32", "y"),
        ("bags of 256", "x"),
        ("bags of 256", "y"),
    ]


def test_knobs_are_told_in_words(row, frame):
    knobs = '{"classes":["soybean","corn"],"score_on":"val","transductive":true}'
    (found,) = summary_table(frame([row("a", 0.5, knobs=knobs)])).rows
    assert found.given.endswith("classes soybean + corn, score on val, transductive")


def test_leaving_a_column_out_averages_over_it(row, frame):
    rows = [row("a", 0.2, base_model="x"), row("a", 0.4, base_model="y")]
    (found,) = summary_table(frame(rows), by=("dataset", "supervision")).rows
    assert found.mean == pytest.approx(0.3)
    assert found.base_model is None


def test_a_metric_where_lower_is_better_ranks_the_lower_first(row, frame):
    found = summary_table(frame([row("a", ece=0.3), row("b", ece=0.1)]), "ece").rows
    assert [r.method for r in found] == ["b", "a"]
    assert found[0].best


def test_every_text_row_fills_every_column(row, frame):
    table = summary_table(frame([row("a", 0.5), row("b", status="failed")]))
    assert all(len(r) == len(table.columns) for r in table.text_rows())
    assert set(table.right) <= set(table.columns)


@pytest.mark.parametrize(
    ("arguments", "what"), [({"metric": "ao"}, "metric 'ao'"), ({"by": ["set"]}, "column 'set'")]
)
def test_unknown_names_are_errors(row, frame, arguments, what):
    with pytest.raises(EobenchError, match=f"unknown {what}"):
        summary_table(frame([row("a", 0.5)]), **arguments)
