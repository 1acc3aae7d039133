"""`score`: which metrics run, naming, resizing, and what a broken metric gets."""

import json
import subprocess
import sys

import numpy as np
import pytest

from eobench.plugin import Column, Metric, MetricCard, PluginError, Predictions, Scoring
from eobench.scoring import PredictionError, applies, eobench_metrics, resize_maps, score

CARDS = {card.name: card for card in eobench_metrics()}


class Given(Metric):
    values: object = None

    def compute(self, scoring):
        if isinstance(self.values, Exception):
            raise self.values
        return self.values


def given_card(column="x", shape="number", **kwargs):
    columns = (Column(column, "test", shape=shape),)
    return MetricCard(name="given", summary="test", load=f"{__name__}:Given", columns=columns, **kwargs)


@pytest.fixture
def given_metric(monkeypatch):
    monkeypatch.setattr(MetricCard, "load_object", lambda self: Given)

    def run(values, **kwargs):
        monkeypatch.setattr(Given, "values", values)
        return score(full([0, 1], [0, 1]), {"given": given_card(**kwargs)}, "class")

    return run


def full(truth, classes, level="full", **kwargs):
    return Scoring(
        level, ("a", "b"), np.asarray(truth, np.int16), Predictions(classes=np.asarray(classes)), **kwargs
    )


def clusters(truth, found, train=None):
    return Scoring(
        "none",
        ("a", "b"),
        np.asarray(truth, np.int16),
        Predictions(clusters=np.asarray(found)),
        train_truth=None if train is None else np.asarray(train[0], np.int16),
        train_predictions=None if train is None else Predictions(clusters=np.asarray(train[1])),
    )


def test_every_column_of_every_metric_is_there_and_is_plain_json():
    row = score(full([0, 1, 1], [0, 1, 0]), CARDS, "class")
    assert set(row) == {column.name for card in CARDS.values() for column in card.columns}
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    assert row["oa"] == pytest.approx(2 / 3)
    assert row["confusion"] == [[1, 0], [1, 1]]
    assert [row[c] for c in ("miou", "acc_p", "acc_h", "knn25", "ece", "proportion_mae_bag")] == [None] * 6


def test_metrics_of_weak_supervision_run_at_weak_levels_only():
    row = score(full([0, 0, 1, 1], [1, 1, 0, 0], level="bags"), CARDS, "class")
    assert (row["acc_p"], row["acc_h"], row["oa"]) == (0, 1, 0)


def test_clusters_are_named_on_train_before_accuracies():
    row = score(clusters([0, 0, 1], [5, 3, 3], train=([0, 1, 1], [5, 3, 3])), CARDS, "class")
    assert row["oa"] == pytest.approx(2 / 3)
    assert row["acc_majority"] == row["oa"]
    assert row["ma"] == pytest.approx(0.75)
    assert row["acc_p"] is None
    assert row["proportion_mae_overall"] == pytest.approx(1 / 3)


def test_clusters_without_predictions_on_train_keep_what_needs_no_names():
    row = score(clusters([0, 0, 1], [5, 5, 3]), CARDS, "class")
    assert row["oa"] is None
    assert row["acc_h"] == 1
    assert row["nmi"] == pytest.approx(1)


def test_nmi_sees_the_clusters_and_not_their_names():
    row = score(clusters([0, 0, 1, 1], [0, 1, 2, 2], train=([0, 0, 1], [0, 1, 2])), CARDS, "class")
    assert row["oa"] == 1
    assert row["ari"] < 1


def test_maps_are_resized_to_the_truth_and_the_truth_is_not_touched():
    truth = np.zeros((1, 4, 4), np.int16)
    truth[:, :, 2:] = 1
    row = score(full(truth, np.array([[[0, 1], [0, 1]]])), CARDS, "dense")
    assert row["oa"] == row["miou"] == 1
    assert sum(map(sum, row["confusion"])) == 16


def test_larger_maps_are_thinned_to_the_nearest_pixel():
    maps = Predictions(classes=np.kron(np.array([[[0, 1], [2, 3]]]), np.ones((1, 3, 3), int)))
    assert resize_maps(maps, (1, 2, 2)).classes.tolist() == [[[0, 1], [2, 3]]]


def test_pixel_predictions_are_folded_to_maps():
    probabilities = np.random.default_rng(0).dirichlet([1, 1], 24).astype(np.float32)
    flat = Predictions(classes=np.arange(24) % 2, probabilities=probabilities)
    folded = resize_maps(flat, (2, 3, 4))
    np.testing.assert_array_equal(folded.classes.ravel(), flat.classes)
    np.testing.assert_array_equal(folded.probabilities[1, :, 0, 2], probabilities[14])


def test_maps_of_another_number_of_samples_are_refused():
    with pytest.raises(PredictionError, match="2 maps for 3 samples"):
        resize_maps(Predictions(classes=np.zeros((2, 4, 4), int)), (3, 4, 4))
    with pytest.raises(PredictionError, match="7 rows; the truth has 1 maps of 2 x 2"):
        resize_maps(Predictions(classes=np.zeros(7, int)), (1, 2, 2))


def test_a_metric_must_fill_exactly_its_columns(given_metric):
    assert given_metric({"x": np.float32(0.5)}) == {"x": 0.5}
    with pytest.raises(PluginError, match="'given' declares the columns x but filled y"):
        given_metric({"y": 1.0})
    with pytest.raises(PluginError, match="filled x, y"):
        given_metric({"x": 1.0, "y": 1.0})


def test_values_must_have_the_declared_shape(given_metric):
    assert given_metric({"x": [0.5, None]}, shape="per-class") == {"x": [0.5, None]}
    assert given_metric({"x": float("nan")}) == {"x": None}
    with pytest.raises(PluginError, match="must be a per-class"):
        given_metric({"x": [1.0, 2.0, 3.0]}, shape="per-class")
    with pytest.raises(PluginError, match="must be a number"):
        given_metric({"x": "high"})


def test_a_metric_that_raises_is_named(given_metric):
    with pytest.raises(PluginError, match="'given' raised ZeroDivisionError: no"):
        given_metric(ZeroDivisionError("no"))


def test_two_metrics_may_not_fill_one_column():
    cards = {"classification": CARDS["classification"], "given": given_card(column="oa", levels=("none",))}
    with pytest.raises(PluginError, match="column 'oa'"):
        score(full([0], [0]), cards, "class")


def test_a_metric_applies_by_level_target_and_outputs():
    assert applies(CARDS["ece"], "full", "class", {"probabilities": 1})
    assert not applies(CARDS["ece"], "full", "class", {"classes": 1})
    assert not applies(CARDS["miou"], "full", "class", {"classes": 1})
    assert not applies(CARDS["acc-p"], "none", "class", {"classes": 1})


def test_listing_metrics_imports_neither_scikit_learn_nor_scipy():
    code = (
        "import sys, eobench.scoring as s; s.eobench_metrics(); "
        "print([m for m in ('sklearn', 'scipy', 'torch', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_card_loads_a_metric_and_says_what_its_columns_are():
    for card in CARDS.values():
        assert issubclass(card.load_object(), Metric)
        assert all(column.doc for column in card.columns)
