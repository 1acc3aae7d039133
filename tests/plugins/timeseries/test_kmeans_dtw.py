"""K-means under soft-DTW: it learns prototypes, leaves no cluster empty, and keeps to its budget."""

import numpy as np
import pytest
import torch

from eobench.data import DataError, UnsupportedError
from eobench.plugin import Budget, RunContext
from eobench_prototypes._dti_training import Rows
from eobench_timeseries import eobench_methods
from eobench_timeseries._kmeans_dtw import SoftPrototypes, first_prototypes, reassign
from eobench_timeseries._softdtw import soft_dtw_matrix

CARD = next(card for card in eobench_methods() if card.name == "kmeans-dtw")


def clustering(**params):
    return CARD.load_object()(CARD.resolve({"clusters": 3, **params}))


def run(steps=20, seed=7):
    return RunContext(seed=seed, budget=Budget(steps=steps))


def purity(clusters, labels):
    return sum(np.bincount(labels[clusters == k]).max() for k in np.unique(clusters)) / len(labels)


def test_moved_series_of_a_shape_share_a_cluster(made):
    values, _ = made.bumps(0, steps=30, shift=6)
    other, wanted = made.bumps(1, steps=30, shift=6)
    fitted = clustering(gamma=0.1, clusters=5).fit(made.view(values), run(60))
    from sklearn.cluster import KMeans

    flat = KMeans(5, n_init=1, random_state=0).fit(values[..., 0]).predict(other[..., 0])
    found = fitted.predict(made.inputs(other)).clusters
    assert purity(found, wanted) > purity(flat, wanted)


def test_training_lowers_the_loss(made):
    context = run(40)
    clustering(lr=0.05).fit(made.view(made.bumps(0, shift=3)[0]), context)
    losses = [value for _, value in context.curves["loss"]]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


def test_without_steps_the_prototypes_are_those_it_starts_from(made):
    values, _ = made.bumps(0)
    fitted = clustering(init="random", scaling="none").fit(made.view(values), run(0))
    series = torch.from_numpy(values.astype(np.float32).transpose(0, 2, 1))
    assert fitted.steps == 0
    assert torch.equal(fitted.prototypes, first_prototypes(series, 3, "random", run()))


def test_it_predicts_the_nearest_under_soft_dtw(made):
    values, _ = made.bumps(0)
    fitted = clustering(scaling="none", gamma=0.5).fit(made.view(values), run(3))
    series = torch.from_numpy(values.astype(np.float32).transpose(0, 2, 1))
    wanted = soft_dtw_matrix(series, fitted.prototypes, 0.5).argmin(dim=1)
    np.testing.assert_array_equal(fitted.predict(made.inputs(values)).clusters, wanted)


def test_an_empty_cluster_becomes_a_copy_of_the_largest_with_its_moments():
    prototypes = torch.nn.Parameter(torch.arange(4.0).view(4, 1, 1).repeat(1, 2, 3))
    optimiser = Rows([prototypes], 1e-3)
    (10 * prototypes.square()).sum().backward()
    optimiser.step()
    before = prototypes.detach().clone()
    empty = reassign(prototypes, optimiser, torch.tensor([500, 0, 900, 1]), torch.Generator().manual_seed(0))
    assert empty == 2
    np.testing.assert_allclose(prototypes.detach(), before[[0, 2, 2, 2]], atol=1e-3)
    assert not torch.equal(prototypes[1], prototypes[3])
    means = optimiser._means[0][:, 0, 0]
    assert means[0] == 0
    assert (means[1:] == means[2]).all()


def test_fewer_rows_than_clusters_are_unsupported(made):
    with pytest.raises(UnsupportedError, match="needs at least 3 rows; the view has 2"):
        clustering().fit(made.view(np.zeros((2, 4, 1))), run())


def test_fit_rows_leaves_a_row_for_each_cluster(made):
    fitted = clustering(fit_rows=1, scaling="none").fit(made.view(made.bumps(0)[0]), run(0))
    assert len(fitted.prototypes.unique(dim=0)) == 3


def test_the_view_is_not_changed(made):
    values, _ = made.bumps(0)
    valid = np.random.default_rng(0).random(values.shape[:2]) > 0.3
    view = made.view(values, valid=valid)
    before = view.inputs.batch(slice(None)).values.copy()
    clustering().fit(view, run(3)).predict(view.inputs)
    np.testing.assert_array_equal(view.inputs.batch(slice(None)).values, before)


def test_it_is_saved_whole(made, tmp_path):
    values, _ = made.bumps(0, bands=2)
    fitted = clustering(gamma=0.3).fit(made.view(values), run(5))
    fitted.save(tmp_path)
    loaded = SoftPrototypes.load(tmp_path)
    assert (loaded.gamma, loaded.steps, loaded.parameters) == (0.3, 5, 3 * 2 * values.shape[1])
    (tmp_path / "prototypes.json").write_text("{}")
    with pytest.raises(DataError, match="no saved prototypes"):
        SoftPrototypes.load(tmp_path)
