"""Nearest class mean: against scikit-learn, gaps, absent classes, and what it may look at."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler

from eobench.data import DataError, UnsupportedError, View
from eobench_prototypes import _features, eobench_methods
from eobench_prototypes._predictor import NearestPrototype

CARD = next(card for card in eobench_methods() if card.name == "ncc")


def ncc(**params):
    return CARD.load_object()(CARD.resolve(params))


def drawn(seed=0, n=90, steps=5, bands=2):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    centres = rng.normal(size=(3, steps, bands)) * [1, 30]
    return centres[labels] + rng.normal(size=(n, steps, bands)) * [1, 30], labels


def pairs(low, high):
    return st.lists(st.floats(low, high), min_size=2, max_size=2)


def test_feature_scaling_equals_scikit_learn(made, run):
    values, labels = drawn()
    test, _ = drawn(1)
    scaler = StandardScaler().fit(values.reshape(90, -1))
    oracle = NearestCentroid().fit(scaler.transform(values.reshape(90, -1)), labels)
    found = ncc(scaling="feature").fit(made.view(values, labels), run).predict(made.inputs(test)).classes
    np.testing.assert_array_equal(found, oracle.predict(scaler.transform(test.reshape(90, -1))))


def test_band_scaling_standardises_over_samples_and_steps(made, run):
    values, labels = drawn()
    scaled = (values - values.mean((0, 1))) / values.std((0, 1))
    oracle = NearestCentroid().fit(scaled.reshape(90, -1), labels)
    fitted = ncc().fit(made.view(values, labels), run)
    np.testing.assert_array_equal(
        fitted.predict(made.inputs(values)).classes, oracle.predict(scaled.reshape(90, -1))
    )


def test_the_scalings_are_three_different_methods(made, run):
    values, labels = drawn(2)
    found = [ncc(scaling=s).fit(made.view(values, labels), run).prototypes for s in ("band", "feature", "none")]
    assert not np.allclose(found[0], found[1])
    assert not np.allclose(found[1], found[2])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(factor=pairs(0.01, 100), shift=pairs(-50, 50))
def test_units_of_a_band_do_not_matter_when_scaled(made, run, factor, shift):
    values, labels = drawn()
    changed = values * factor + shift
    for scaling in ("band", "feature"):
        a, b = (ncc(scaling=scaling).fit(made.view(v, labels), run).prototypes for v in (values, changed))
        np.testing.assert_allclose(a, b, atol=2e-2)  # inputs are single precision


def test_chunks_change_nothing(made, run, monkeypatch):
    values, labels = drawn()
    whole = ncc().fit(made.view(values, labels), run)
    monkeypatch.setattr(_features, "_CHUNK_BYTES", 700)  # a few rows at a time
    parts = ncc().fit(made.view(values, labels), run)
    np.testing.assert_allclose(parts.prototypes, whole.prototypes, atol=1e-6)
    a, b = (p.predict(made.inputs(values)).classes for p in (whole, parts))
    np.testing.assert_array_equal(a, b)


def test_order_of_rows_does_not_matter(made, run):
    values, labels = drawn()
    order = np.random.default_rng(9).permutation(len(labels))
    a = ncc().fit(made.view(values, labels), run).predict(made.inputs(values)).classes
    b = ncc().fit(made.view(values[order], labels[order]), run).predict(made.inputs(values)).classes
    np.testing.assert_array_equal(a, b)


def test_a_class_without_labels_is_never_predicted(made, run):
    values, labels = drawn()
    fitted = ncc().fit(made.view(values, np.where(labels == 1, -1, labels)), run)
    assert set(fitted.predict(made.inputs(values)).classes) == {0, 2}
    assert fitted.names.tolist() == [0, 2]


def test_unlabelled_rows_enter_no_mean(made, run):
    values, labels = drawn()
    labels[:20] = -1
    moved = values.copy()
    moved[:20] += 1000
    a, b = (ncc(scaling="none").fit(made.view(v, labels), run).prototypes for v in (values, moved))
    np.testing.assert_array_equal(a, b)


def test_a_view_without_labels_is_unsupported(made, run):
    with pytest.raises(UnsupportedError, match="needs labelled rows"):
        ncc().fit(made.view(drawn()[0], np.full(90, -1)), run)
    with pytest.raises(UnsupportedError, match="needs labelled rows"):
        ncc().fit(View("none", made.inputs(drawn()[0]), ("a",)), run)


def test_values_in_gaps_are_never_seen(made, run):
    values, labels = drawn()
    valid = np.random.default_rng(3).random((90, 5)) > 0.3
    other = np.where(valid[..., None], values, 9999)
    for params in ({}, {"fill": "gaussian"}, {"fill": "gaussian", "distance": "masked"}, {"distance": "masked"}):
        a, b = (ncc(**params).fit(made.view(v, labels, valid=valid), run) for v in (values, other))
        np.testing.assert_array_equal(a.prototypes, b.prototypes)
        x, y = (p.predict(made.inputs(v, valid=valid)).classes for p, v in ((a, values), (b, other)))
        np.testing.assert_array_equal(x, y)


def test_a_constant_band_is_no_division_by_zero(made, run):
    values, labels = drawn()
    values[..., 0] = 0.3
    for scaling in ("band", "feature"):
        fitted = ncc(scaling=scaling).fit(made.view(values, labels), run)
        assert np.isfinite(fitted.prototypes).all()
        assert np.abs(fitted.prototypes).max() < 100  # rounding of the constant is not blown up


def test_a_step_that_no_observation_reaches_is_the_mean_of_its_band(made, run):
    values, labels = drawn(bands=1)
    valid = np.ones((90, 5), bool)
    valid[:, 4] = False  # 200 days after step 3: the Gaussian of 7 days reaches nothing
    fitted = ncc(fill="gaussian").fit(made.view(values, labels, valid=valid, days=[0, 10, 20, 30, 230]), run)
    np.testing.assert_array_equal(fitted.prototypes[:, 4], 0)
    reached = values[:, :4, 0]
    assert abs(fitted.features.mean[0, 0] - reached.mean()) < 0.2


def test_masked_distance_equals_the_sum_over_steps(made, run):
    values, labels = drawn(4)
    valid = np.random.default_rng(5).random((90, 5)) > 0.4
    fitted = ncc(fill="gaussian", distance="masked", scaling="none").fit(
        made.view(values, labels, valid=valid), run
    )
    days = np.arange(5) * 10.0
    kernel = np.exp(-((days[:, None] - days) ** 2) / (2 * 7**2))
    weight = valid @ kernel
    filled = (kernel @ np.where(valid[..., None], values, 0)) / weight[..., None].clip(1e-30)
    filled[weight <= 1e-6] = 0
    means = fitted.prototypes.reshape(3, 2, 5).transpose(0, 2, 1)
    distance = ((filled[:, None] - means) ** 2 * weight[:, None, :, None]).sum((2, 3))
    found = fitted.predict(made.inputs(values, valid=valid)).classes
    np.testing.assert_array_equal(found, distance.argmin(1))


def test_masked_distance_without_gaps_is_the_filled_one(made, run):
    values, labels = drawn()
    a, b = (ncc(distance=d).fit(made.view(values, labels), run) for d in ("filled", "masked"))
    np.testing.assert_array_equal(a.predict(made.inputs(values)).classes, b.predict(made.inputs(values)).classes)


def test_days_may_differ_by_row(made, run):
    values, labels = drawn()
    valid = np.random.default_rng(6).random((90, 5)) > 0.3
    shared = ncc(fill="gaussian", distance="masked").fit(made.view(values, labels, valid=valid), run)
    days = np.tile(np.arange(5) * 10, (90, 1))
    by_row = ncc(fill="gaussian", distance="masked").fit(made.view(values, labels, valid=valid, days=days), run)
    np.testing.assert_allclose(by_row.prototypes, shared.prototypes, atol=1e-5)


def test_it_counts_parameters_as_the_paper_does(made, run):
    values, labels = drawn(steps=5, bands=2)
    assert ncc().fit(made.view(values, labels), run).parameters == 3 * 5 * 2


@pytest.mark.parametrize("params", [{}, {"fill": "gaussian", "distance": "masked"}, {"scaling": "feature"}])
def test_it_predicts_the_same_after_loading(made, run, tmp_path, params):
    values, labels = drawn()
    valid = np.random.default_rng(3).random((90, 5)) > 0.3
    fitted = ncc(**params).fit(made.view(values, labels, valid=valid), run)
    fitted.save(tmp_path)
    loaded = NearestPrototype.load(tmp_path)
    inputs = made.inputs(values, valid=valid)
    np.testing.assert_array_equal(loaded.predict(inputs).classes, fitted.predict(inputs).classes)
    assert loaded.parameters == fitted.parameters


def test_a_damaged_file_is_an_error_that_names_it(tmp_path):
    (tmp_path / "prototypes.safetensors").write_bytes(b"nothing")
    with pytest.raises(DataError, match="no saved prototypes"):
        NearestPrototype.load(tmp_path)
