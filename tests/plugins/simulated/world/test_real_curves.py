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
