"""Proportion errors."""

import numpy as np
import pytest

from eobench.data import Bags, Partition
from eobench.plugin import Predictions, Scoring
from eobench.scoring._proportions import ProportionError


def bags(rows, offsets, proportions):
    return Bags(
        (Partition(np.array(rows, np.int64), np.array(offsets, np.int64), np.array(proportions, np.float32)),)
    )


def errors(truth, predictions, cut=None):
    return ProportionError({}).compute(
        Scoring("bags", ("a", "b"), np.asarray(truth, np.int16), predictions, bags=cut)
    )


def test_bag_and_overall_errors_by_hand():
    cut = bags([3, 2, 0, 1], [0, 2, 4], [[0, 1], [1, 0]])
    found = errors([0, 0, 1, 1], Predictions(classes=np.array([0, 1, 1, 0])), cut)
    assert found["proportion_mae_bag"] == pytest.approx(0.5)  # half of either bag is wrong
    assert found["proportion_mae_overall"] == 0  # the mistakes cancel over all


def test_right_classes_have_no_error():
    truth = np.random.default_rng(1).integers(0, 2, 40)
    shares = np.array([[1 - t, t] for t in truth.reshape(4, 10).mean(axis=1)])
    found = errors(truth, Predictions(classes=truth), bags(range(40), [0, 10, 20, 30, 40], shares))
    assert found["proportion_mae_bag"] == pytest.approx(0, abs=1e-7)
    assert found["proportion_mae_overall"] == 0


def test_without_bags_only_the_overall_error_is_defined():
    found = errors([0, 1], Predictions(classes=np.array([0, 0])))
    assert found == {"proportion_mae_bag": None, "proportion_mae_overall": 0.5}


def test_rows_without_truth_count_in_no_bag():
    cut = bags([0, 1, 2], [0, 2, 3], [[1, 0], [0.5, 0.5]])
    found = errors([0, -1, -1], Predictions(classes=np.array([0, 1, 1])), cut)
    assert found["proportion_mae_bag"] == 0


def test_pixels_of_maps_are_counted():
    truth = np.array([[[0, 1], [1, -1]]])
    found = errors(truth, Predictions(classes=np.array([[[0, 0], [1, 1]]])), bags([0], [0, 1], [[1 / 3, 2 / 3]]))
    assert found["proportion_mae_bag"] == pytest.approx(1 / 3)
    assert found["proportion_mae_overall"] == pytest.approx(1 / 3)


def test_a_method_that_gives_proportions_only_has_them_averaged():
    given = Predictions(proportions=np.array([[1, 0], [0.5, 0.5]], np.float32))
    found = errors([0, 0], given, bags([0, 1], [0, 2], [[1, 0]]))
    assert found["proportion_mae_bag"] == pytest.approx(0.25)


def test_clusters_have_no_proportions():
    found = errors([0, 1], Predictions(clusters=np.array([0, 1])), bags([0, 1], [0, 2], [[0.5, 0.5]]))
    assert found == {"proportion_mae_bag": None, "proportion_mae_overall": None}
