"""Predictions that are none are refused with their reason."""

import numpy as np
import pytest

from eobench.data import EobenchError
from eobench.plugin import Predictions
from eobench.scoring import PredictionError, check_predictions

GOOD = Predictions(
    classes=np.array([0, 1, 2]),
    clusters=np.array([7, 0, 0]),
    probabilities=np.full((3, 3), 1 / 3, np.float32),
    proportions=np.eye(3, dtype=np.float32),
    embeddings=np.ones((3, 5), np.float16),
    reconstruction=np.ones(3, np.float32),
)


def test_good_predictions_pass():
    outputs = ("classes", "clusters", "probabilities", "proportions", "embeddings", "reconstruction")
    check_predictions(GOOD, 3, 3, outputs)


def test_maps_pass():
    probabilities = np.full((2, 3, 4, 4), 1 / 3, np.float32)
    check_predictions(
        Predictions(classes=np.zeros((2, 4, 4), int), probabilities=probabilities), 2, 3, ("classes",)
    )


NAN = np.ones((3, 2), np.float32)
NAN[1, 1] = np.nan
NAN_MAP = np.full((3, 3, 2, 2), np.nan, np.float32)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"classes": np.array([0, 1])}, "classes has 2 rows for 3 samples"),
        ({"classes": np.array([0, 1, 3])}, "classes holds 3; the 3 classes have indices 0 to 2"),
        ({"classes": np.array([0, -1, 1])}, "classes holds -1"),
        ({"classes": np.array([0.0, 1, 2])}, "integer type"),
        ({"classes": np.zeros((3, 1), int)}, "must have 1 or 3 axes"),
        ({"classes": [0, 1, 2]}, "is a list"),
        ({"clusters": np.array([0, -2, 1])}, "clusters holds -2"),
        (
            {"reconstruction": np.array([1, np.nan, 1], np.float32)},
            "reconstruction holds NaN or infinity in 1 of 3",
        ),
        ({"reconstruction": np.ones((3, 1), np.float32)}, "1 axes"),
        ({"embeddings": NAN}, "embeddings holds NaN or infinity in 1 of 3 samples, first in sample 1"),
        ({"probabilities": NAN_MAP}, "probabilities holds NaN or infinity in 3 of 3"),
        ({"probabilities": np.ones((3, 2), np.float32)}, "2 columns for 3 classes"),
        ({"probabilities": np.ones((3, 3), np.float32)}, "must sum to one"),
        ({"proportions": np.array([[2, -1, 0]] * 3, np.float32)}, "none may be negative"),
        ({"embeddings": np.ones((3, 2), int)}, "floating-point"),
    ],
)
def test_wrong_predictions_are_refused_with_the_reason(wrong, reason):
    with pytest.raises(PredictionError, match=reason):
        check_predictions(Predictions(**wrong), 3, 3, tuple(wrong))


def test_a_missing_declared_output_is_named():
    with pytest.raises(PredictionError, match=r"declares probabilities among its outputs, .* gave only classes"):
        check_predictions(Predictions(classes=np.zeros(3, int)), 3, 3, ("classes", "probabilities"))


def test_something_else_is_refused():
    with pytest.raises(PredictionError, match="predict\\(\\) returned ndarray"):
        check_predictions(np.zeros(3), 3, 3, ("classes",))


def test_it_is_an_error_of_this_package():
    assert issubclass(PredictionError, EobenchError)
