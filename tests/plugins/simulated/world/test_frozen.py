"""The default world is frozen: published numbers stand on it. To change it, add an option."""

import numpy as np
import pytest
from scipy import ndimage

from eobench_simulated.world import SENSORS, WorldOptions, make_world

PIXELS = {
    ("A", 2021): [
        24293,
        8324,
        12876,
        15152,
        3376,
        3281,
        5789,
        5617,
        4259,
        1932,
        17375,
        10734,
        8058,
        17644,
        1185,
        1271,
        2473,
        3817,
    ],
    ("B", 2022): [
        3415,
        55974,
        8119,
        6529,
        2752,
        1565,
        1798,
        221,
        1332,
        1954,
        8095,
        38553,
        727,
        6557,
        1603,
        1471,
        6273,
        518,
    ],
}
MEANS = {  # of stored values, by band, over 400 pixels and 12 dates
    ("A", 2021, "sentinel2"): [
        724.4,
        831.0,
        1123.5,
        996.7,
        1513.0,
        2929.6,
        3503.6,
        3581.5,
        3681.6,
        3752.2,
        2885.8,
        1964.1,
    ],
    ("A", 2021, "planetscope"): [895.7, 1103.6, 1160.6, 3329.2],
    ("A", 2021, "landsat8"): [807.3, 864.7, 1146.3, 1116.4, 3378.7, 2897.1, 2098.7],
    ("A", 2021, "sentinel1"): [-1228.7, -1939.9],
    ("B", 2022, "sentinel2"): [
        722.4,
        822.5,
        1101.5,
        1000.9,
        1496.1,
        2923.2,
        3523.5,
        3622.9,
        3737.0,
        3824.7,
        2947.8,
        1989.7,
    ],
    ("B", 2022, "planetscope"): [679.8, 903.0, 880.9, 3782.5],
    ("B", 2022, "landsat8"): [746.0, 800.5, 1077.0, 1019.7, 3544.5, 2891.0, 1984.8],
    ("B", 2022, "sentinel1"): [-1148.5, -1862.3],
}


@pytest.fixture(scope="module")
def world():
    return make_world(WorldOptions())


@pytest.mark.parametrize(("area", "year"), PIXELS)
def test_the_land_is_what_it_was(world, area, year):
    tile = world.tile(area, 3, 1, year)
    counts = np.bincount(tile.label.ravel(), minlength=len(world.classes))
    np.testing.assert_allclose(counts, PIXELS[area, year], atol=15)  # another machine may round a border


@pytest.mark.parametrize(("area", "year", "sensor"), MEANS)
def test_sensors_see_what_they_saw(world, area, year, sensor):
    tile = world.tile(area, 3, 1, year)
    row, col = np.random.default_rng(1).integers(0, 128, (2, 400))  # on the grid of every sensor
    values, clear = world.observe(tile, sensor, world.acquisitions(area, year, sensor, 12), row, col)
    np.testing.assert_allclose(values[clear].mean(axis=0), MEANS[area, year, sensor], rtol=1e-3)


def test_every_sensor_is_pinned():
    assert {sensor for _, _, sensor in MEANS} == set(SENSORS)


def test_rivers_flow_through_and_seldom_close_into_rings(world):
    wet = [world.classes.index(name) for name in ("water", "wetland")]
    rings = 0
    for municipality in range(8):
        dry = ~np.isin(world.tile("A", municipality, 0, 2021).label, wet)
        parts, count = ndimage.label(dry)
        outside = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
        sizes = np.bincount(parts.ravel(), minlength=count + 1)
        rings += sum(1 for part in range(1, count + 1) if part not in outside and sizes[part] > 100)
    assert rings <= 4
