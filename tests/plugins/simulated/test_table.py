"""The canopy table agrees with PROSAIL and behaves as light does."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from eobench_simulated._table import TABLE, CanopyTable, load_table

SENSORS = {"sentinel2": 12, "landsat8": 7, "planetscope": 4}
WHEAT_IN_MAY = {
    "lai": 4.0,
    "chlorophyll": 45.0,
    "brown": 0.0,
    "water": 0.012,
    "angle": 58.0,
    "brightness": 0.8,
    "moisture": 0.4,
}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    pytest.importorskip("prosail", reason="prosail, a development dependency, is not installed")
    path = Path(__file__).resolve().parents[3] / "scripts" / "make_prosail_table.py"
    spec = importlib.util.spec_from_file_location("make_prosail_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def reflectance(table: CanopyTable, **changes: float | NDArray[np.float32]) -> NDArray[np.float32]:
    columns = np.broadcast_arrays(*(np.asarray(v, np.float32) for v in (WHEAT_IN_MAY | changes).values()))
    return table.reflectance(*(np.atleast_1d(column) for column in columns))


@pytest.mark.parametrize("sensor", SENSORS)
def test_interpolated_reflectance_is_prosails_within_the_stated_error(script: ModuleType, sensor: str) -> None:
    errors = script.interpolation_errors(script.draw_states(60, seed=7), sensor)
    assert np.sqrt((errors**2).mean()) <= script.RMSE_BOUND
    assert np.abs(errors).max() <= script.LARGEST_BOUND


def test_a_node_of_the_grid_is_prosails_value_but_for_rounding(script: ModuleType) -> None:
    state = script.State(2.4, 38.0, 0.3, 0.013, 55.0, brightness=0.5, moisture=0.5)
    columns = np.array([list(vars(state).values())], np.float32).T
    difference = load_table("sentinel2").reflectance(*columns)[0] - script.reference(state, "sentinel2")
    assert np.abs(difference).max() < 1.5e-3


def test_the_table_is_small_and_holds_no_pickles() -> None:
    assert TABLE.stat().st_size < 1_000_000
    with np.load(TABLE, allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)


@pytest.mark.parametrize(("sensor", "bands"), SENSORS.items())
def test_each_sensor_has_its_bands(sensor: str, bands: int) -> None:
    table = load_table(sensor)
    assert len(table.bands) == bands
    assert reflectance(table).shape == (1, bands)


def test_an_unknown_sensor_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"modis.*sentinel2, landsat8, planetscope"):
        load_table("modis")


def test_no_leaves_leave_the_soil() -> None:
    table = load_table()
    bare = reflectance(table, lai=0.0, brightness=1.0, moisture=1.0)[0]
    np.testing.assert_allclose(bare, table.soils[1], atol=1e-3)


def test_more_leaves_darken_red_and_brighten_near_infrared() -> None:
    table = load_table()
    seen = reflectance(table, lai=np.linspace(0, 6, 20, dtype=np.float32), moisture=0.0)
    red, infrared = seen[:, table.bands.index("B04")], seen[:, table.bands.index("B08")]
    assert (np.diff(red) <= 1e-4).all()
    assert (np.diff(infrared) >= -1e-4).all()


def test_values_beyond_the_axes_are_taken_at_their_ends() -> None:
    table = load_table()
    np.testing.assert_array_equal(reflectance(table, lai=30.0), reflectance(table, lai=8.0))
    np.testing.assert_array_equal(reflectance(table, angle=5.0), reflectance(table, angle=25.0))


def test_a_row_is_the_same_alone_and_among_many() -> None:
    table = load_table()
    lai = np.linspace(0, 8, 20_000, dtype=np.float32)
    many = reflectance(table, lai=lai)
    for row in (0, 8191, 8192, 19_999):
        np.testing.assert_allclose(many[row], reflectance(table, lai=lai[row])[0], rtol=1e-6)
