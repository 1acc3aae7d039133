"""Expected calibration error."""

import numpy as np
import pytest

from eobench.plugin import Predictions, Scoring
from eobench.scoring._calibration import CalibrationError


def ece(truth, probabilities):
    truth = np.asarray(truth, np.int16)
    given = Predictions(probabilities=np.asarray(probabilities, np.float32))
    return CalibrationError({}).compute(Scoring("full", ("a", "b", "c"), truth, given))["ece"]


def slow(truth, probabilities):
    """Bin by bin, as the definition reads."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    total = 0.0
    for low in range(15):
        inside = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return total


def test_it_equals_the_definition():
    rng = np.random.default_rng(2)
    probabilities, truth = rng.dirichlet([1, 1, 1], 500), rng.integers(0, 3, 500)
    assert ece(truth, probabilities) == pytest.approx(slow(truth, probabilities), abs=1e-6)


def test_certainty_that_is_right_has_no_error_and_certainty_that_is_wrong_has_all():
    sure = np.eye(3)[[0, 1, 2, 0]]
    assert ece([0, 1, 2, 0], sure) == 0
    assert ece([1, 2, 0, 1], sure) == 1


def test_samples_without_truth_are_left_out():
    assert ece([0, -1], np.eye(3)[[0, 1]]) == 0


def test_pixels_of_maps_count_like_samples():
    probabilities = np.random.default_rng(4).dirichlet([1, 1, 1], 24)
    truth = np.arange(24) % 3
    maps = probabilities.reshape(2, 3, 4, 3).transpose(0, 3, 1, 2)
    assert ece(truth.reshape(2, 3, 4), maps) == pytest.approx(ece(truth, probabilities), abs=1e-6)
