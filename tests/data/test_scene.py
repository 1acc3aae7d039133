"""A scene: the order of rows, which rows learn, validate and are scored."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eobench.data import (
    DataError,
    Knobs,
    LabelBudget,
    RegionTable,
    Supervision,
    TestOn,
    UnsupportedError,
    build_scene,
    unsupported_reason,
    write_folder,
)

LEVELS = [
    Supervision("full"),
    Supervision("full", per_class=6),
    Supervision("few", labels=LabelBudget(per_class=3)),
    Supervision("few", labels=LabelBudget(percent=20)),
    Supervision("bags", bag_size=16),
    Supervision("bags", bag_size=8, redraws=3),
    Supervision("regions", by="block"),
    Supervision("regions", by="county"),
    Supervision("global", bag_size=16),
    Supervision("global", bag_size=16, area="all", redraws=2),
    Supervision("census", bag_size=16),
    Supervision("census", bag_size=16, source="perturbed", error=0.2),
    Supervision("none"),
]
NAMES = [f"{s.level}-{i}" for i, s in enumerate(LEVELS)]
KNOBS = [
    Knobs(),
    Knobs(transductive=True, pool=True),
    Knobs(validation="none", exclude="cloudy", classes=("wheat", "rice")),
    Knobs(score_on="val", score_classes=("maize",)),
]


def scene(folder, supervision, knobs=None, split="block", seed=5, flatten=False, **more):
    return build_scene(
        folder,
        split=split,
        modalities=(),
        supervision=supervision,
        knobs=knobs or Knobs(),
        seed=seed,
        flatten=flatten,
        **more,
    )


def contents(inputs, rows=None):
    """Rows as bytes of their batch values, to be found again."""
    batch = inputs.batch(rows)
    return [row.tobytes() for row in np.nan_to_num(batch.values, nan=-1.0)]


@pytest.mark.parametrize("knobs", KNOBS, ids=["plain", "joined", "grouped", "on-val"])
@pytest.mark.parametrize("supervision", LEVELS, ids=NAMES)
def test_reordering_the_rows_of_a_folder_changes_nothing(fakes, supervision, knobs):
    folder = fakes.with_pool(fakes.series())
    shuffled = folder.permuted(np.random.default_rng(1).permutation(folder.header.samples))
    for split in ("block", "random", "blind", "blind_rows"):
        if knobs.score_on == "val" and split.startswith("blind"):
            continue
        a, b = (scene(f, supervision, knobs, split) for f in (folder, shuffled))
        assert fakes.differences(a, b) == []


@pytest.mark.parametrize("supervision", [s for s in LEVELS if s.level in ("full", "few", "none")], ids=str)
@pytest.mark.parametrize("flatten", [False, True])
def test_reordering_images_changes_nothing(fakes, supervision, flatten):
    folder = fakes.images()
    shuffled = folder.permuted(np.random.default_rng(1).permutation(folder.header.samples))
    for knobs in (Knobs(), Knobs(transductive=True, classes=("wheat",))):
        a, b = (scene(f, supervision, knobs, "random", flatten=flatten) for f in (folder, shuffled))
        assert fakes.differences(a, b) == []


def test_order_depends_on_the_seed_and_not_on_labels(fakes):
    folder = fakes.series(copies=0, unlabelled=0)
    first, other = scene(folder, Supervision("none")), scene(folder, Supervision("none"), seed=6)
    assert contents(first.view.inputs) != contents(other.view.inputs)
    assert sorted(contents(first.view.inputs)) == sorted(contents(other.view.inputs))
    relabelled = folder.relabelled(np.roll(folder.labels(), 7))
    assert fakes.differences(first.view, scene(relabelled, Supervision("none")).view) == []
    full = scene(folder, Supervision("full"))
    assert contents(full.view.inputs) == contents(first.view.inputs)


def test_scored_rows_stand_in_one_order_for_every_seed_and_level(fakes):
    folder = fakes.series()
    scenes = [scene(folder, s, seed=i) for i, s in enumerate(LEVELS)]
    for other in scenes[1:]:
        assert contents(other.test) == contents(scenes[0].test)
        assert np.array_equal(other.truth, scenes[0].truth)
    maps = [scene(fakes.images(), Supervision("full"), split="random", seed=i) for i in (1, 2)]
    assert np.array_equal(maps[0].truth, maps[1].truth)
    assert contents(maps[0].test) == contents(maps[1].test)


def test_a_folder_on_disk_gives_the_scene_of_the_same_data_in_memory(fakes, tmp_path):
    fake = fakes.with_pool(fakes.series())
    tables = {n: RegionTable(t.by, fake.table(n), t.exact) for n, t in fake.header.tables.items()}
    folder = write_folder(
        tmp_path / "fake",
        name="fake",
        title="fake",
        classes=fake.header.classes,
        modalities=fake.modalities,
        samples={**fake.columns, "label": fake.labels()},
        splits=fake.header.splits,
        default_split="block",
        groups=fake.header.groups,
        flags=fake.header.flags,
        tables=tables,
        pools=fake.pools,
    )
    for supervision in LEVELS:
        written = scene(folder, supervision, KNOBS[1])
        for name in ("truth", "train_truth"):
            a, b = (getattr(s, name) for s in (written, scene(fake, supervision, KNOBS[1])))
            assert np.array_equal(a, b)
        assert not fakes.differences(written.view.bags, scene(fake, supervision, KNOBS[1]).view.bags)
        assert contents(written.view.inputs) == contents(scene(fake, supervision, KNOBS[1]).view.inputs)


def test_rows_are_those_of_the_split_and_truth_is_theirs(fakes):
    folder = fakes.series(copies=0)
    result = scene(folder, Supervision("full"))
    by_content = dict(zip(contents(folder.inputs()), range(folder.header.samples), strict=True))
    part, labels = folder.column("split_block"), folder.labels()
    rows = [by_content[c] for c in contents(result.view.inputs)]
    assert sorted(rows) == np.flatnonzero((part == "train") & (labels >= 0)).tolist()
    assert labels[rows].tolist() == result.view.labels.tolist() == result.train_truth.tolist()
    test = [by_content[c] for c in contents(result.test)]
    assert sorted(test) == np.flatnonzero(part == "test").tolist()
    assert labels[test].tolist() == result.truth.tolist()
    val = [by_content[c] for c in contents(result.view.validation.inputs)]
    assert sorted(val) == np.flatnonzero((part == "val") & (labels >= 0)).tolist()
    assert labels[val].tolist() == result.view.validation.labels.tolist()


@pytest.mark.parametrize("supervision", LEVELS, ids=NAMES)
def test_train_truth_lies_along_the_view(fakes, supervision):
    folder = fakes.series(copies=0)
    result = scene(folder, supervision, Knobs(transductive=True))
    by_content = dict(zip(contents(folder.inputs()), range(folder.header.samples), strict=True))
    rows = np.array([by_content[c] for c in contents(result.view.inputs)])
    in_train = folder.column("split_block")[rows] == "train"
    assert (~in_train).sum() == len(result.truth)
    assert np.array_equal(result.train_truth, np.where(in_train, folder.labels()[rows], -1))


def test_a_split_without_validation_holds_out_whole_groups(fakes):
    folder = fakes.series(copies=0)
    result = scene(folder, Supervision("none"), split="blind")
    by_content = dict(zip(contents(folder.inputs()), folder.column("block"), strict=True))
    train = {by_content[c] for c in contents(result.view.inputs)}
    val = {by_content[c] for c in contents(result.view.validation.inputs)}
    assert not train & val
    share = len(result.view.validation) / (len(result.view) + len(result.view.validation))
    assert 0.15 <= share < 0.25


def test_a_split_without_groups_holds_out_15_percent_of_rows_and_never_cuts_copies(fakes):
    folder = fakes.series(copies=40)
    result = scene(folder, Supervision("none"), split="blind_rows")
    held = len(result.view.validation)
    assert held == pytest.approx(0.15 * (len(result.view) + held), abs=3)
    copied = {"block": folder.column("block"), "county": folder.column("county")}
    for name in copied:  # copies within a block have one id: they stay on one side
        folder.columns[name] = np.full_like(folder.columns[name], folder.columns[name][0])
    result = scene(folder, Supervision("none"), split="blind_rows")
    assert not set(contents(result.view.inputs)) & set(contents(result.view.validation.inputs))


def test_test_on_takes_scored_rows_of_another_folder_with_classes_in_its_order(fakes):
    home, away = fakes.series(copies=0), fakes.series(seed=3, copies=0, unlabelled=0)
    names = tuple(reversed(away.header.classes))
    backwards = away.with_header(classes=names).relabelled((4 - away.labels()).astype(np.int16))
    plain = scene(home, Supervision("full"), test_on=TestOn(away, "random"))
    turned = scene(home, Supervision("full"), test_on=TestOn(backwards, "random"))
    assert np.array_equal(plain.truth, turned.truth)
    assert len(plain.truth) == (away.column("split_random") == "test").sum()
    assert fakes.differences(plain.view, scene(home, Supervision("full")).view) == []
    joined = scene(home, Supervision("none"), Knobs(transductive=True), test_on=TestOn(away, "random"))
    assert set(contents(joined.test)) < set(contents(joined.view.inputs))


def test_a_folder_without_test_rows_can_be_scored_on_another(fakes):
    home = fakes.series()
    part = home.column("split_block")
    home.columns["split_block"] = np.where(part == "test", "spare", part).astype(object)
    with pytest.raises(UnsupportedError, match="no test rows to score"):
        scene(home, Supervision("full"))
    assert len(scene(home, Supervision("full"), test_on=TestOn(fakes.series(seed=3), "block")).test)
    arguments = (home.header, home.counts("block"), "block", Supervision("full"), Knobs())
    assert "no test rows" in unsupported_reason(*arguments)
    assert unsupported_reason(*arguments, scored_elsewhere=True) is None


def test_test_on_wants_the_same_classes_and_bands(fakes):
    home = fakes.series()
    other = fakes.series().with_header(classes=("wheat", "maize", "rice", "cotton", "oats"))
    with pytest.raises(DataError, match=r"different classes: fallow, oats"):
        scene(home, Supervision("full"), test_on=TestOn(other, "block"))
    with pytest.raises(UnsupportedError, match="bands"):
        scene(home, Supervision("full"), test_on=TestOn(fakes.series(bands=3), "block"))


def test_classes_that_train_never_saw_are_named(fakes):
    folder = fakes.series(unlabelled=0)
    labels = folder.labels().copy()
    labels[(folder.column("split_block") != "test") & (labels == 4)] = 0
    assert "fallow" in scene(folder.relabelled(labels), Supervision("full")).warning
    assert scene(folder, Supervision("full")).warning is None


def test_a_view_flattened_to_pixels_keeps_test_pixels_and_their_order(fakes):
    folder = fakes.images()
    maps = scene(folder, Supervision("full"), split="random")
    pixels = scene(folder, Supervision("full"), split="random", flatten=True)
    assert pixels.map_shape == (6, 6)
    assert maps.map_shape is None
    assert np.array_equal(pixels.truth, maps.truth.reshape(-1))
    values = maps.test.batch().values  # (n, C, H, W)
    flat = pixels.test.batch().values  # (n * H * W, C, 1)
    assert np.array_equal(flat[:, :, 0], values.transpose(0, 2, 3, 1).reshape(-1, 3))


def test_a_flattened_full_view_has_no_unlabelled_pixel_and_keeps_the_order_within_images(fakes):
    folder = fakes.images()
    maps = scene(folder, Supervision("full"), split="random").view
    pixels = scene(folder, Supervision("full"), split="random", flatten=True)
    known = maps.labels.reshape(-1) >= 0
    assert np.array_equal(pixels.view.labels, maps.labels.reshape(-1)[known])
    values = maps.inputs.batch().values.transpose(0, 2, 3, 1).reshape(-1, 3)[known]
    assert np.array_equal(pixels.view.inputs.batch().values[:, :, 0], values)
    assert np.array_equal(pixels.train_truth, pixels.view.labels)


def test_an_image_without_any_label_leaves_full_views_and_stays_unlabelled_elsewhere(fakes):
    folder = fakes.images()
    assert (folder.labels()[0] == -1).all()
    assert len(scene(folder, Supervision("full"), split="random").view) == 13
    assert len(scene(folder, Supervision("none"), split="random").view) == 14


def test_bags_of_label_maps_cannot_be_taken_apart_into_pixels(fakes):
    for level in ("bags", "regions", "global"):
        with pytest.raises(UnsupportedError, match="bags of images"):
            scene(fakes.images(), Supervision(level, bag_size=4), split="random", flatten=True)


@given(seed=st.integers(0, 2**32), order=st.permutations(list(range(12))))
@settings(max_examples=30, deadline=None)
def test_order_of_distinct_rows_is_a_function_of_their_content(seed, order):
    from eobench.data._order import mix, order_by

    ids = np.arange(12, dtype=np.uint64) ** 3
    first = ids[order_by(mix(ids, seed, "order"))]
    shuffled = ids[np.array(order)]
    assert np.array_equal(first, shuffled[order_by(mix(shuffled, seed, "order"))])
    assert sorted(first) == sorted(ids)
