"""Scenes of municipalities: which are labelled, which are the pool, and what the sensor sees of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated._writer import Job
from eobench_simulated.views._clear import clear_days, observe_clear
from eobench_simulated.views._dense import DenseOptions, check_range, class_maps, tiles_of
from eobench_simulated.views._series import world_of
from eobench_simulated.views._window_splits import Split, split_blocks, split_coolest, split_windows
from eobench_simulated.views._windows import SIDE, Window, even_shares, windows_of_municipality
from eobench_simulated.world import SENSORS

IMAGES: Final = "s2.npy"
POOL: Final = "pool_s2.npy"
_SEEN: Final = SENSORS["sentinel2"].bands
_CIRRUS: Final = _SEEN.index("B11")
"""Place of B10 among the bands: water vapour lets it see no ground."""
BANDS: Final = (*_SEEN[:_CIRRUS], "B10", *_SEEN[_CIRRUS:])
_DARK: Final = (12.0, 3.0)  # counts of B10: mean and standard deviation of what is noise and thin cirrus
_FEWEST: Final = 2  # labelled scenes of a municipality


@dataclass(frozen=True)
class SceneOptions(DenseOptions):
    """Options of `simulated-scenes`."""

    day: int
    size: int
    pool: int


@dataclass(frozen=True)
class Scenes:
    """The payload of a job: scenes of one municipality, labelled ones and those of the pool."""

    options: SceneOptions
    labelled: tuple[Window, ...]
    pool: tuple[Window, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """Which scenes there are.

    Attributes:
        labelled: in the order of the rows.
        pool: in the order of the pool's rows.
        splits: of the labelled ones.
    """

    labelled: tuple[Window, ...]
    pool: tuple[Window, ...]
    splits: Mapping[str, Split]


def make_plan(name: str, options: SceneOptions) -> Plan:
    """Choose the scenes; those of the pool lie in no test municipality of the splits by place.

    Raises:
        ParameterError: there are not so many.
    """
    world, regions = world_of(options.world), options.world.regions
    a_region = (SIDE // options.size) ** 2
    why = f"{regions} regions with scenes of {options.size} pixels"
    check_range(name, "samples", options.samples, _FEWEST * regions, a_region * regions, why)
    order = []
    for region in range(regions):
        grid = windows_of_municipality(region, options.size)
        key = [options.world.seed, ord(options.area), region, 22]
        order.append([grid[i] for i in np.random.default_rng(key).permutation(len(grid)).tolist()])
    counts = even_shares(options.samples, regions)
    labelled = [w for drawn, n in zip(order, counts, strict=True) for w in sorted(drawn[:n], key=_north_west)]
    place = np.array([w.municipality for w in labelled])
    # By the shares to be expected: what is on the scenes is not known before they are drawn.
    expected = np.rint(1e6 * world.class_shares(options.area, options.year)).astype(np.int64)[place]
    streams = [np.random.default_rng([options.world.seed, 11, index]) for index in (2, 1, 0)]
    splits = {
        "random": split_windows(expected, streams[2]),
        "block": split_blocks(place, expected, "region", streams[0]),
        "region": split_coolest(place, world.climate(options.area), streams[1]),
    }
    # The random split tests everywhere; there it must do that scenes of the pool overlap no labelled one.
    tested = set(place[(splits["block"].part == 2) | (splits["region"].part == 2)].tolist())
    free = [drawn[n:] for r, (drawn, n) in enumerate(zip(order, counts, strict=True)) if r not in tested]
    check_range(name, "pool", options.pool, 0, sum(map(len, free)), f"{why} and samples={options.samples}")
    return Plan(tuple(labelled), tuple(_take_turns(free, options.pool)), splits)


def _take_turns(free: list[list[Window]], count: int) -> list[Window]:
    """So many windows, as evenly from the lists as they allow, municipality by municipality."""
    turns = sorted((turn, index) for index, windows in enumerate(free) for turn in range(len(windows)))
    return sorted((free[index][turn] for turn, index in turns[:count]), key=_north_west)


def _north_west(window: Window) -> tuple[int, int, int]:
    return window.municipality, window.row, window.col


def scene_jobs(options: SceneOptions, plan: Plan, labelled: tuple[str, ...]) -> list[Job]:
    """All scenes of a municipality a job: some tens of megabytes.

    Args:
        options: of the set.
        plan: its scenes.
        labelled: names of the arrays that hold a row for each labelled scene.
    """
    jobs, first, start = [], 0, 0
    for region in range(options.world.regions):
        known, pool = (
            tuple(w for w in windows if w.municipality == region) for windows in (plan.labelled, plan.pool)
        )
        rows = dict.fromkeys(labelled, (first, first + len(known)))
        if pool:
            rows[POOL] = (start, start + len(pool))
        jobs.append(Job(Scenes(options, known, pool), rows))
        first, start = first + len(known), start + len(pool)
    return jobs


def compute(job: Scenes) -> dict[str, NDArray[Any]]:
    """Scenes of one municipality, with the class maps of the labelled ones."""
    options = job.options
    made = {IMAGES: _images(options, job.labelled), **class_maps(options, job.labelled, "all")}
    return made | {POOL: _images(options, job.pool)} if job.pool else made


def _images(options: SceneOptions, windows: tuple[Window, ...]) -> NDArray[np.int16]:
    seen = np.empty((len(windows), options.size, options.size, len(_SEEN)), np.int16)
    bands = range(len(_SEEN))
    for image, window in zip(seen, windows, strict=True):
        world, tiles = tiles_of(options, window.municipality, window.communes)
        days = clear_days(world, list(tiles.values()), "sentinel2", options.day)
        for part in window.parts():
            pixels = observe_clear(world, tiles[part.commune], "sentinel2", days, *part.pixels(), bands)
            image[part.window] = pixels.reshape(image[part.window].shape)
    return np.insert(seen, _CIRRUS, np.stack([_cirrus(options, window) for window in windows]), axis=3)


def _cirrus(options: SceneOptions, window: Window) -> NDArray[np.int16]:
    """B10 of a scene, (size, size)."""
    place = (window.municipality, window.row, window.col)
    key = [options.world.seed, ord(options.area), options.year, *place, 26]
    made = np.random.default_rng(key).normal(*_DARK, (options.size, options.size))
    return np.rint(made).clip(1, None).astype(np.int16)
