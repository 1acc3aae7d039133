from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap, wilcoxon

from eobench.leaderboard import bootstrap_interval, compare, holm


def test_holm_steps_down_as_by_hand():
    # 4 x .005, 3 x .01, then max(.03, 2 x .03), then max(.06, 1 x .04)
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_is_capped_at_one_and_leaves_nan_out_of_the_count():
    np.testing.assert_allclose(holm([0.6, np.nan, 0.02]), [0.6, np.nan, 0.04])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.5))
def test_comparing_adjusted_p_with_alpha_rejects_what_stepping_down_rejects(p, alpha):
    rejected = np.zeros(len(p), bool)
    for k, index in enumerate(np.argsort(p, kind="stable")):
        if (len(p) - k) * p[index] > alpha:
            break
        rejected[index] = True
    np.testing.assert_array_equal(holm(p) <= alpha, rejected)


def test_the_bootstrap_interval_agrees_with_scipy():
    values = np.random.default_rng(0).normal(1, 2, 40)
    low, high = bootstrap_interval(values, seed=1)
    expected = bootstrap((values,), np.mean, method="percentile", n_resamples=10_000, rng=2).confidence_interval
    assert low == pytest.approx(expected.low, abs=0.05)
    assert high == pytest.approx(expected.high, abs=0.05)


def test_the_bootstrap_is_the_same_for_the_same_seed_and_nan_without_values():
    assert bootstrap_interval([1.0, 2.0, 5.0], seed=3) == bootstrap_interval([1.0, 2.0, 5.0], seed=3)
    assert np.isnan(bootstrap_interval([])).all()


def test_seeds_are_averaged_within_a_block_before_the_test(row, frame):
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 8, 3))
    rows = [
        row(m, float(v[k, s]), seed=s, dataset_label=f"d{k}")
        for m, v in (("a", a), ("b", b))
        for k in range(8)
        for s in range(3)
    ]
    found = compare(frame(rows), "oa").iloc[0]
    means = (a - b).mean(axis=1)
    assert found["n"] == 8
    assert found["mean_difference"] == pytest.approx(means.mean())
    assert found["p"] == pytest.approx(wilcoxon(means).pvalue)
    assert found["low"] <= found["mean_difference"] <= found["high"]


def test_seeds_are_averaged_over_what_both_have(row, frame):
    rows = [row("a", 0.9, seed=0), row("a", 0.1, seed=1), row("b", 0.5, seed=0)]
    assert compare(frame(rows), "oa").iloc[0]["mean_difference"] == pytest.approx(0.4)


def test_p_values_are_adjusted_over_all_pairs(row, frame):
    rng = np.random.default_rng(1)
    rows = [row(m, float(rng.random() + k), dataset_label=f"d{d}") for k, m in enumerate("abc") for d in range(9)]
    found = compare(frame(rows), "oa")
    assert len(found) == 3
    np.testing.assert_allclose(found["p_holm"], holm(found["p"]))


def test_methods_without_a_difference_have_p_one(row, frame):
    rows = [row(m, 0.5, dataset_label=f"d{d}") for m in "ab" for d in range(6)]
    assert compare(frame(rows), "oa").iloc[0]["p"] == 1.0


def test_methods_that_never_meet_are_not_compared(row, frame):
    assert compare(frame([row("a", 0.5), row("b", 0.5, supervision="none")]), "oa").empty
