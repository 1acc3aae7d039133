"""What the paper promises of shrunken centroids."""

import numpy as np
import pytest

from eobench_plugin_example._shrink import Moments, scores, softmax


def moments(values, labels):
    one_hot = labels[:, None] == np.arange(labels.max() + 1)
    return Moments.of(one_hot.sum(axis=0), one_hot.T.astype(float) @ values, (values**2).sum(axis=0))


@pytest.fixture
def rows():
    """60 rows of 3 classes: the classes differ in feature 0 alone, of 5."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 20)
    values = rng.normal(0, 1, (60, 5))
    values[:, 0] += 4 * (labels - 1)
    return values, labels


def test_without_a_threshold_the_class_means_stay(rows):
    values, labels = rows
    expected = [values[labels == k].mean(axis=0) for k in range(3)]
    np.testing.assert_allclose(moments(*rows).shrunken(0), expected, atol=1e-12)


def test_the_spread_is_that_within_classes_and_its_median(rows):
    values, labels = rows
    within = sum(((values[labels == k] - values[labels == k].mean(axis=0)) ** 2).sum(axis=0) for k in range(3))
    s = np.sqrt(within / (60 - 3))
    np.testing.assert_allclose(moments(*rows).spread, s + np.median(s))


def test_features_in_which_the_classes_agree_are_shrunk_away_first(rows):
    found = moments(*rows)
    shrunken = found.shrunken(3.0)
    np.testing.assert_array_equal(shrunken[:, 1:], np.broadcast_to(found.mean[1:], (3, 4)))
    assert len(np.unique(shrunken[:, 0])) == 3


def test_a_difference_shrinks_by_the_threshold_in_standard_errors(rows):
    found = moments(*rows)
    moved = (found.shrunken(0) - found.shrunken(0.5))[:, 0] / found.errors[:, 0]
    np.testing.assert_allclose(np.abs(moved[[0, 2]]), 0.5)


def test_past_the_largest_difference_only_the_prior_speaks(rows):
    found = moments(*rows)
    flat = found.shrunken(np.abs(found.differences).max())
    chances = softmax(scores(rows[0], flat, found.spread, np.array([0.2, 0.5, 0.3])))
    np.testing.assert_allclose(chances, np.broadcast_to([0.2, 0.5, 0.3], (60, 3)))


@pytest.mark.parametrize("labels", [[0], [0, 0, 0], [0, 1, 2]])
def test_few_rows_give_finite_numbers(labels):
    found = moments(np.random.default_rng(1).normal(size=(len(labels), 4)), np.array(labels))
    assert np.isfinite(found.shrunken(0.1)).all()
    assert (found.spread > 0).all()
