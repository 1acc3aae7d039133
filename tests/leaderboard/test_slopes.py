from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import linregress, t

from eobench.data import EobenchError
from eobench.leaderboard import build_board, fit_slope, slopes
from eobench.leaderboard._format import to_arrow, to_pandas
from eobench.leaderboard._page_curves import curve_data
from eobench.leaderboard._slopes import mean_interval
from eobench.plugin import Column

SIZES = (32, 64, 128, 256)


@pytest.fixture
def matched(metrics):
    """The metrics that tell swapped clusters."""
    return (*metrics, Column("acc_p", "prototype k as class k"), Column("acc_h", "after matching"))


@pytest.fixture
def results(matched):
    return lambda rows: to_pandas(to_arrow("test", rows, matched)[0])


def bags(row, method, values, **fields):
    """One cell a bag size and seed: `values` are (sizes, seeds)."""
    return [
        row(method, acc_p=v, acc_h=v + 0.1, supervision="bags", bag_size=size, redraws=1, seed=seed, **fields)
        for size, some in zip(SIZES, values, strict=False)
        for seed, v in enumerate(some)
    ]


def test_a_slope_and_its_interval_are_those_of_scipy():
    rng = np.random.default_rng(0)
    x = np.repeat([5.0, 6.0, 7.0, 8.0], 3)
    y = 0.9 - 0.05 * x + 0.02 * rng.normal(size=12)
    found, known = fit_slope(x, y), linregress(x, y)
    half = t.ppf(0.975, 10) * known.stderr
    assert_allclose([found.slope, found.low, found.high], [known.slope, known.slope - half, known.slope + half])
    assert found.points == 12


def test_two_points_have_a_slope_without_an_interval_and_one_place_has_none():
    assert fit_slope([0, 1], [0.5, 0.4]).low is None
    with pytest.raises(EobenchError, match="two different places"):
        fit_slope([3, 3, 3], [0.1, 0.2, 0.3])


def test_means_of_one_value_have_no_interval():
    assert mean_interval([0.5]) == (0.5, None)
    mean, half = mean_interval([0.4, 0.6])
    assert half == pytest.approx(t.ppf(0.975, 1) * 0.1)
    assert mean == pytest.approx(0.5)


def test_a_method_that_loses_two_points_a_doubling_has_that_slope(row, results):
    values = [[0.8 - 0.02 * k] * 2 for k in range(4)]
    found = slopes(results(bags(row, "dllp", values))).set_index("metric")
    assert_allclose(found["slope"], -0.02, atol=1e-9)
    assert list(found.index) == ["acc_p", "acc_h"]
    assert set(found["unit"]) == {"doubling"}
    assert set(found["points"]) == {8}


def test_only_what_shares_all_but_the_bag_size_is_one_curve(row, results):
    falling, flat = [[0.8], [0.7], [0.6], [0.5]], [[0.6]] * 4
    rows = [
        *bags(row, "dllp", falling, base_model="a", base_model_params="{}"),
        *bags(row, "dllp", flat, base_model="b", base_model_params="{}"),
        *bags(row, "dllp", flat, knobs='{"transductive": true}'),
        *bags(row, "dllp", flat, dataset_label="others[split=x]"),
    ]
    found = slopes(results(rows), ["acc_p"])
    assert len(found) == 4
    assert_allclose(sorted(found["slope"]), [-0.1, 0, 0, 0], atol=1e-9)


def test_redraws_and_census_errors_are_axes_too(row, results):
    rows = [
        row("rot", acc_p=0.5 + 0.1 * k, acc_h=0.7, supervision="bags", bag_size=32, redraws=4**k) for k in range(3)
    ]
    rows += [
        row("rot", acc_p=0.9 - e, acc_h=0.9, supervision="census", bag_size=64, redraws=1, census_error=e)
        for e in (0.05, 0.1, 0.2)
    ]
    found = slopes(results(rows), ["acc_p"]).set_index("along")
    assert_allclose(found["slope"][["redraws", "census_error"]], [0.05, -0.1], atol=1e-9)


def test_label_budgets_are_axes_each_kind_its_own(row, results):
    def few(labels, oa):
        return row("ncc", oa, acc_p=oa, acc_h=oa, supervision="few", labels=labels)

    rows = [few("5/class", 0.5), few("20/class", 0.7), few("1%", 0.4), few("4%", 0.6), few("8%", 0.7)]
    found = slopes(results(rows)).set_index("along")
    assert list(found["metric"].unique()) == ["oa"]  # no clusters that could be swapped
    assert_allclose(found["slope"][["labels/class", "labels%"]], 0.1, atol=1e-9)
    assert list(found["points"]) == [2, 3]
    page = curve_data(results(rows), ("oa", "acc_p", "acc_h"), str)
    assert [(p["along"], p["metrics"][0], p["pair"]) for p in page] == [
        ("labels per class", "oa", []),
        ("share of labels (%)", "oa", []),
    ]


def test_failed_cells_and_lone_bag_sizes_make_no_curve(row, results):
    rows = bags(row, "dllp", [[0.8], [0.7]])
    rows[1]["status"] = "failed"
    assert slopes(results(rows)).empty


def test_values_that_are_no_numbers_make_no_point(row, results):
    rows = bags(row, "dllp", [[0.8, np.inf], [0.7, np.nan], [0.6, 0.6]])
    rows += [row("ncc", 0.5, supervision="few", labels=labels) for labels in ("x/class", "1e400/class", "0/class")]
    found = slopes(results(rows), ["acc_p"])
    assert list(found["along"]) == ["bag_size"]
    assert list(found["points"]) == [4]


def test_another_metric_can_be_followed_and_an_unknown_one_is_named(row, results):
    rows = [row("ncc", 0.5 + 0.1 * k, supervision="bags", bag_size=2**k, redraws=1) for k in range(3)]
    assert_allclose(slopes(results(rows))["slope"], [0.1])  # none of them has acc_p: overall accuracy
    with pytest.raises(EobenchError, match="Did you mean 'acc_h'"):
        slopes(results(rows), ["acc_hh"])


def test_the_papers_slopes_stand_beside_its_method_alone(row, results):
    values = [[0.8 - 0.01 * k, 0.79] for k in range(4)]
    (with_it,) = curve_data(results(bags(row, "llp-co[codes=hard]", values)), ("acc_p", "acc_h"), str)
    (without,) = curve_data(results(bags(row, "dllp", values)), ("acc_p", "acc_h"), str)
    cv, lem = with_it["reported"]
    assert without["reported"] == []
    assert "Campo Verde" in cv["name"]
    low, high = cv["slopes"]["acc_p"]["low"], cv["slopes"]["acc_p"]["high"]
    assert low < 0 < high  # flat on Campo Verde
    assert lem["slopes"]["acc_p"]["high"] < 0  # falling on LEM


def test_the_page_draws_means_with_intervals_in_percent(row, results):
    (place,) = curve_data(results(bags(row, "dllp <b>", [[0.8, 0.6], [0.5, 0.5]])), ("acc_p", "acc_h"), str)
    line = place["lines"][0]
    assert (line["x"], line["mean"], line["n"]) == ([32, 64], [70, 50], [2, 2])
    assert line["half"][1] == 0
    assert line["label"] == "dllp &lt;b&gt;"
    assert place["pair"] == ["acc_p", "acc_h"]


def test_the_page_has_the_section_where_bag_sizes_differ(row, matched, tmp_path):
    with_them = build_board(tmp_path / "a", "x", bags(row, "dllp", [[0.8], [0.7]]), matched)
    without = build_board(tmp_path / "b", "x", bags(row, "dllp", [[0.8]]), matched)
    assert "Along bag size" in (with_them.folder / "index.html").read_text()
    assert 'id="curves"' not in (without.folder / "index.html").read_text()
