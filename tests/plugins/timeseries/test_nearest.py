"""1NN and 1NN-DTW: exact, the first of equals wins, and neither blocks nor threads change a number."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from eobench.data import DataError, UnsupportedError
from eobench.plugin import RunContext
from eobench_timeseries import _dtw as dtw
from eobench_timeseries import _euclid as euclid
from eobench_timeseries import eobench_methods
from eobench_timeseries._nearest import DTWNeighbour, EuclideanNeighbour

CARDS = {card.name: card for card in eobench_methods()}
BOTH = pytest.mark.parametrize("name", ["1nn", "1nn-dtw"])


def method(name, **params):
    return CARDS[name].load_object()(CARDS[name].resolve(params))


def plain_dtw(a, b, radius):
    """The textbook recurrence over (C, T) series."""
    steps = a.shape[1]
    total = np.full((steps + 1, steps + 1), np.inf)
    total[0, 0] = 0
    for i in range(steps):
        for j in range(max(0, i - radius), min(steps, i + radius + 1)):
            cost = ((a[:, i] - b[:, j]) ** 2).sum()
            total[i + 1, j + 1] = cost + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return total[steps, steps]


def series(seed, count, bands, steps):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, bands, steps)).astype(np.float32))


@pytest.mark.parametrize(("bands", "steps"), [(1, 9), (3, 6), (2, 1)])
@pytest.mark.parametrize("radius", [0, 1, 3, 99])
def test_dtw_is_the_textbooks(bands, steps, radius):
    queries, references = series(0, 7, bands, steps), series(1, 11, bands, steps)
    wanted = np.array([[plain_dtw(q, r, radius) for r in references.numpy()] for q in queries.numpy()])
    found = dtw.distances_by_diagonals(queries, references, radius)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    np.testing.assert_array_equal(dtw.nearest_dtw(queries, references, radius), wanted.argmin(axis=1))


def test_dtw_without_shift_is_euclidean():
    queries, references = series(0, 5, 2, 8), series(1, 6, 2, 8)
    wanted = (queries[:, None] - references).square().sum(dim=(2, 3))
    torch.testing.assert_close(dtw.distances_by_diagonals(queries, references, 0), wanted)


def test_processor_and_other_devices_find_the_same(monkeypatch):
    monkeypatch.setattr(dtw, "PAIR_BYTES", 20_000)
    queries, references = series(2, 150, 2, 7), series(3, 80, 2, 7)
    for radius in (1, 7):
        np.testing.assert_array_equal(
            dtw.nearest_dtw(queries, references, radius), dtw._nearest_by_diagonals(queries, references, radius)
        )


@pytest.mark.parametrize(("window", "radius"), [(None, 46), (0.0, 0), (0.1, 4), (0.5, 23), (1.0, 46)])
def test_a_window_is_a_share_of_the_series(window, radius):
    assert dtw.radius_of(window, 46) == radius


def test_euclidean_search_is_exact_where_rounding_is_not(monkeypatch):
    rng = np.random.default_rng(4)
    references = torch.from_numpy((1e4 + 1e-2 * rng.normal(size=(40, 5))).astype(np.float32))
    queries = references[rng.permutation(40)[:20]] + 1e-3
    wanted = (queries[:, None].double() - references.double()).square().sum(dim=2).argmin(dim=1)
    torch.testing.assert_close(euclid.nearest_euclidean(queries, references), wanted)
    monkeypatch.setattr(euclid, "_REFERENCES", 7)
    monkeypatch.setattr(euclid, "BLOCK_BYTES", 600)
    torch.testing.assert_close(euclid.nearest_euclidean(queries, references), wanted)


@BOTH
def test_of_equally_near_series_the_first_wins(made, run, name):
    values = np.concatenate([np.ones((4, 5, 1)), np.zeros((3, 5, 1))])
    fitted = method(name, scaling="none").fit(made.view(values, [2, 0, 1, 0, 1, 0, 2]), run)
    found = fitted.predict(made.inputs(np.concatenate([np.ones((2, 5, 1)), np.zeros((2, 5, 1))])))
    assert found.classes.tolist() == [2, 2, 1, 1]


@BOTH
def test_a_series_of_train_is_its_own_neighbour(made, run, name):
    values, labels = made.bumps(0, bands=2, shift=3)
    found = method(name).fit(made.view(values, labels), run).predict(made.inputs(values))
    np.testing.assert_array_equal(found.classes, labels)


def test_dtw_names_moved_series_that_euclidean_does_not(made, run):
    values, labels = made.bumps(0, steps=30, shift=6)
    other, wanted = made.bumps(1, steps=30, shift=6)
    share = {}
    for name in ("1nn", "1nn-dtw"):
        fitted = method(name, subset=0.2).fit(made.view(values, labels), run)
        share[name] = (fitted.predict(made.inputs(other)).classes == wanted).mean()
    assert share["1nn-dtw"] > 0.95 > share["1nn"]


@BOTH
def test_unlabelled_rows_are_no_neighbours(made, run, name):
    values, labels = made.bumps(0)
    labels[:50] = -1
    fitted = method(name).fit(made.view(values, labels), run)
    assert len(fitted.series) == 40
    assert fitted.parameters == 40 * values.shape[1]


def test_a_subset_is_a_draw_of_the_seed(made):
    values, labels = made.bumps(0)
    view = made.view(values, labels)
    kept = [method("1nn", subset=0.1).fit(view, RunContext(seed=seed)).series for seed in (1, 1, 2)]
    assert len(kept[0]) == 9
    assert torch.equal(kept[0], kept[1])
    assert not torch.equal(kept[0], kept[2])
    assert len(method("1nn", subset=1e-6).fit(made.view(values, labels), RunContext(seed=1)).series) == 1
    assert len(method("1nn", fit_rows=20).fit(made.view(values, labels), RunContext(seed=1)).series) == 20


def test_threads_change_no_number(made):
    values, labels = made.bumps(0, count=200, shift=4)
    a, b = (
        method("1nn-dtw", subset=0.2)
        .fit(made.view(values, labels), RunContext(seed=3, threads=threads))
        .predict(made.inputs(values))
        .classes
        for threads in (1, 3)
    )
    np.testing.assert_array_equal(a, b)


@BOTH
def test_a_view_without_labels_is_unsupported(made, run, name):
    with pytest.raises(UnsupportedError, match=f"{name} needs labelled rows"):
        method(name).fit(made.view(np.zeros((4, 3, 1)), [-1] * 4), run)


@BOTH
def test_a_damaged_file_is_refused(made, run, tmp_path, name):
    fitted = method(name).fit(made.view(*made.bumps(0)), run)
    fitted.save(tmp_path)
    (tmp_path / "neighbours.json").write_text("{}")
    with pytest.raises(DataError, match="no saved neighbours"):
        type(fitted).load(tmp_path)


def test_the_window_is_kept_when_saved(made, run, tmp_path):
    method("1nn-dtw", window=0.25).fit(made.view(*made.bumps(0)), run).save(tmp_path)
    assert DTWNeighbour.load(tmp_path).window == 0.25
    assert isinstance(EuclideanNeighbour.load(tmp_path).series, torch.Tensor)


@pytest.mark.skipif(
    not (Path(os.environ.get("EOBENCH_DATA", "/nowhere")) / "ucr_crop").is_dir(),
    reason="EOBENCH_DATA has no ucr_crop",
)
def test_euclidean_reaches_the_published_number_on_ucr_crop():
    from eobench.data import Knobs, Supervision, build_scene, open_folder

    scene = build_scene(
        open_folder(Path(os.environ["EOBENCH_DATA"]) / "ucr_crop"),
        split="official",
        modalities=(),
        supervision=Supervision("full"),
        knobs=Knobs(validation="none"),
        seed=0,
        flatten=False,
    )
    found = method("1nn", scaling="series").fit(scene.view, RunContext(seed=0)).predict(scene.test)
    assert 100 * (found.classes == scene.truth).mean() == pytest.approx(71.2, abs=0.1)
