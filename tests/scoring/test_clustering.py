"""Cluster agreement: hand cases where the three ways of naming differ, and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from eobench.plugin import Predictions, Scoring
from eobench.scoring import name_clusters
from eobench.scoring._clustering import (
    HungarianAccuracy,
    MajorityAccuracy,
    MutualInformation,
    PrototypeAccuracy,
    RandIndex,
)


def scoring(truth, groups, *, as_classes=False, count=2, train=None):
    def predictions(values):
        values = np.asarray(values, np.int64)
        return Predictions(classes=values) if as_classes else Predictions(clusters=values)

    return Scoring(
        level="bags" if as_classes else "none",
        classes=tuple("abcdefgh"[:count]),
        truth=np.asarray(truth, np.int16),
        predictions=predictions(groups),
        train_truth=None if train is None else np.asarray(train[0], np.int16),
        train_predictions=None if train is None else predictions(train[1]),
    )


TRUTH, CLUSTERS = [0] * 6 + [1] * 4, [0, 0, 0, 1, 1, 1, 2, 2, 2, 0]


def test_majority_and_hungarian_differ_with_three_clusters_and_two_classes():
    case = scoring(TRUTH, CLUSTERS, train=(TRUTH, CLUSTERS))
    assert MajorityAccuracy({}).compute(case)["acc_majority"] == pytest.approx(0.9)  # 0 -> a, 1 -> a, 2 -> b
    assert HungarianAccuracy({}).compute(case)["acc_h"] == pytest.approx(0.6)  # one of clusters 0 and 1 unmatched


def test_fewer_clusters_than_classes_leave_a_class_wrong():
    assert HungarianAccuracy({}).compute(scoring([0, 1, 2, 2], [0, 0, 1, 1], count=3))["acc_h"] == 0.75


def test_swapped_prototypes_lower_acc_p_but_not_acc_h():
    case = scoring([0, 0, 1, 1], [1, 1, 0, 0], as_classes=True)
    assert PrototypeAccuracy({}).compute(case)["acc_p"] == 0
    assert HungarianAccuracy({}).compute(case) == {"acc_h": 1, "matched": [1, 0]}


def test_a_class_that_shares_no_sample_with_its_match_has_none():
    case = scoring([0, 0, 2, 2], [1, 1, 0, 0], count=3)
    assert HungarianAccuracy({}).compute(case)["matched"] == [1, None, 0]


def test_clusters_without_names_have_no_acc_p():
    assert PrototypeAccuracy({}).compute(scoring([0, 1], [0, 1]))["acc_p"] is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=50))
def test_acc_h_is_never_below_acc_p(drawn):
    truth, classes = np.array(drawn).T
    case = scoring(truth, classes, as_classes=True, count=4)
    acc_p = PrototypeAccuracy({}).compute(case)["acc_p"]
    assert HungarianAccuracy({}).compute(case)["acc_h"] >= acc_p - 1e-12


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=40), st.permutations(range(6))
)
def test_naming_clusters_otherwise_changes_no_score(drawn, order):
    truth, clusters = np.array(drawn).T
    renamed = np.array(order)[clusters]
    metrics = {"acc_h": HungarianAccuracy({}), "nmi": MutualInformation({}), "ari": RandIndex({})}
    for name, metric in metrics.items():
        a, b = (metric.compute(scoring(truth, c, count=4))[name] for c in (clusters, renamed))
        assert a == pytest.approx(b)


def test_nmi_and_ari_leave_out_what_has_no_truth():
    truth, clusters = [0, 0, 1, 1, -1], [0, 0, 1, 1, 0]
    case = scoring(truth, clusters)
    assert MutualInformation({}).compute(case)["nmi"] == pytest.approx(1)
    assert RandIndex({}).compute(case)["ari"] == pytest.approx(1)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0, 1, 2, 5, 9])), min_size=1, max_size=80))
def test_nmi_and_ari_are_those_of_scikit_learn_bit_by_bit(drawn):
    truth, clusters = np.array(drawn).T
    case = scoring(truth, clusters, count=6)
    assert MutualInformation({}).compute(case)["nmi"] == oracle.normalized_mutual_info_score(truth, clusters)
    assert RandIndex({}).compute(case)["ari"] == oracle.adjusted_rand_score(truth, clusters)


def test_ari_of_millions_of_pixels_does_not_overflow():
    truth = np.repeat([0, 1, 2], 400_000)
    groups = np.roll(truth, 1000)
    expected = oracle.adjusted_rand_score(truth, groups)
    assert RandIndex({}).compute(scoring(truth, groups, count=3))["ari"] == expected


def test_nmi_is_normalised_by_the_arithmetic_mean():
    truth, clusters = [0, 0, 1, 1, 1], [0, 1, 2, 2, 1]
    expected = oracle.normalized_mutual_info_score(truth, clusters, average_method="arithmetic")
    assert MutualInformation({}).compute(scoring(truth, clusters))["nmi"] == pytest.approx(expected)
    assert expected != pytest.approx(
        oracle.normalized_mutual_info_score(truth, clusters, average_method="geometric")
    )


def test_majority_is_learned_on_train_and_not_on_test():
    case = scoring([0, 0, 1], [0, 0, 0], train=([1, 1, 0], [0, 0, 0]))
    assert MajorityAccuracy({}).compute(case)["acc_majority"] == pytest.approx(1 / 3)


def test_majority_without_predictions_on_train_is_undefined():
    assert MajorityAccuracy({}).compute(scoring([0, 1], [0, 1]))["acc_majority"] is None


def test_a_cluster_that_train_never_filled_gets_the_most_frequent_class_not_class_0():
    train_clusters, train_truth = np.array([0, 1, 1, 3]), np.array([0, 1, 1, -1])
    named = name_clusters(np.array([0, 1, 2, 3, 7]), train_clusters, train_truth, 3)
    assert named.tolist() == [0, 1, 1, 1, 1]


def test_a_tied_vote_goes_to_the_lower_class():
    assert name_clusters(np.array([0]), np.array([0, 0]), np.array([2, 1]), 3).tolist() == [1]


def test_naming_keeps_the_shape_of_maps():
    named = name_clusters(np.zeros((2, 3, 4), np.int64), np.array([0]), np.array([1]), 2)
    assert named.shape == (2, 3, 4)


def test_naming_without_labels_is_refused():
    with pytest.raises(ValueError, match="no training row is labelled"):
        name_clusters(np.array([0]), np.array([0]), np.array([-1]), 2)
