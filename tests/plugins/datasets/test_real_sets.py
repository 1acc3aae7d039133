"""Every real set at hand is usable by its name: dates, gaps, groups, splits, pairs, regions, maps, pools."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from eobench.data import (
    Inputs,
    Knobs,
    SampleFolder,
    Supervision,
    UnsupportedError,
    build_scene,
    open_folder,
    unsupported_reason,
)
from eobench.plugin import Places, discover, make_dataset

ROOT = os.environ.get("EOBENCH_DATA")
pytestmark = pytest.mark.skipif(ROOT is None, reason="EOBENCH_DATA is not set: no real data at hand")


@pytest.fixture
def named(tmp_path):
    """Open a data set by its name, as a task does."""
    where = Places(Path(ROOT or "."), tmp_path)
    registry = discover(where)

    def open_named(name, **options) -> SampleFolder:
        if not (Path(ROOT or ".") / name).is_dir():
            pytest.skip(f"{name} is not under EOBENCH_DATA")
        card = registry.datasets[name]
        return open_folder(make_dataset(card, card.resolve(options), where).folder())

    return open_named


def scene(folder, supervision, split=None, modalities=(), knobs=None, *, flatten=False):
    chosen = split or folder.header.default_split
    return build_scene(
        folder,
        split=chosen,
        modalities=modalities,
        supervision=supervision,
        knobs=knobs or Knobs(),
        seed=0,
        flatten=flatten,
    )


SERIES = [
    # name, rows, dates, bands, share of missing steps (%), splits with the group that each keeps whole
    ("us_s2_cdl", 20_020, 36, 10, 15.5, {"random": None, "block": "block", "zone": "zone"}),
    ("cawa_central_asia", 8_435, 23, 1, 25.8, {"random": None, "block": "block", "region": "region"}),
    ("matogrosso_modis", 2_115, 23, 6, 0.0, {"random": None, "site": "site", "year": "year"}),
    ("ucr_crop", 23_999, 46, 1, 0.0, {"official": None, "official_val": None}),
    ("cerrado_cbers", 922, 23, 6, 0.0, {"random": None, "block": "block"}),
]


@pytest.mark.parametrize(("name", "rows", "dates", "bands", "missing", "splits"), SERIES)
def test_series_have_their_dates_gaps_groups_and_splits(named, name, rows, dates, bands, missing, splits):
    folder = named(name)
    batch = folder.inputs().batch()
    assert batch.values.shape == (rows, bands, dates)
    assert 100 * (1 - batch.valid.mean()) == pytest.approx(missing, abs=0.1)
    assert np.isnan(batch.values.transpose(0, 2, 1)[~batch.valid]).all()
    assert (np.diff(batch.days.astype(int), axis=1) > 0).all()
    assert {s.name: s.whole for s in folder.header.splits.values()} == splits
    for split, whole in splits.items():
        column = folder.column(folder.header.splits[split].column)
        if whole is not None:
            group = folder.column(whole)
            assert not set(group[column == "test"]) & set(group[column == "train"])


def test_dates_differ_by_row_in_mato_grosso(named):
    days = named("matogrosso_modis").inputs().batch().days
    assert len(np.unique(days, axis=0)) > 1


@pytest.mark.parametrize("chosen", [("s2", "s1"), ("s1", "s2"), ("s2", "s1", "weather"), ("s1",)])
def test_the_modalities_of_canada_are_pairs_of_one_place_and_date(named, chosen):
    folder = named("worldcereal_canada")
    built = scene(folder, Supervision("none"), modalities=chosen)
    parts = built.test.modalities
    assert tuple(m.info.name for m in parts) == chosen
    assert len({len(m.values) for m in parts}) == 1
    test = np.flatnonzero(folder.column(folder.header.splits["h3_l5"].column) == "test")
    assert len(built.test) == len(test)

    def rows_of(arrays):
        return {tuple(np.concatenate([np.nan_to_num(a[i].ravel()) for a in arrays])) for i in range(len(test))}

    # What one row holds of all modalities together is what one sample of the folder holds of them.
    assert rows_of([m.values for m in parts]) == rows_of([folder.modality(n).take(test).values for n in chosen])


def test_the_tiles_of_agnet_are_regions_with_exact_proportions(named):
    folder = named("agnet_bags")
    table = folder.table("proportions")
    assert len(table) == 1_593
    built = scene(folder, Supervision("regions", by="tile"))
    part = built.view.bags.partition(0)
    known = {np.round(v, 5).tobytes() for v in (np.asarray(v).astype(np.float32) for v in table.values())}
    assert {np.round(p, 5).tobytes() for p in part.proportions} <= known
    assert {len(part.bag(i)) for i in range(len(part))} == {64}


def test_the_patches_of_agnet_have_a_class_for_every_pixel(named):
    folder = named("agnet_patches")
    assert folder.labels().shape == (200, 128, 128)
    whole = scene(folder, Supervision("full"))
    pixels = scene(folder, Supervision("full"), flatten=True)
    assert whole.truth.shape == (40, 128, 128)
    assert pixels.test.kind == "series"
    assert np.array_equal(np.sort(pixels.truth.ravel()), np.sort(whole.truth.ravel()))


def test_the_pool_of_cerrado_is_unlabelled_inputs_with_its_own_gaps(named):
    pool = Inputs.of(named("cerrado_cbers").pool("cube"))
    assert (len(pool), pool.bands, pool.steps) == (20_000, ("ndvi", "evi"), 23)
    values = pool.batch(np.arange(2_000)).values
    assert np.nanmin(values) >= -1.5
    assert np.nanmax(values) <= 1.5


def test_a_pool_of_other_bands_than_the_samples_is_refused_with_both_named(named):
    """The pool holds two of the six bands; which two the samples are to have is the task's choice."""
    folder = named("cerrado_cbers")
    knobs = Knobs(pool=True)
    reason = unsupported_reason(folder.header, folder.counts("block"), "block", Supervision("none"), knobs)
    assert reason is not None
    assert "cube: ndvi, evi" in reason
    with pytest.raises(UnsupportedError, match="bands blue, green, red, nir, ndvi, evi and ndvi, evi"):
        scene(folder, Supervision("none"), knobs=knobs)


def test_with_its_two_bands_alone_the_samples_of_cerrado_take_the_pool(named):
    folder = named("cerrado_cbers", bands="ndvi+evi")
    knobs = Knobs(pool=True)
    assert unsupported_reason(folder.header, folder.counts("block"), "block", Supervision("none"), knobs) is None
    with_pool, without = (scene(folder, Supervision("none"), knobs=k).view.inputs for k in (knobs, Knobs()))
    assert with_pool.bands == ("ndvi", "evi")
    assert len(with_pool) == len(without) + 20_000
    sides = [np.nanpercentile(i.batch(np.arange(len(i))).values, [1, 50, 99]) for i in (with_pool, without)]
    np.testing.assert_allclose(*sides, atol=0.15)  # one scale, one place and year


def test_the_flag_of_ucr_leaves_out_the_test_rows_that_copy_a_train_row(named):
    folder = named("ucr_crop")
    kept = scene(folder, Supervision("full"), "official", knobs=Knobs(exclude="test_in_train"))
    every = scene(folder, Supervision("full"), "official")
    assert len(every.test) - len(kept.test) == 2_753
