from __future__ import annotations

import numpy as np
import pytest

from eobench.plugin import Predictions, Scoring
from eobench.scoring._images import ImageShares

TRUTH = np.array([[[0, 0], [0, 1]], [[1, 1], [-1, 1]], [[-1, -1], [-1, -1]]], np.int16)
CLASSES = np.array([[[0, 0], [1, 1]], [[1, 1], [0, 2]], [[2, 2], [2, 2]]])


def compute(truth=TRUTH, classes=CLASSES, probabilities=None):
    scoring = Scoring("full", ("a", "b", "c"), truth, Predictions(classes=classes, probabilities=probabilities))
    return ImageShares({}).compute(scoring)


def test_shares_are_compared_image_by_image_over_scored_pixels():
    first = (0.25 + 0.25 + 0) / 3
    second = (0 + 1 / 3 + 1 / 3) / 3
    assert compute()["image_mae"] == pytest.approx((first + second) / 2)


def test_iou_is_of_the_classes_that_an_image_has():
    first = (2 / 3 + 1 / 2) / 2
    second = 2 / 3
    assert compute()["image_iou"] == pytest.approx((first + second) / 2)


def test_soft_shares_are_the_mean_of_the_probabilities_of_scored_pixels():
    probabilities = np.zeros((3, 3, 2, 2), np.float32)
    probabilities[:, 0], probabilities[:, 1] = 0.75, 0.25
    probabilities[1, :, 1, 0] = (0, 0, 1)  # not scored
    expected = (0 + (0.75 + 0.75) / 3) / 2
    assert compute(probabilities=probabilities)["image_mae_soft"] == pytest.approx(expected)
    assert compute()["image_mae_soft"] is None


def test_nothing_scored_gives_nothing():
    assert set(compute(truth=np.full_like(TRUTH, -1)).values()) == {None}


def test_many_images_are_taken_in_parts_and_give_the_same():
    rng = np.random.default_rng(0)
    truth = rng.integers(-1, 3, (600, 4, 4)).astype(np.int16)
    classes = rng.integers(0, 3, (600, 4, 4))
    parts = [compute(truth[i : i + 1], classes[i : i + 1])["image_mae"] for i in range(600)]
    assert compute(truth, classes)["image_mae"] == pytest.approx(np.mean([p for p in parts if p is not None]))
