"""Images without gaps of a cloudy land: the clearest date, or the median over the clear ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated.world import SENSORS, Acquisitions, Tile, World

Int = NDArray[np.int64]
Counts = NDArray[np.int16]

AROUND: Final = 20
"""Days before and after the wanted one in which the clearest date is looked for."""
SEASON: Final = 45
"""Days before and after the wanted one over which the median is taken."""
_REVISIT: Final = {"sentinel2": 5, "landsat8": 16}  # days; of the two Sentinel-2 together
_FIRST: Final = 2  # of the year's passes
_BEST: Final = 4  # clearest passes of which an image is made
_SAMPLED: Final = 24  # pixels along a tile that tell how clear a day was
_VALUES_AT_ONCE: Final = 4_000_000
_HIDDEN: Final = np.iinfo(np.int16).max


def clear_days(world: World, tiles: Sequence[Tile], sensor: str, day: int) -> Int:
    """Return the days of the clearest passes around `day`, the clearest over these tiles first.

    Of equally clear ones the nearest to `day` comes first.
    """
    days = passes(sensor, day, AROUND)
    line = (np.arange(_SAMPLED) + 0.5) * SENSORS[sensor].grid / _SAMPLED
    rows, cols = (axis.ravel().astype(np.int64) for axis in np.meshgrid(line, line, indexing="ij"))
    seen = [world.observe(t, sensor, _acquisitions(t, sensor, days), rows, cols)[1].mean(axis=0) for t in tiles]
    return days[np.lexsort([np.abs(days - day), -np.mean(seen, axis=0)])[:_BEST]]


def observe_clear(
    world: World, tile: Tile, sensor: str, days: Int, rows: Int, cols: Int, bands: Sequence[int]
) -> Counts:
    """Return pixels as they were on the first of `days` on which they were clear, (P, C)."""
    sorted_days = np.sort(days)
    rank = np.searchsorted(sorted_days, days)
    acquisitions = _acquisitions(tile, sensor, sorted_days)
    made = np.empty((len(rows), len(bands)), np.int16)
    for part in _parts(len(rows), len(days) * len(SENSORS[sensor].bands)):
        values, seen = world.observe(tile, sensor, acquisitions, rows[part], cols[part])
        first = rank[seen[:, rank].argmax(axis=1)]
        made[part] = values[np.arange(len(values)), first][:, bands]
    return made


def observe_median(
    world: World, tile: Tile, sensor: str, day: int, rows: Int, cols: Int, bands: Sequence[int]
) -> Counts:
    """Return the medians, (P, C), over the clear dates of the season around `day`."""
    acquisitions = _acquisitions(tile, sensor, passes(sensor, day, SEASON))
    made = np.empty((len(rows), len(bands)), np.int16)
    for part in _parts(len(rows), len(acquisitions.days) * len(SENSORS[sensor].bands)):
        values, seen = world.observe(tile, sensor, acquisitions, rows[part], cols[part])
        ordered = np.sort(np.where(seen[..., None], values[..., bands], np.int16(_HIDDEN)), axis=1)
        count = seen.sum(axis=1)
        pixel = np.arange(len(ordered))
        # in 32 bits: the sum of two counts may pass those of 16
        low, high = (ordered[pixel, place].astype(np.int32) for place in ((count - 1) // 2, count // 2))
        made[part] = (low + high) // 2
    return made


def passes(sensor: str, day: int = 182, around: int = 183) -> Int:
    """Return the days of the year on which an optical sensor looks, within some days of one."""
    days = np.arange(_FIRST, 365, _REVISIT[sensor])
    return days[np.abs(days - day) <= around]


def _acquisitions(tile: Tile, sensor: str, days: Int) -> Acquisitions:
    return Acquisitions(sensor, tile.area, tile.year, days.astype(np.int16))


def _parts(count: int, values: int) -> list[slice]:
    step = max(1, _VALUES_AT_ONCE // values)
    return [slice(first, first + step) for first in range(0, count, step)]
