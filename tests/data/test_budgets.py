"""Label budgets are nested, seeded and stratified."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eobench.data import Knobs, LabelBudget, Supervision, build_scene
from eobench.data._budgets import budget_counts, class_counts, draw_labels, draw_pixels, validation_counts

labels = hnp.arrays(np.int16, st.integers(1, 80), elements=st.integers(-1, 4))


def ids(count):
    return np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


@given(truth=labels, small=st.integers(1, 10), more=st.integers(0, 10), seed=st.integers(0, 99))
@settings(deadline=None)
def test_a_larger_budget_per_class_draws_the_same_rows_and_more(truth, small, more, seed):
    available = class_counts(truth, 5)
    draws = [
        draw_labels(truth, ids(len(truth)), budget_counts(LabelBudget(per_class=n), available), seed)
        for n in (small, small + more)
    ]
    assert not (draws[0] & ~draws[1]).any()
    assert np.array_equal(class_counts(truth[draws[0]], 5), np.minimum(available, small))
    assert (truth[draws[1]] >= 0).all()


@given(truth=labels, small=st.floats(0.1, 99), more=st.floats(0, 50), seed=st.integers(0, 99))
@settings(deadline=None)
def test_one_percent_is_part_of_five_percent_and_every_class_present_gives_one(truth, small, more, seed):
    available = class_counts(truth, 5)
    draws = [
        draw_labels(truth, ids(len(truth)), budget_counts(LabelBudget(percent=p), available), seed)
        for p in (small, min(100.0, small + more))
    ]
    assert not (draws[0] & ~draws[1]).any()
    drawn = class_counts(truth[draws[0]], 5)
    assert np.array_equal(drawn > 0, available > 0)
    assert (np.abs(drawn - available * small / 100) <= 1).all()


def test_a_draw_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(0)
    truth, order = rng.integers(-1, 5, 200).astype(np.int16), rng.permutation(200)
    counts = np.array([3, 1, 0, 7, 200])
    drawn = draw_labels(truth, ids(200), counts, 4)
    assert np.array_equal(drawn[order], draw_labels(truth[order], ids(200)[order], counts, 4))
    assert not np.array_equal(drawn, draw_labels(truth, ids(200), counts, 5))


def test_validation_labels_are_in_proportion_and_at_least_one_per_class():
    available = np.array([100, 50, 1, 0])
    counts = validation_counts(LabelBudget(per_class=20), np.array([20, 20, 3, 5]), available, ratio=0.25)
    assert counts.tolist() == [5, 5, 1, 0]
    few = validation_counts(LabelBudget(per_class=1), np.array([1, 1, 1, 1]), available, ratio=0.1)
    assert few.tolist() == [1, 1, 1, 0]


def test_pixels_are_drawn_over_all_images_nested_and_block_by_block(monkeypatch):
    rng = np.random.default_rng(0)
    truth = rng.integers(-1, 4, (30, 8, 8)).astype(np.int16)
    small, large = np.array([2, 5, 0, 9000]), np.array([4, 5, 1, 9000])
    first, more = (draw_pixels(truth, ids(30), c, 3) for c in (small, large))
    assert class_counts(truth[first], 4).tolist() == [2, 5, 0, (truth == 3).sum()]
    assert not (first & ~more).any()
    assert len(np.unique(np.nonzero(more & (truth == 1))[0])) > 1
    monkeypatch.setattr("eobench.data._budgets._PIXEL_BLOCK", 100)
    assert np.array_equal(more, draw_pixels(truth, ids(30), large, 3))


@pytest.mark.parametrize("budget", [LabelBudget(per_class=4), LabelBudget(percent=30)])
def test_few_shows_the_drawn_labels_and_keeps_the_other_rows_unlabelled(fakes, budget):
    folder = fakes.series()
    scene = build_scene(
        folder,
        split="block",
        modalities=(),
        supervision=Supervision("few", labels=budget),
        knobs=Knobs(),
        seed=0,
        flatten=False,
    )
    view, known = scene.view, scene.view.labels >= 0
    train = folder.labels()[folder.column("split_block") == "train"]
    assert len(view) == len(train)
    assert np.array_equal(view.labels[known], scene.train_truth[known])
    assert np.array_equal(class_counts(view.labels, 5), budget_counts(budget, class_counts(train, 5)))
    assert (view.validation.labels >= 0).all()
    assert scene.labels_used == known.sum() + len(view.validation)


def test_few_on_label_maps_grants_pixels_per_class_or_whole_images(fakes):
    folder = fakes.images()

    def build(budget):
        supervision = Supervision("few", labels=budget)
        return build_scene(
            folder, split="random", modalities=(), supervision=supervision, knobs=Knobs(), seed=0, flatten=False
        )

    sparse = build(LabelBudget(per_class=2))
    assert class_counts(sparse.view.labels, 5).tolist() == [2, 2, 2, 2, 2]
    assert len(sparse.view) == 14
    assert class_counts(sparse.view.validation.labels, 5).tolist() == [1, 1, 1, 1, 1]
    assert sparse.labels_used == 15
    whole = build(LabelBudget(percent=20))  # 3 of 14 images, and 1 of 5
    assert len(whole.view.labelled) == 3
    assert np.array_equal(whole.view.labels[whole.view.labelled], whole.train_truth[whole.view.labelled])
    assert len(whole.view.validation) == 1


def test_all_labels_are_full(fakes):
    views = [
        build_scene(
            fakes.series(), split="block", modalities=(), supervision=s, knobs=Knobs(), seed=0, flatten=False
        ).view
        for s in (Supervision("full"), Supervision("few", labels=LabelBudget(percent=100)))
    ]
    assert fakes.differences(*views) == []


def test_a_balanced_draw_of_full_shows_only_drawn_rows_and_scarce_classes_give_all(fakes):
    folder = fakes.series()
    supervision = Supervision("full", per_class=12)
    scene = build_scene(
        folder, split="block", modalities=(), supervision=supervision, knobs=Knobs(), seed=0, flatten=False
    )
    available = class_counts(folder.labels()[folder.column("split_block") == "train"], 5)
    assert available.min() < 12
    assert np.array_equal(class_counts(scene.view.labels, 5), np.minimum(available, 12))
    assert len(scene.view) == np.minimum(available, 12).sum()
