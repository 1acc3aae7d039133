"""The error of rebuilding: a mean over the scored rows, on test and on train."""

from dataclasses import replace

import numpy as np
import pytest

from eobench.plugin import Predictions, Scoring
from eobench.scoring import eobench_metrics, score

CARD = {c.name: c for c in eobench_metrics() if c.name == "reconstruction"}
CASE = Scoring(
    "none",
    ("a", "b"),
    np.array([0, -1, 1], np.int16),
    Predictions(reconstruction=np.array([1, 100, 3], np.float32)),
    train_truth=np.array([1, 1], np.int16),
    train_predictions=Predictions(reconstruction=np.array([1, 2], np.float32)),
)


def test_it_is_the_mean_over_the_scored_rows():
    assert score(CASE, CARD, "class") == {"reconstruction": 2.0, "reconstruction_train": 1.5}


def test_pixels_are_folded_to_the_maps_of_the_truth():
    truth = np.array([[[0, 1], [1, -1]]], np.int16)
    case = Scoring("full", ("a", "b"), truth, Predictions(reconstruction=np.array([1, 2, 6, 50], np.float32)))
    assert score(case, CARD, "dense")["reconstruction"] == 3


def test_a_method_that_rebuilds_nothing_has_none():
    case = replace(CASE, predictions=Predictions(clusters=np.zeros(3, int)), train_predictions=None)
    assert score(case, CARD, "class") == {"reconstruction": None, "reconstruction_train": None}


@pytest.mark.parametrize("missing", ["train_truth", "train_predictions"])
def test_without_predictions_on_train_only_test_is_told(missing):
    assert score(replace(CASE, **{missing: None}), CARD, "class")["reconstruction_train"] is None
