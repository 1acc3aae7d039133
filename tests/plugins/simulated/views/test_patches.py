"""`simulated-patches`: patches of two sensors around pixels that lie inside parcels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eobench.data import check_folder
from eobench.plugin import ParameterError, Places
from eobench_simulated.views import _patch_rows
from eobench_simulated.views._patches import SimulatedPatches
from eobench_simulated.views._series import world_of
from eobench_simulated.world import FINE, TILE, WorldOptions

OPTIONS: dict[str, Any] = {"samples": 300, "dates": 4}


@pytest.fixture(scope="module")
def patches(make: Any) -> Any:
    return make("simulated-patches", **OPTIONS)


def parcels_around(made: Any, half: int) -> Any:
    """Parcels of the pixels around each centre, (N, 2 half + 1, 2 half + 1), and the classes there."""
    world = world_of(WorldOptions(crops=4, regions=4))
    parcels, classes = [], []
    for row in made.samples.itertuples():
        tile = world.tile("A", int(row.region[1:]), int(row.commune[-1]), 2021)
        window = slice(row.row - half, row.row + half + 1), slice(row.col - half, row.col + half + 1)
        parcels.append(tile.parcel[window])
        classes.append(tile.label[window])
    return np.stack(parcels), np.stack(classes)


def test_the_folder_is_a_sample_folder_without_errors(patches: Any) -> None:
    assert "error" not in {finding.level for finding in check_folder(patches.path)}


def test_both_sensors_see_21_by_21_pixels(patches: Any) -> None:
    optical, sar = (patches.header["modalities"][name] for name in ("optical", "sar"))
    assert optical["kind"] == sar["kind"] == "image"
    assert optical["shape"] == [300, 21, 21, 7]
    assert sar["shape"] == [300, 21, 21, 8]
    assert sar["bands"] == [f"{band}_d{day:03}" for day in (0, 91, 182, 273) for band in ("VV", "VH")]


def test_nothing_is_hidden_by_clouds(patches: Any) -> None:
    assert (patches.values("optical") > 0).all()
    brightness = patches.values("optical")[..., 1].astype(float) * 1e-4
    assert np.median(brightness) < 0.15
    decibel = patches.values("sar") * 0.01
    low, high = np.quantile(decibel, [0.001, 0.999])
    assert low > -40
    assert high < 12


def test_a_label_is_the_class_of_the_pixel_at_the_centre_which_lies_inside_a_parcel(patches: Any) -> None:
    parcels, classes = parcels_around(patches, half=1)
    np.testing.assert_array_equal(classes[:, 1, 1], patches.samples.label)
    assert (parcels == parcels[:, 1:2, 1:2]).all()


def test_a_wider_border_keeps_centres_farther_inside(make: Any) -> None:
    wide = make("simulated-patches", border=3, **OPTIONS)
    parcels, _ = parcels_around(wide, half=3)
    assert (parcels == parcels[:, 3:4, 3:4]).all()


def test_patches_lie_whole_in_their_commune(patches: Any) -> None:
    for axis in ("row", "col"):
        assert patches.samples[axis].between(10, TILE - 11).all()


def test_patches_that_overlap_see_the_same(make: Any) -> None:
    """Whatever stands in two patches of a commune has one value: each pixel is looked at once."""
    made = make("simulated-patches", **OPTIONS | {"samples": 900})
    rows = made.samples.reset_index()
    pairs = rows.merge(rows, on="commune")
    near = pairs[(pairs.index_x < pairs.index_y) & ((pairs.row_x - pairs.row_y).abs() < 20)]
    near = near[(near.col_x - near.col_y).abs() < 20]
    assert len(near) > 3
    for pair in near.head(20).itertuples():
        down, right = pair.row_y - pair.row_x, pair.col_y - pair.col_x
        first = np.s_[max(down, 0) : 21 + min(down, 0), max(right, 0) : 21 + min(right, 0)]
        second = np.s_[max(-down, 0) : 21 + min(-down, 0), max(-right, 0) : 21 + min(-right, 0)]
        for values in (made.values("sar"), made.values("optical")):
            np.testing.assert_array_equal(values[pair.index_x][first], values[pair.index_y][second])


def test_landsat_repeats_each_pixel_of_30_metres_on_the_radar_grid(patches: Any) -> None:
    row = patches.samples.iloc[0]
    image = patches.values("optical")[0]
    lines = (row.row - 10 + np.arange(21)) // FINE
    for line in np.unique(lines):
        same = image[lines == line]
        np.testing.assert_array_equal(same, same[:1].repeat(len(same), axis=0))
    assert len(np.unique(image[..., 4])) > 10


def test_sentinel_2_may_be_the_optical_sensor(make: Any) -> None:
    made = make("simulated-patches", optical="sentinel2", **OPTIONS)
    assert made.header["modalities"]["optical"]["shape"] == [300, 21, 21, 12]
    parcels = make("simulated-patches", **OPTIONS).samples
    assert made.samples.equals(parcels)


def test_every_class_of_the_land_has_patches(make: Any) -> None:
    assert (make("simulated-patches", samples=900, dates=4).counts("region").sum() > 0).all()


@pytest.mark.parametrize("split", ["random", "block", "region", "polygon_50", "polygon_75"])
def test_a_split_never_cuts_its_group(patches: Any, split: str) -> None:
    entry = patches.header["splits"][split]
    parts, groups = patches.samples[entry["column"]], patches.samples[entry["whole"]]
    assert set(parts) == ({"train", "val", "test"} if entry["val"] else {"train", "test"})
    assert not set(groups[parts == "test"]) & set(groups[parts != "test"])


@pytest.mark.parametrize(("split", "share"), [("polygon_50", 0.5), ("polygon_75", 0.75)])
def test_polygon_splits_train_on_the_published_share(make: Any, split: str, share: float) -> None:
    made = make("simulated-patches", samples=900, dates=4)
    assert (made.samples[f"split_{split}"] == "train").mean() == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize(("suffix", "by"), [("", "region"), ("_commune", "commune")])
def test_tables_count_the_patches_of_municipalities_and_of_communes(patches: Any, suffix: str, by: str) -> None:
    counts = patches.counts(by).to_numpy()
    exact, census = (patches.table(f"{kind}{suffix}", by).to_numpy() for kind in ("exact", "census"))
    np.testing.assert_allclose(exact, counts / counts.sum(axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_allclose(np.abs(census - exact).sum(axis=1), 0.1, atol=1e-5)


def test_another_area_and_year_have_the_same_classes_and_channels(make: Any, patches: Any) -> None:
    other = make("simulated-patches", area="B", year=2022, **OPTIONS)
    assert other.header["classes"] == patches.header["classes"]
    assert other.header["modalities"]["sar"]["bands"] == patches.header["modalities"]["sar"]["bands"]
    assert not set(other.samples.region) & set(patches.samples.region)


def test_the_cut_into_jobs_changes_no_centre(make: Any, patches: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    options = patches_options(SimulatedPatches)
    whole = sorted(job.rows["label"] for job in _patch_rows.patch_jobs(options))
    monkeypatch.setattr(_patch_rows, "_PATCHES_A_JOB", 7)
    parts = sorted(job.rows["label"] for job in _patch_rows.patch_jobs(options))
    assert len(parts) > len(whole)
    for jobs in (whole, parts):
        assert [first for first, _ in jobs] == [0, *(end for _, end in jobs[:-1])]
        assert jobs[-1][1] == 300


def patches_options(kind: type[SimulatedPatches]) -> _patch_rows.PatchOptions:
    params = kind({"crops": 4, "regions": 4, **OPTIONS}, Places(None, Path())).params
    return _patch_rows.parse_patches("simulated-patches", params)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 100}, r"samples.*100.*need from 160 to \d+"),
        ({"border": 11}, r"border.*11.*0 to 10"),
        ({"day": 1}, r"day.*1.*15 to 349"),
        ({"optical": "modis"}, r"optical.*'modis'.*landsat8"),
        ({"census_error": 0.7}, r"census_error.*0\.7.*0 to 0\.5"),
    ],
)
def test_impossible_options_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        SimulatedPatches(options, Places(None, tmp_path))
    assert not list(tmp_path.iterdir())
