"""The picture of features: principal components as scikit-learn has them, one trace a class."""

import numpy as np
from numpy.testing import assert_allclose

from eobench_contrastive._figures import mean_features, plane_figure, principal_plane


def test_the_plane_is_that_of_scikit_learn():
    from sklearn.decomposition import PCA

    rows = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32) * [5, 3, 1, 1, 1, 1]
    found, shares = principal_plane(rows.astype(np.float32))
    oracle = PCA(2).fit(rows)
    assert_allclose(np.abs(found), np.abs(oracle.transform(rows)), rtol=1e-4, atol=1e-4)
    assert_allclose(shares, oracle.explained_variance_ratio_, rtol=1e-4)


def test_a_single_or_a_constant_row_lies_in_the_middle():
    for rows in (np.ones((1, 3), np.float32), np.ones((4, 3), np.float32), np.ones((3, 1), np.float32)):
        found, shares = principal_plane(rows)
        assert_allclose(found, 0, atol=1e-6)
        assert_allclose(shares, 0)


def test_means_are_of_observed_dates():
    values = np.array([[[1.0], [100.0], [3.0]], [[7.0], [7.0], [7.0]]], np.float32)
    valid = np.array([[True, False, True], [False, False, False]])
    assert mean_features(values, valid).tolist() == [[2.0], [0.0]]


def test_every_class_has_its_own_trace():
    rows = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    figure = plane_figure(rows, np.array([0, 0, 1, 1, 1, -1], np.int16), ("wheat", "maize"))
    assert [(trace.name, len(trace.x)) for trace in figure.data] == [("wheat", 2), ("maize", 3)]
