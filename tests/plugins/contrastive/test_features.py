"""Features can be scaled as raw bands are, and the scale becomes part of the encoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from eobench.data import View
from eobench_contrastive._dates import feature_series
from eobench_contrastive._features import FeatureMap, observed_features
from eobench_contrastive.networks import DateEncoder

BANDS, WIDTH = 4, 16


def _rows(count: int = 300) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(count, WIDTH)) @ rng.normal(size=(WIDTH, WIDTH)) + 5).astype(np.float32)


def _mapped(how: str, rows: np.ndarray, standardise: bool = True) -> np.ndarray:
    found = FeatureMap.of(rows, how, BANDS, standardise=standardise)
    return np.asarray((rows - found.mean) @ found.matrix)


def test_unit_features_have_deviation_1() -> None:
    mapped = _mapped("unit", _rows())
    assert_allclose(mapped.mean(0), 0, atol=1e-3)
    assert_allclose(mapped.std(0), 1, rtol=1e-3)


def test_unit_features_that_are_not_standardised_stay_as_they_are() -> None:
    rows = _rows()
    assert_array_equal(_mapped("unit", rows, standardise=False), rows)


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize(("how", "count"), [("bands", WIDTH), ("principal", BANDS)])
def test_a_date_s_features_have_together_the_variance_of_its_bands(
    how: str, count: int, standardise: bool
) -> None:
    mapped = _mapped(how, _rows(), standardise)
    assert mapped.shape == (300, count)
    assert_allclose(mapped.var(0).sum(), BANDS, rtol=1e-3)


def test_principal_components_are_uncorrelated_and_the_largest_come_first() -> None:
    covariance = np.cov(_mapped("principal", _rows()).T)
    assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-3)
    assert (np.diff(np.diag(covariance)) < 0).all()


def test_whitened_components_have_deviation_1_each() -> None:
    assert_allclose(np.cov(_mapped("whitened", _rows()).T, ddof=0), np.eye(BANDS), atol=1e-3)


def test_whitening_leaves_out_directions_that_do_not_vary() -> None:
    rows = _rows()[:, :2] @ np.ones((2, WIDTH), np.float32)
    mapped = _mapped("whitened", rows)
    assert_allclose(mapped.std(0), [1, 0, 0, 0], atol=1e-3)


def test_principal_components_do_not_turn_their_sign_with_the_order_of_rows() -> None:
    rows = _rows()
    one, other = (FeatureMap.of(r, "principal", BANDS, standardise=True) for r in (rows, rows[::-1]))
    assert_allclose(one.matrix, other.matrix, atol=1e-4)


def test_a_feature_that_does_not_vary_is_not_blown_up() -> None:
    rows = _rows()
    rows[:, 3] = 7.0
    assert_allclose(_mapped("bands", rows)[:, 3], 0, atol=1e-5)


@pytest.mark.parametrize("how", ["unit", "bands", "principal", "whitened"])
def test_an_encoder_with_the_map_gives_mapped_features(how: str) -> None:
    torch.manual_seed(0)
    encoder, dates = DateEncoder(BANDS, WIDTH).eval(), torch.randn(50, BANDS)
    with torch.no_grad():
        plain = encoder(dates).numpy()
        found = FeatureMap.of(plain, how, BANDS, standardise=True)
        folded = found.folded(encoder)
        assert_allclose(folded(dates).numpy(), (plain - found.mean) @ found.matrix, rtol=1e-3, atol=1e-4)
        assert folded.outputs == found.matrix.shape[1]
        assert_array_equal(encoder(dates).numpy(), plain)  # the shared encoder is left as it was


def test_gaps_stay_gaps_and_count_for_nothing() -> None:
    values = _rows(40).reshape(8, 5, WIDTH)
    valid = np.random.default_rng(1).random((8, 5)) > 0.4
    values[~valid] = 1e6
    inputs = feature_series(values, valid, np.zeros((8, 5), np.int16))
    seen = observed_features(inputs)
    assert_array_equal(seen, values[valid])
    mapped = FeatureMap.of(seen, "bands", BANDS, standardise=True).view(View("none", inputs, ("a",)))
    (array,) = mapped.inputs.modalities
    assert_array_equal(np.asarray(array.valid), valid)
    assert_allclose(observed_features(mapped.inputs).var(0).sum(), BANDS, rtol=1e-3)
