"""Class means of the simulated NDVI beside real ones."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eobench_simulated.world import WorldOptions, make_world, ndvi_curves

ROOT = os.environ.get("EOBENCH_DATA")
SHARED = ("soybean", "corn", "rice", "cotton", "winter_wheat", "alfalfa", "fallow", "almonds")

pytestmark = pytest.mark.skipif(ROOT is None, reason="EOBENCH_DATA names no data root: no real curves to compare")


def ndvi(values, valid, red, nir):
    values = values.astype(float)
    made = (values[..., nir] - values[..., red]) / (values[..., nir] + values[..., red] + 1e-6)
    return np.where(valid, made, np.nan)


@pytest.fixture(scope="module")
def real():
    folder = Path(ROOT) / "us_s2_cdl"
    header = json.loads((folder / "dataset.json").read_text())
    (info,) = header["modalities"].values()
    values = np.load(folder / info["file"], mmap_mode="r")
    curves = ndvi(values, np.load(folder / info["valid"]), info["bands"].index("B04"), info["bands"].index("B08"))
    label = pd.read_parquet(folder / "samples.parquet").label.to_numpy()
    return np.array(info["days"]), {c: np.nanmean(curves[label == k], 0) for k, c in enumerate(header["classes"])}


@pytest.fixture(scope="module")
def ours():
    return ndvi_curves(make_world(WorldOptions()), "A", 2021)


@pytest.mark.parametrize("crop", SHARED)
def test_the_mean_ndvi_of_a_crop_is_within_a_tenth_of_the_real_one(real, ours, crop):
    at = np.interp(real[0], ours[0], ours[1][crop], period=365)
    assert np.sqrt(np.mean((real[1][crop] - at) ** 2)) <= 0.10


TROPICAL = {
    "Forest": "evergreen_forest",
    "Cerrado": "shrubland",
    "Pasture": "grassland",
    "Soy_Corn": "soybean_corn",
    "Soy_Cotton": "soybean_cotton",
    "Soy_Millet": "soybean_millet",
    "Soy_Sunflower": "soybean_sunflower",
    "Fallow_Cotton": "cotton",
}


@pytest.fixture(scope="module")
def tropics():
    """Class means of NDVI in windows of 16 days of the calendar year; years begin in September there."""
    folder = Path(ROOT) / "matogrosso_modis"
    header = json.loads((folder / "dataset.json").read_text())
    samples = pd.read_parquet(folder / "samples.parquet")
    start = pd.to_datetime(samples.first_date).dt.day_of_year.to_numpy() - 1
    day = (start[:, None] + np.load(folder / "modis_days.npy")) % 365
    values = np.load(folder / "modis.npy")[..., header["modalities"]["modis"]["bands"].index("ndvi")]
    middles = np.arange(0, 365, 16)
    apart = np.abs((day[..., None] - middles + 182) % 365 - 182)
    label = samples.label.to_numpy()
    return middles, {
        c: np.array([values[label == k][apart[label == k][..., i] <= 8].mean() for i in range(len(middles))])
        for k, c in enumerate(header["classes"])
    }


@pytest.fixture(scope="module")
def our_tropics():
    return ndvi_curves(make_world(WorldOptions(landscape="tropical")), "A", 2021)


@pytest.mark.parametrize("real_class", TROPICAL)
def test_so_it_is_in_the_tropics(tropics, our_tropics, real_class):
    at = np.interp(tropics[0], our_tropics[0], our_tropics[1][TROPICAL[real_class]], period=365)
    assert np.sqrt(np.mean((tropics[1][real_class] - at) ** 2)) <= 0.10
