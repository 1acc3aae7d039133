"""The simulated fields behave as fields do: calendars, clouds, noise, and how hard they are to tell apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler

from eobench_simulated._landscape import make_landscape
from eobench_simulated._parameters import parse_parameters
from eobench_simulated._phenology import canopy_states, make_canopies


def leaf_area(name: str, days: list[int]) -> np.ndarray:
    """Mean leaf area index of a crop's fields on some days."""
    parameters = parse_parameters({"classes": 12, "imbalance": 1, "regions": 4})
    generator = np.random.default_rng(0)
    landscape = make_landscape(parameters, generator)
    canopies = make_canopies(parameters, landscape, generator)
    fields = np.flatnonzero(landscape.label == parameters.class_names.index(name))
    rest = np.zeros(len(fields), np.float32)
    states = canopy_states(canopies, fields, np.array(days, np.float32), rest, rest + 1)
    assert (states.lai >= 0).all()
    assert ((states.brown >= 0) & (states.brown <= 1)).all()
    return states.lai.mean(axis=0)


@pytest.mark.parametrize("crop", ["winter_wheat", "winter_barley", "rapeseed"])
def test_winter_crops_are_green_in_spring_and_gone_in_august(crop: str) -> None:
    january, may, august = leaf_area(crop, [15, 135, 240])
    assert may > 2.5
    assert 0.1 < january < 1.5
    assert august < 0.4 * may


@pytest.mark.parametrize("crop", ["maize", "soybean", "sunflower", "sugar_beet", "potato", "sorghum"])
def test_summer_crops_are_absent_in_spring_and_green_in_july(crop: str) -> None:
    april, july = leaf_area(crop, [110, 205])
    assert april < 0.6
    assert july > 2


def test_barley_is_harvested_before_wheat() -> None:
    assert leaf_area("winter_barley", [198])[0] < 0.6 * leaf_area("winter_wheat", [198])[0]


def test_alfalfa_is_cut_and_grows_back(default: Any) -> None:
    days = np.arange(100, 300)
    parameters = parse_parameters({"classes": 12, "regions": 4})
    generator = np.random.default_rng(0)
    landscape = make_landscape(parameters, generator)
    canopies = make_canopies(parameters, landscape, generator)
    fields = np.flatnonzero(landscape.label == parameters.class_names.index("alfalfa"))
    rest = np.zeros(len(fields), np.float32)
    lai = canopy_states(canopies, fields, days.astype(np.float32), rest, rest + 1).lai
    falls = (np.diff(lai, axis=1) < -0.3 * lai[:, :-1]).sum(axis=1)
    assert (falls >= 2).all()
    assert (falls <= 6).all()


def test_mean_ndvi_follows_the_calendar(default: Any) -> None:
    days = np.array(default.header["modalities"]["s2"]["days"])
    ndvi, label = default.ndvi(), default.samples.label
    wheat, maize = (ndvi[label == default.header["classes"].index(c)] for c in ("winter_wheat", "maize"))
    spring, summer = (days > 115) & (days < 160), (days > 215) & (days < 250)
    assert np.nanmean(wheat[:, spring]) > 0.75
    assert np.nanmean(wheat[:, summer]) < 0.6
    assert np.nanmean(maize[:, spring]) < 0.5
    assert np.nanmean(maize[:, summer]) > 0.75


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.6])
def test_clouds_hide_the_share_asked_for(make: Any, fraction: float) -> None:
    assert (~make(samples=2400, cloud_fraction=fraction).valid).mean() == pytest.approx(fraction, abs=0.03)


def test_every_pixel_is_seen_at_least_once(make: Any) -> None:
    assert make(cloud_fraction=0.9).valid.any(axis=1).all()


def test_clouds_hang_together_in_space(default: Any) -> None:
    # Pixels of one field are hidden together far more often than pixels anywhere on that date.
    hidden = ~default.valid
    field = default.samples.field.to_numpy()
    same = (field[1:] == field[:-1])[:, None]
    together = (hidden[1:] & hidden[:-1] & same).sum() / (hidden[:-1] & same).sum()
    anywhere = (hidden.mean(axis=0) ** 2).sum() / hidden.mean(axis=0).sum()
    assert together > anywhere + 0.1


def test_noise_is_relative_to_reflectance(make: Any) -> None:
    calm = {"mixed_pixels": 0.0, "haze": 0.0, "cloud_fraction": 0.0}
    clean, noisy = make(noise=0.0, **calm), make(noise=0.1, **calm)
    infrared = clean.header["modalities"]["s2"]["bands"].index("B08")
    error = noisy.values[..., infrared] / clean.values[..., infrared].astype(float) - 1
    assert error.std() == pytest.approx(0.1, abs=0.01)
    assert error.mean() == pytest.approx(0, abs=0.005)


def test_haze_brightens_or_darkens_some_clear_dates(make: Any) -> None:
    clean, hazy = make(haze=0.0), make(haze=0.2)
    np.testing.assert_array_equal(clean.valid, hazy.valid)
    touched = (clean.values != hazy.values).any(axis=2)[clean.valid]
    assert touched.mean() == pytest.approx(0.2, abs=0.06)
    blue = (hazy.values - clean.values)[..., 1][clean.valid][touched]
    assert (blue > 0).any()
    assert (blue < 0).any()


def test_fields_differ_more_the_larger_their_variation(make: Any) -> None:
    wanted = {"mixed_pixels": 0.0, "haze": 0.0, "cloud_fraction": 0.0, "noise": 0.0}
    spreads = []
    for variation in (0.0, 1.0, 2.0):
        made = make(variation=variation, **wanted)
        spreads.append(made.ndvi()[made.samples.label == 1][:, 4:8].std(axis=0).mean())
    assert spreads[0] < spreads[1] < spreads[2]


def test_the_default_is_neither_easy_nor_hopeless(default: Any) -> None:
    filled = default.values.astype(np.float32)
    steps = np.arange(filled.shape[1])
    for row, seen in zip(filled, default.valid, strict=True):
        for band in row.T:
            band[~seen] = np.interp(steps[~seen], steps[seen], band[seen])
    features = filled.reshape(len(filled), -1)
    label, split = default.samples.label.to_numpy(), default.samples.split_block.to_numpy()
    train, test = split == "train", split == "test"
    scaled = StandardScaler().fit(features[train]).transform(features)
    centroid = NearestCentroid().fit(scaled[train], label[train]).score(scaled[test], label[test])
    forest = RandomForestClassifier(50, random_state=0).fit(features[train], label[train])
    assert 0.5 < centroid < 0.75
    assert 0.78 < forest.score(features[test], label[test]) < 0.93
