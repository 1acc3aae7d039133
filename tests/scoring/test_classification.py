"""Classification and segmentation metrics against scikit-learn and by hand."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from eobench.plugin import Predictions, Scoring
from eobench.scoring import confusion_matrix
from eobench.scoring._confusion import Classification, MeanIoU


def scoring(truth, classes, count=4, level="full"):
    return Scoring(
        level=level,
        classes=tuple("abcdefgh"[:count]),
        truth=np.asarray(truth, np.int16),
        predictions=Predictions(classes=np.asarray(classes, np.int64)),
    )


def rates(truth, classes, count=4):
    return Classification({}).compute(scoring(truth, classes, count))


pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=60)


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_rates_equal_scikit_learn(drawn):
    truth, predicted = np.array(drawn).T
    found = rates(truth, predicted)
    present = np.unique(truth)
    assert found["oa"] == pytest.approx(oracle.accuracy_score(truth, predicted))
    recall = oracle.recall_score(truth, predicted, labels=present, average="macro", zero_division=0)
    assert found["ma"] == pytest.approx(recall)
    assert found["macro_f1"] == pytest.approx(oracle.f1_score(truth, predicted, average="macro"))
    np.testing.assert_array_equal(found["confusion"], oracle.confusion_matrix(truth, predicted, labels=range(4)))
    if len(np.unique(np.concatenate([truth, predicted]))) > 1:
        assert found["kappa"] == pytest.approx(oracle.cohen_kappa_score(truth, predicted))


def test_rates_by_hand():
    found = rates([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 3])
    assert found["oa"] == pytest.approx(3 / 6)
    assert found["ma"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)  # class 3 is not in the truth
    np.testing.assert_allclose(found["recall"], [2 / 3, 1 / 2, 0, np.nan])
    np.testing.assert_allclose(found["precision"], [2 / 3, 1 / 2, np.nan, 0])
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 0 + 0) / 4)  # class 3 is predicted


def test_unlabelled_samples_are_not_scored():
    assert rates([0, -1, 1, -1], [0, 3, 1, 2])["oa"] == 1


def test_a_class_that_train_never_saw_is_scored_as_wrong():
    found = rates([0, 0, 3], [0, 0, 1])
    assert found["recall"][3] == 0
    assert found["ma"] == pytest.approx(0.5)


def test_nothing_to_score_gives_none_and_no_crash():
    found = rates([-1, -1], [0, 1])
    assert found["oa"] is None
    assert found["ma"] is None
    assert found["kappa"] is None


def test_kappa_of_complete_chance_agreement_is_undefined():
    assert rates([1, 1], [1, 1])["kappa"] is None


def test_miou_uses_one_matrix_over_the_test_set_not_a_mean_over_images():
    truth = np.array([[[0, 0], [0, 0]], [[0, 1], [1, 1]]])
    maps = np.array([[[0, 0], [0, 0]], [[0, 0], [1, 1]]])
    found = MeanIoU({}).compute(scoring(truth, maps, 2))["miou"]
    assert found == pytest.approx((5 / 6 + 2 / 3) / 2)
    per_image = np.mean([1.0, (1 / 2 + 2 / 3) / 2])
    assert found != pytest.approx(per_image)


def test_miou_equals_the_jaccard_score_over_classes_in_either():
    truth, maps = np.random.default_rng(3).integers(0, 3, (2, 5, 9, 9))
    expected = oracle.jaccard_score(truth.ravel(), maps.ravel(), average="macro")
    assert MeanIoU({}).compute(scoring(truth, maps))["miou"] == pytest.approx(expected)


def test_the_matrix_refuses_an_index_outside_it():
    with pytest.raises(ValueError, match="outside the matrix"):
        confusion_matrix(np.array([0, 1]), np.array([0, 2]), 2)
    with pytest.raises(ValueError, match="outside the matrix"):
        confusion_matrix(np.array([0, 2]), np.array([0, 1]), 2)


def test_a_million_pixels_take_less_than_a_second():
    rng = np.random.default_rng(0)
    truth, maps = rng.integers(-1, 8, (64, 128, 128)), rng.integers(0, 8, (64, 128, 128))
    case = scoring(truth, maps, 8)
    start = time.perf_counter()
    Classification({}).compute(case)
    assert time.perf_counter() - start < 1
