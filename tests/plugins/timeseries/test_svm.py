"""The support vector machine: it votes as libsvm does, and its files hold numbers only."""

import numpy as np
import pytest

from eobench.data import DataError, UnsupportedError
from eobench_timeseries import eobench_methods
from eobench_timeseries._svm import SVMPredictor

CARD = next(card for card in eobench_methods() if card.name == "svm")


def machine(**params):
    return CARD.load_object()(CARD.resolve(params))


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_it_votes_as_scikit_learn_does(made, run, kernel, classes):
    from sklearn.svm import SVC

    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, 120)
    values = rng.normal(size=(classes, 4, 2))[labels] + rng.normal(size=(120, 4, 2))
    other = rng.normal(size=(300, 4, 2))
    fitted = machine(kernel=kernel, scaling="none").fit(made.view(values, labels, classes=classes), run)
    flat, new = (
        v.astype(np.float32).astype(np.float64).transpose(0, 2, 1).reshape(len(v), -1) for v in (values, other)
    )
    wanted = SVC(kernel=kernel).fit(flat, labels).predict(new)
    np.testing.assert_array_equal(fitted.predict(made.inputs(other)).classes, wanted)


def test_it_learns(made, run):
    values, labels = made.bumps(0)
    other, wanted = made.bumps(1)
    found = machine().fit(made.view(values, labels), run).predict(made.inputs(other)).classes
    assert (found == wanted).mean() > 0.95


def test_a_class_without_labels_is_never_predicted(made, run):
    values, labels = made.bumps(0)
    labels[labels == 1] = -1
    found = machine().fit(made.view(values, labels), run).predict(made.inputs(values)).classes
    assert set(found) == {0, 2}


def test_options_reach_the_machine(made, run):
    values, labels = made.bumps(0)
    sizes = {
        len(machine(**params).fit(made.view(values, labels), run).support)
        for params in ({}, {"c": 0.01}, {"gamma": 3.0}, {"kernel": "linear"}, {"fit_rows": 12})
    }
    assert len(sizes) == 5
    weighted = machine(class_weight="balanced", c=0.01).fit(made.view(values, labels), run)
    assert weighted.weights.abs().max() != machine(c=0.01).fit(made.view(values, labels), run).weights.abs().max()


def test_one_class_is_unsupported(made, run):
    with pytest.raises(UnsupportedError, match="two classes or more; all are b"):
        machine().fit(made.view(np.random.default_rng(0).normal(size=(5, 3, 1)), [1] * 5), run)


def test_a_damaged_file_is_refused(made, run, tmp_path):
    machine().fit(made.view(*made.bumps(0)), run).save(tmp_path)
    from safetensors.numpy import load_file, save_file

    arrays = load_file(tmp_path / "svm.safetensors")
    save_file(arrays | {"names": np.arange(9)}, tmp_path / "svm.safetensors")
    with pytest.raises(DataError, match="no saved support vector machine"):
        SVMPredictor.load(tmp_path)
