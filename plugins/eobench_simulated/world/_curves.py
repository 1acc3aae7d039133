"""Mean seasons of the classes, as a sensor sees them: to be laid beside real ones."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated.world._options import TILE
from eobench_simulated.world._world import World

_RED: Final = {"sentinel2": 3, "planetscope": 2, "landsat8": 3}
_NIR: Final = {"sentinel2": 7, "planetscope": 3, "landsat8": 4}


def ndvi_curves(
    world: World, area: str, year: int, *, sensor: str = "sentinel2", dates: int = 36, pixels: int = 1500
) -> tuple[NDArray[np.int16], dict[str, NDArray[np.float64]]]:
    """Return the class means of NDVI over clear pixels, mixed ones and all that noise and haze do included.

    Args:
        world: whose.
        area: of it.
        year: of it.
        sensor: an optical one.
        dates: of the year.
        pixels: looked at in the first commune of each municipality.

    Returns:
        Days (T,) since 1 January, and by class its means (T,); NaN where none was clear.
    """
    acquisitions = world.acquisitions(area, year, sensor, dates)
    total = np.zeros((len(world.classes), dates))
    count = np.zeros_like(total)
    for municipality in range(world.options.regions):
        tile = world.tile(area, municipality, 0, year)
        row, col = np.random.default_rng(municipality).integers(0, TILE, (2, pixels))
        on_grid = {"planetscope": (row * 3 + 1, col * 3 + 1), "landsat8": (row // 3, col // 3)}
        values, valid = world.observe(tile, sensor, acquisitions, *on_grid.get(sensor, (row, col)))
        red, nir = (values[..., band].astype(np.float64) for band in (_RED[sensor], _NIR[sensor]))
        np.add.at(total, tile.label[row, col], np.where(valid, (nir - red) / np.maximum(nir + red, 1), 0))
        np.add.at(count, tile.label[row, col], valid)
    mean = total / np.where(count > 0, count, np.nan)
    return acquisitions.days, dict(zip(world.classes, mean, strict=True))
