"""Random forest: what it learns from, that threads change nothing, and that a crafted file is refused."""

import numpy as np
import pytest
import skops.io

from eobench.data import DataError, Inputs, ModalityArray, ModalityInfo, UnsupportedError, View
from eobench.plugin import RunContext
from eobench.scoring import check_predictions
from eobench_timeseries import eobench_methods
from eobench_timeseries._forest import ForestPredictor
from eobench_timeseries._trees import check_forest

CARD = next(card for card in eobench_methods() if card.name == "random-forest")


def forest(**params):
    return CARD.load_object()(CARD.resolve({"trees": 12, **params}))


def inputs(values, valid=None):
    values = np.asarray(values, np.float32)
    info = ModalityInfo("s2", "series", values.shape[1:], ("a", "b"))
    return Inputs.of(ModalityArray(info, values, valid, np.arange(values.shape[1], dtype=np.int16) * 10))


def view(values, labels, valid=None, classes=4):
    return View("full", inputs(values, valid), tuple("abcd"[:classes]), labels=np.asarray(labels, np.int16))


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 150)
    return rng.normal(size=(3, 5, 2))[labels] + 0.7 * rng.normal(size=(150, 5, 2)), labels


@pytest.fixture
def fitted(drawn):
    return forest().fit(view(*drawn), RunContext(seed=1))


def test_predictions_are_valid_and_better_than_chance(drawn, fitted):
    values, labels = drawn
    half = forest().fit(view(values[:100], labels[:100]), RunContext(seed=1))
    found = half.predict(inputs(values[100:]))
    check_predictions(found, 50, 4, CARD.outputs)
    assert (found.classes == labels[100:]).mean() > 0.6


def test_a_class_without_labels_has_probability_zero(drawn):
    values, labels = drawn
    found = (
        forest().fit(view(values, np.where(labels == 1, -1, labels)), RunContext(seed=1)).predict(inputs(values))
    )
    assert set(found.classes) == {0, 2}
    assert found.probabilities[:, [1, 3]].max() == 0


def test_unlabelled_rows_are_not_learned_from(drawn):
    values, labels = drawn
    labels[:40] = -1
    moved = values.copy()
    moved[:40] += 99
    a, b = (forest().fit(view(v, labels), RunContext(seed=1)).predict(inputs(values)) for v in (values, moved))
    np.testing.assert_array_equal(a.probabilities, b.probabilities)


def test_values_in_gaps_are_never_seen(drawn):
    values, labels = drawn
    valid = np.random.default_rng(1).random((150, 5)) > 0.3
    other = np.where(valid[..., None], values, 1e6)
    a, b = (
        forest().fit(view(v, labels, valid), RunContext(seed=1)).predict(inputs(v, valid)).probabilities
        for v in (values, other)
    )
    np.testing.assert_array_equal(a, b)


def test_threads_change_no_number(drawn, monkeypatch):
    monkeypatch.setattr("eobench_timeseries._forest._CHUNK", 40)
    values, labels = drawn
    a, b = (
        forest().fit(view(values, labels), RunContext(seed=1, threads=t)).predict(inputs(values)) for t in (1, 2)
    )
    np.testing.assert_array_equal(a.probabilities, b.probabilities)
    np.testing.assert_array_equal(a.classes, b.classes)


def test_chunks_change_no_number(drawn, fitted, monkeypatch):
    whole = fitted.predict(inputs(drawn[0]))
    monkeypatch.setattr("eobench_timeseries._forest._CHUNK", 7)
    np.testing.assert_array_equal(fitted.predict(inputs(drawn[0])).probabilities, whole.probabilities)


def test_the_seed_is_the_cells(drawn):
    values, labels = drawn
    one, two, other = (
        forest().fit(view(values, labels), RunContext(seed=s)).predict(inputs(values)).probabilities
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_at_most_fit_rows_are_learned_from(drawn):
    values, labels = drawn
    small = forest(fit_rows=10).fit(view(values, labels), RunContext(seed=1))
    assert all(tree.tree_.n_node_samples[0] <= 10 for tree in small.model.estimators_)
    assert small.model.estimators_[0].tree_.weighted_n_node_samples[0] == 10


def test_options_reach_the_forest(drawn):
    made = forest(max_features="all", max_depth=2, min_leaf=5, class_weight="balanced")
    model = made.fit(view(*drawn), RunContext(seed=1)).model
    assert (model.max_features, model.max_depth, model.min_samples_leaf) == (None, 2, 5)
    assert model.class_weight == "balanced"
    assert CARD.resolve({})["trees"] == 300


def test_parameters_count_splits_and_leaf_shares(drawn):
    stump = forest(trees=1, max_depth=1).fit(view(*drawn), RunContext(seed=1))
    assert stump.parameters == 2 * 1 + 2 * 3


def test_a_view_without_labels_is_unsupported(drawn):
    with pytest.raises(UnsupportedError, match="needs labelled rows"):
        forest().fit(view(drawn[0], np.full(150, -1)), RunContext(seed=1))


def test_it_predicts_the_same_after_loading(drawn, fitted, tmp_path):
    fitted.save(tmp_path)
    loaded = ForestPredictor.load(tmp_path)
    a, b = (p.predict(inputs(drawn[0])) for p in (fitted, loaded))
    np.testing.assert_array_equal(a.probabilities, b.probabilities)
    np.testing.assert_array_equal(a.classes, b.classes)
    assert loaded.parameters == fitted.parameters


def test_a_file_with_other_types_is_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    from sklearn.linear_model import LogisticRegression

    skops.io.dump(LogisticRegression(), tmp_path / "forest.skops")
    with pytest.raises(DataError, match="LogisticRegression, not a RandomForestClassifier"):
        ForestPredictor.load(tmp_path)


def test_a_file_that_is_no_model_is_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    (tmp_path / "forest.skops").write_bytes(b"nothing")
    with pytest.raises(DataError, match="no saved random forest"):
        ForestPredictor.load(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("left_child", 10**6, "outside its nodes"),
        ("right_child", 0, "outside its nodes"),  # back to the root: a path without end
        ("left_child", -1, "one child"),
        ("feature", 10, "a feature that is not there"),
        ("feature", -3, "a feature that is not there"),
    ],
)
def test_a_tree_that_leads_outside_its_arrays_is_refused(fitted, field, value, reason):
    tree = fitted.model.estimators_[3].tree_
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    state["nodes"][field][0] = value
    tree.__setstate__(state)
    with pytest.raises(ValueError, match=reason):
        check_forest(fitted.model, 4)


def test_a_forest_of_other_classes_is_refused(fitted):
    with pytest.raises(ValueError, match="outside the 2 classes"):
        check_forest(fitted.model, 2)
