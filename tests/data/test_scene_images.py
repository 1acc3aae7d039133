"""Bags of images: proportions are of their labelled pixels, and nothing of a label map is seen."""

from __future__ import annotations

import numpy as np
import pytest

from eobench.data import Knobs, RegionTable, Supervision, UnsupportedError, build_scene

LEVELS = [
    Supervision("bags", bag_size=4),
    Supervision("regions", by="commune"),
    Supervision("global", bag_size=4),
    Supervision("census", bag_size=4, source="perturbed", error=0.1),
]


def scene(folder, supervision, knobs=None, seed=5):
    return build_scene(
        folder,
        split="random",
        modalities=(),
        supervision=supervision,
        knobs=knobs or Knobs(),
        seed=seed,
        flatten=False,
    )


def shares(maps, classes):
    known = maps[maps >= 0]
    return np.bincount(known, minlength=classes) / len(known)


@pytest.mark.parametrize("level", LEVELS, ids=lambda s: s.level)
def test_a_view_of_image_bags_has_images_and_proportions_and_no_labels(fakes, level):
    made = scene(fakes.images(), level)
    partition = made.view.bags.partition(0)
    assert made.view.labels is None
    assert made.view.inputs.kind == "image"
    assert np.allclose(partition.proportions.sum(axis=1), 1, atol=1e-6)
    assert partition.rows.max() < len(made.view)
    assert made.truth.shape == (len(made.test), 6, 6)
    assert made.train_truth.shape == (len(made.view), 6, 6)


def test_exact_bags_carry_the_shares_of_their_pixels(fakes):
    made = scene(fakes.images(), Supervision("bags", bag_size=4))
    partition = made.view.bags.partition(0)
    for i in range(len(partition)):
        assert np.allclose(partition.proportions[i], shares(made.train_truth[partition.bag(i)], 5), atol=1e-6)


def test_a_region_carries_what_was_measured_on_its_train_images(fakes):
    made = scene(fakes.images(), Supervision("regions", by="commune"))
    partition = made.view.bags.partition(0)
    assert len(partition) > 2
    for i in range(len(partition)):
        assert np.allclose(partition.proportions[i], shares(made.train_truth[partition.bag(i)], 5), atol=1e-6)


def test_an_exact_table_is_what_regions_carry(fakes):
    folder = fakes.images()
    vector = np.array([0.5, 0.2, 0.1, 0.1, 0.1])
    table = RegionTable("commune", {str(c): vector for c in range(8)})
    made = scene(with_table(folder, table), Supervision("regions", by="commune"))
    assert np.allclose(made.view.bags.partition(0).proportions, vector)


def with_table(folder, table):
    from eobench.data._header import TableInfo

    changed = folder.with_header(
        tables={"exact": TableInfo(name="exact", file="t", by=table.by, kind="proportions", exact=True)}
    )
    changed.tables = {"exact": dict(table.proportions)}
    return changed


def test_the_global_vector_is_of_all_labelled_train_pixels(fakes):
    made = scene(fakes.images(), Supervision("global", bag_size=1), Knobs(validation="none"))
    truth = made.train_truth
    assert made.view.bags.shared
    assert np.allclose(made.view.bags.partition(0).proportions[0], shares(truth, 5), atol=1e-6)


def test_scored_images_stand_in_bags_with_their_true_shares(fakes):
    made = scene(fakes.images(), Supervision("regions", by="commune"))
    partition = made.test_bags.partition(0)
    for i in range(len(partition)):
        assert np.allclose(partition.proportions[i], shares(made.truth[partition.bag(i)], 5), atol=1e-6)


def test_test_images_that_join_are_in_no_exact_bag_and_have_no_truth(fakes):
    plain = scene(fakes.images(), Supervision("bags", bag_size=4))
    made = scene(fakes.images(), Supervision("bags", bag_size=4), Knobs(transductive=True))
    assert len(made.view) == len(plain.view) + len(made.test)
    joined = np.setdiff1d(np.arange(len(made.view)), made.view.bags.partition(0).rows)
    assert (made.train_truth[joined] == -1).all()


@pytest.mark.parametrize("level", LEVELS, ids=lambda s: s.level)
def test_the_order_of_the_folder_changes_nothing(fakes, level):
    folder = fakes.images()
    order = np.random.default_rng(3).permutation(24)
    assert fakes.differences(scene(folder, level), scene(folder.permuted(order), level)) == []


@pytest.mark.parametrize("level", LEVELS, ids=lambda s: s.level)
def test_labels_of_scored_images_change_nothing_that_is_seen(fakes, level):
    folder = fakes.images()
    labels = folder.labels().copy()
    labels[folder.column("split") == "test"] = 0
    assert fakes.differences(scene(folder, level).view, scene(folder.relabelled(labels), level).view) == []


def test_a_pixel_moved_within_its_bag_changes_nothing_that_is_seen(fakes):
    folder = fakes.images()
    labels = folder.labels().copy()
    labels[:] = labels[:, ::-1, ::-1]
    level = Supervision("regions", by="commune")
    assert fakes.differences(scene(folder, level).view, scene(folder.relabelled(labels), level).view) == []


def test_images_without_any_label_are_in_no_exact_bag(fakes):
    folder = fakes.images()
    assert (folder.labels()[0] == -1).all()
    assert len(scene(folder, Supervision("bags", bag_size=13)).view) == 13
    with pytest.raises(UnsupportedError, match="larger than the 13"):
        scene(folder, Supervision("bags", bag_size=14))
