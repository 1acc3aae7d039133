"""k-means: clusters without names, the same for the same seed."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from eobench.data import UnsupportedError
from eobench.plugin import RunContext
from eobench_prototypes import eobench_methods
from eobench_prototypes._predictor import NearestPrototype

CARD = next(card for card in eobench_methods() if card.name == "kmeans")


def kmeans(**params):
    return CARD.load_object()(CARD.resolve({"clusters": 3, **params}))


@pytest.fixture
def groups():
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    return 5 * rng.normal(size=(3, 4, 2))[labels] + rng.normal(size=(90, 4, 2)), labels


def test_separate_groups_are_found(made, run, groups):
    values, labels = groups
    found = kmeans(restarts=5).fit(made.view(values), run).predict(made.inputs(values))
    assert adjusted_rand_score(labels, found.clusters) == 1
    assert found.classes is None


def test_the_default_is_32_clusters_as_in_the_paper():
    assert CARD.resolve({})["clusters"] == 32
    assert CARD.levels == ("none",)


def test_the_same_seed_gives_the_same_centres_and_another_seed_others(made, groups):
    values = np.random.default_rng(1).normal(size=(200, 4, 2))
    one, two, other = (kmeans(clusters=9).fit(made.view(values), RunContext(seed=s)).prototypes for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_prediction_is_the_cluster_that_training_assigned(made, run, groups):
    from sklearn.cluster import KMeans

    values, _ = groups
    fitted = kmeans(scaling="none").fit(made.view(values), run)
    flat = values.transpose(0, 2, 1).reshape(90, -1).astype(np.float32)
    model = KMeans(3, init=fitted.prototypes.astype(np.float32), n_init=1, max_iter=1).fit(flat)
    np.testing.assert_array_equal(fitted.predict(made.inputs(values)).clusters, model.labels_)


def test_at_most_fit_rows_are_clustered(made, run, groups):
    values, _ = groups
    fitted = kmeans(fit_rows=3, scaling="none").fit(made.view(values), run)
    flat = values.transpose(0, 2, 1).reshape(90, -1)
    for centre in fitted.prototypes:  # three rows, three clusters: each centre is one of the rows
        assert np.abs(flat - centre).max(axis=1).min() < 1e-5


def test_fewer_rows_than_clusters_is_unsupported(made, run):
    with pytest.raises(UnsupportedError, match=r"kmeans\[clusters=3\] needs at least 3 rows; the view has 2"):
        kmeans().fit(made.view(np.zeros((2, 4, 1))), run)


def test_it_predicts_the_same_after_loading(made, run, groups, tmp_path):
    values, _ = groups
    fitted = kmeans().fit(made.view(values), run)
    fitted.save(tmp_path)
    loaded = NearestPrototype.load(tmp_path).predict(made.inputs(values))
    np.testing.assert_array_equal(loaded.clusters, fitted.predict(made.inputs(values)).clusters)
    assert loaded.classes is None


def test_listing_the_methods_imports_nothing_heavy():
    code = (
        "import sys, eobench_prototypes as p, eobench_timeseries as t; p.eobench_methods(); t.eobench_methods(); "
        "print([m for m in ('sklearn', 'scipy', 'skops', 'safetensors', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
