"""`simulated-series-images`: a year of images of windows, with the class and the parcel of each pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eobench.data import Inputs, Knobs, Supervision, build_scene, check_folder, open_folder
from eobench.plugin import ParameterError, Places
from eobench_simulated.views._series import world_of
from eobench_simulated.views._series_images import SimulatedSeriesImages
from eobench_simulated.world import Acquisitions, WorldOptions

OPTIONS: dict[str, Any] = {"samples": 20, "regions": 5, "dates": 6, "size": 32}
BANDS = ["B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12"]


@pytest.fixture(scope="module")
def make_images(make: Any) -> Any:
    def call(**options: Any) -> Any:
        return make("simulated-series-images", **OPTIONS | options)

    return call


@pytest.fixture(scope="module")
def images(make_images: Any) -> Any:
    return make_images()


def targets(made: Any) -> NDArray[np.uint8]:
    return np.load(made.path / "targets.npy", allow_pickle=False)


def parcels(made: Any) -> NDArray[np.int32]:
    return np.load(made.path / "parcels.npy", allow_pickle=False)


def test_the_folder_is_a_sample_folder_without_errors(images: Any) -> None:
    assert "error" not in {finding.level for finding in check_folder(images.path)}


def test_arrays_are_laid_out_as_in_pastis(images: Any) -> None:
    entry = images.header["modalities"]["s2"]
    assert entry["kind"] == "image-series"
    assert entry["shape"] == [20, 6, 32, 32, 10]
    assert entry["bands"] == BANDS
    assert images.values().dtype == np.float16
    assert targets(images).shape == parcels(images).shape == (20, 32, 32)
    inputs = Inputs.of(open_folder(images.path).modality("s2"))
    assert inputs.batch(np.arange(2)).values.shape == (2, 6, 10, 32, 32)


def test_dates_come_at_uneven_distances_and_differ_by_year(make_images: Any, images: Any) -> None:
    days = images.header["modalities"]["s2"]["days"]
    assert len(set(np.diff(days))) > 1
    assert all(day % 5 == 2 for day in days)
    assert make_images(year=2022).header["modalities"]["s2"]["days"] != days


def test_a_window_is_what_the_sensor_sees_of_its_commune(images: Any) -> None:
    world = world_of(WorldOptions(crops=4, regions=5))
    row = images.samples.iloc[7]
    tile = world.tile("A", int(row.region[1:]), int(row.commune[-1]), 2021)
    corner = row.row % 384, row.col % 384
    window = tuple(slice(start, start + 32) for start in corner)
    np.testing.assert_array_equal(targets(images)[7], np.minimum(tile.label[window], 4))
    np.testing.assert_array_equal(parcels(images)[7] % 1_000_000, tile.parcel[window])
    days = np.array(images.header["modalities"]["s2"]["days"], np.int16)
    seen, clear = world.observe_window(
        tile, "sentinel2", Acquisitions("sentinel2", "A", 2021, days), *corner, 32, 32
    )
    stored = images.values()[7].astype(np.float32)
    np.testing.assert_array_equal(np.isnan(stored[..., 0]), ~clear)
    np.testing.assert_allclose(stored[clear][:, 6], 1e-4 * seen[clear][:, 7], rtol=1e-3)


def test_clouds_are_gaps_of_single_pixels(make_images: Any, images: Any) -> None:
    hidden = np.isnan(images.values()[..., 0])
    assert 0.05 < hidden.mean() < 0.8
    partly = hidden.any(axis=(2, 3)) & ~hidden.all(axis=(2, 3))
    assert partly.any()
    assert not np.isnan(make_images(cloud_fraction=0.0).values()).any()


def test_pixels_flatten_to_series_with_their_gaps(images: Any) -> None:
    scene = build_scene(
        open_folder(images.path),
        split="block",
        modalities=(),
        supervision=Supervision("full"),
        knobs=Knobs(),
        seed=0,
        flatten=True,
    )
    batch = scene.view.inputs.batch(np.arange(3000))
    assert batch.values.shape == (3000, 10, 6)
    np.testing.assert_array_equal(np.isnan(batch.values).any(axis=1), ~batch.valid)
    assert batch.valid.any(axis=1).all()


def test_a_parcel_has_one_class(images: Any) -> None:
    municipality = images.samples.region.to_numpy()
    for name in np.unique(municipality):
        here = municipality == name
        pairs = np.unique(np.stack([parcels(images)[here].ravel(), targets(images)[here].ravel()]), axis=1)
        assert len(pairs[0]) == len(np.unique(pairs[0]))


def test_borders_may_be_void(make_images: Any, images: Any) -> None:
    void = make_images(void_borders=True)
    assert void.header["targets"]["ignore"] == 255
    ignored = targets(void) == 255
    assert 0.05 < ignored.mean() < 0.7
    np.testing.assert_array_equal(targets(void)[~ignored], targets(images)[~ignored])
    # a pixel whose right-hand neighbour is of another parcel can be pure; the two cannot both be void everywhere
    inside = parcels(void)[:, 1:] == parcels(void)[:, :-1]
    assert ignored[:, 1:][inside].mean() < ignored[:, 1:][~inside].mean()
    counts = np.stack([np.bincount(m[m != 255], minlength=5) for m in targets(void)])
    regions = void.samples.region
    shares = np.stack([counts[regions == r].sum(axis=0) for r in sorted(set(regions))]).astype(float)
    np.testing.assert_allclose(void.table("exact"), shares / shares.sum(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("split", ["random", "block", "region", *(f"fold_{k}" for k in range(1, 6))])
def test_a_split_never_cuts_its_group(images: Any, split: str) -> None:
    entry = images.header["splits"][split]
    parts = images.samples[entry["column"]]
    assert set(parts) == {"train", "val", "test"}
    if entry["whole"]:
        groups = images.samples[entry["whole"]]
        assert not set(groups[parts == "test"]) & set(groups[parts != "test"])


def test_each_fold_is_test_once(images: Any) -> None:
    tested = np.stack([images.samples[f"split_fold_{k}"] == "test" for k in range(1, 6)])
    assert (tested.sum(axis=0) == 1).all()


def test_other_land_has_its_classes_where_asked(make_images: Any, images: Any) -> None:
    every = make_images(legend="all")
    assert images.header["classes"][-1] == "other_land"
    assert len(every.header["classes"]) == 12
    np.testing.assert_array_equal(np.minimum(targets(every), 4), targets(images))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 15}, r"samples.*15.*16 regions.*need from 16 to 576"),
        ({"samples": 600}, r"samples.*600.*from 16 to 576"),
        ({"regions": 4}, r"regions.*4.*five folds|regions.*4.*5 folds"),
        ({"dates": 62}, r"dates.*62.*4 to 61"),
        ({"size": 100}, r"size.*100.*32, 64, 128"),
    ],
)
def test_impossible_options_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        SimulatedSeriesImages(options, Places(None, tmp_path))
