"""Gaps are filled linearly over days, or with a Gaussian of 7 days."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eobench.data._fill import fill_gaps

NAN = np.nan


def series(*rows):
    """(B, T, 1) of rows of numbers."""
    return np.array(rows, np.float32)[:, :, None]


def fill(values, days, how="linear"):
    return fill_gaps(np.asarray(values, np.float32), np.asarray(days, np.int16), how)


def test_linear_fill_interpolates_over_days_not_over_steps():
    filled = fill(series([0.0, NAN, NAN, 10.0]), [0, 1, 5, 10])
    assert filled[0, :, 0].tolist() == [0.0, 1.0, 5.0, 10.0]


def test_linear_fill_holds_the_first_and_the_last_observation():
    filled = fill(series([NAN, NAN, 3.0, NAN, 5.0, NAN]), [0, 10, 20, 30, 40, 90])
    assert filled[0, :, 0].tolist() == [3.0, 3.0, 3.0, 4.0, 5.0, 5.0]


@pytest.mark.parametrize("how", ["linear", "gaussian"])
def test_a_series_without_any_observation_is_zero(how):
    filled = fill(series([NAN, NAN, NAN], [1.0, 1.0, 1.0]), [0, 10, 20], how)
    assert filled[:, :, 0] == pytest.approx(np.array([[0, 0, 0], [1, 1, 1]]))


def test_linear_fill_takes_each_rows_own_days():
    filled = fill(series([0.0, NAN, 1.0], [0.0, NAN, 1.0]), [[0, 5, 10], [0, 2, 10]])
    assert filled[:, 1, 0] == pytest.approx([0.5, 0.2])


def test_channels_with_gaps_of_their_own_are_filled_on_their_own():
    values = np.array([[[0.0, NAN], [NAN, 4.0], [2.0, NAN]]], np.float32)
    assert fill(values, [0, 10, 20])[0].tolist() == [[0.0, 4.0], [1.0, 4.0], [2.0, 4.0]]


def test_gaussian_fill_is_the_weighted_mean_of_all_observations():
    values, days = [2.0, NAN, 6.0], [0, 5, 12]
    filled = fill(series(values), days, "gaussian")[0, :, 0]
    for step, day in enumerate(days):
        weights = [np.exp(-((day - d) ** 2) / (2 * 7**2)) for d in (0, 12)]
        assert filled[step] == pytest.approx(np.average([2.0, 6.0], weights=weights), rel=1e-5)


def test_gaussian_fill_smooths_complete_series_too_so_that_a_row_does_not_depend_on_its_batch():
    complete, gappy = series([1.0, 5.0, 1.0]), series([1.0, NAN, 1.0])
    alone = fill(complete, [0, 5, 10], "gaussian")
    together = fill(np.concatenate([complete, gappy]), [0, 5, 10], "gaussian")
    assert alone[0] == pytest.approx(together[0])
    assert alone[0, 1, 0] < 5


def test_gaussian_fill_is_zero_where_no_observation_is_near():
    assert fill(series([3.0, NAN]), [0, 300], "gaussian")[0, :, 0].tolist() == [3.0, 0.0]


@given(
    values=hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=3, max_dims=3, max_side=6),
        elements=st.one_of(st.just(NAN), st.floats(-9, 9, width=32)),
    ),
    step=st.integers(1, 20),
)
@settings(deadline=None, max_examples=60)
def test_linear_fill_agrees_with_numpy_interpolation(values, step):
    days = np.arange(values.shape[1]) * step
    filled = fill(values, days)
    for row in range(values.shape[0]):
        for channel in range(values.shape[2]):
            one = values[row, :, channel]
            seen = ~np.isnan(one)
            expected = np.interp(days, days[seen], one[seen]) if seen.any() else np.zeros(len(one))
            assert filled[row, :, channel] == pytest.approx(expected, abs=1e-4)


def test_filling_block_by_block_changes_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    values = rng.random((50, 6, 3)).astype(np.float32)
    values[rng.random((50, 6)) < 0.4] = NAN
    days = np.sort(rng.integers(0, 99, (50, 6)), axis=1)
    whole = [fill(values, days, how) for how in ("linear", "gaussian")]
    monkeypatch.setattr("eobench.data._fill._BLOCK_VALUES", 40)
    assert np.array_equal(whole[0], fill(values, days, "linear"))
    assert whole[1] == pytest.approx(fill(values, days, "gaussian"), abs=1e-6)
