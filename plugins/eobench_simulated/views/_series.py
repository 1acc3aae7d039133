"""Pixel series of parcels in all municipalities of an area, for `simulated-fields` and `simulated-pairs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import ParameterError, Value
from eobench_simulated._writer import ArraySpec, Job
from eobench_simulated.views._cards import CARDS, COMMUNES, FIELDS_PER_CLASS, FIELDS_PER_REGION, MOST_A_COMMUNE
from eobench_simulated.views._draw import draw_pixels
from eobench_simulated.world import FINE, SENSORS, TILE, World, WorldOptions, make_world

Array = NDArray[Any]
Int = NDArray[np.int64]

_PIXELS_A_COMMUNE: Final = 24  # below, fewer communes of each municipality are drawn from
_ROWS_A_JOB: Final = 6_000
_VALUES_AT_ONCE: Final = 4_000_000  # rows x dates x bands of a block at work
_SURE_LAND: Final = 0.6  # of a municipality's expected share of such land, so much lies in each of its communes
_FIELDS_FOR_SPLITS: Final = 6  # of each class, about so many are drawn, in different communes
MODALITY: Final = {"sentinel2": "s2", "planetscope": "planet"}


@dataclass(frozen=True)
class SeriesOptions:
    """Checked options of a set of pixel series; `_cards` says what each means."""

    world: WorldOptions
    area: str
    year: int
    samples: int
    pool: int
    dates: int
    field_pixels: int
    land: str
    census_error: float
    sensors: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Labelled and unlabelled rows."""
        return self.samples + self.pool

    @property
    def communes(self) -> int:
        """How many communes of each municipality are drawn from."""
        return min(COMMUNES, max(1, ceil(self.rows / (_PIXELS_A_COMMUNE * self.world.regions))))


@dataclass(frozen=True)
class Commune:
    """The payload of a job: some of the rows of one commune.

    Attributes:
        options: of the set.
        municipality, commune: which.
        samples, pool: labelled and unlabelled rows of the whole commune.
        wanted: classes of which a parcel is to be drawn.
        first, end: the rows of this job, of the commune's.
    """

    options: SeriesOptions
    municipality: int
    commune: int
    samples: int
    pool: int
    wanted: tuple[int, ...]
    first: int
    end: int


def parse_options(name: str, params: Mapping[str, Value], sensors: tuple[str, ...]) -> SeriesOptions:
    """Check the options of a card together.

    Raises:
        ParameterError: an option is unknown, not allowed, or impossible beside the others.
    """
    given: dict[str, Any] = dict(CARDS[name].resolve(params))
    world = WorldOptions(**{f.name: given[f.name] for f in fields(WorldOptions) if f.name in given})
    own = {f.name: given.get(f.name, 0) for f in fields(SeriesOptions) if f.name not in ("world", "sensors")}
    options = SeriesOptions(world=world, sensors=sensors, **own)
    crops = world_of(world).crop_classes
    fewest = options.field_pixels * max(FIELDS_PER_CLASS * crops, FIELDS_PER_REGION * world.regions)
    most = _room(options)
    if not fewest <= options.samples <= most:
        raise ParameterError(
            f"{name}: option 'samples' is {options.samples}; {crops} crops in {world.regions} regions, with "
            f"field_pixels={options.field_pixels}, need from {fewest} to {most}"
        )
    if options.rows > most:
        raise ParameterError(
            f"{name}: option 'pool' is {options.pool}; {world.regions} regions with "
            f"samples={options.samples} have room for 0 to {most - options.samples}"
        )
    return options


def _room(options: SeriesOptions) -> int:
    """How many pixels can be drawn: as many from each commune, so the one with the least land sets the limit."""
    shares = world_of(options.world).class_shares(options.area, options.year)[:, : len(class_names(options))]
    a_commune = int(_SURE_LAND * float(shares.sum(axis=1).min()) * TILE**2) // 100 * 100
    return min(MOST_A_COMMUNE, a_commune) * COMMUNES * options.world.regions


@lru_cache(maxsize=2)
def world_of(options: WorldOptions) -> World:
    """The world, made once a process."""
    return make_world(options)


def make_jobs(options: SeriesOptions, usable: Mapping[str, float] | None = None) -> list[Job]:
    """Cut the rows into jobs, by commune.

    Args:
        options: of the set.
        usable: share of a class's pixels that can be drawn, where that is not all.
    """
    places = [(m, c) for m in range(options.world.regions) for c in range(options.communes)]
    samples, pool = _shares(options.samples, len(places)), _shares(options.pool, len(places))
    wanted = _wanted(options, len(places), usable or {})
    jobs, row = [], 0
    for index, (municipality, commune) in enumerate(places):
        count = int(samples[index] + pool[index])
        parts = max(1, ceil(count / _ROWS_A_JOB))
        edges = np.linspace(0, count, parts + 1).astype(np.int64)
        for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            payload = Commune(
                options, municipality, commune, int(samples[index]), int(pool[index]), wanted[index], first, end
            )
            rows = (row + first, row + end)
            jobs.append(Job(payload, dict.fromkeys((spec.name for spec in array_specs(options)), rows)))
        row += count
    return jobs


def array_specs(options: SeriesOptions) -> list[ArraySpec]:
    """The arrays of a set: each sensor's series, the mask that they share, and what the columns are made of."""
    rows, dates = options.rows, options.dates
    series = [
        ArraySpec(f"{MODALITY[sensor]}.npy", (rows, dates, len(band_names(sensor))), "int16")
        for sensor in options.sensors
    ]
    scratch = {"label": "int16", "unlabelled": "bool", "parcel": "int32", "place": "int32", "mixed": "bool"}
    return [
        *series,
        ArraySpec("valid.npy", (rows, dates), "bool"),
        *(ArraySpec(name, (rows,), dtype, scratch=True) for name, dtype in scratch.items()),
    ]


def band_names(sensor: str) -> tuple[str, ...]:
    """The last axis of a sensor's series.

    Planetscope's is the 3 x 3 block within the 10 m pixel, band by band, each row by row from the north-west:
    `blue_00, blue_01, blue_02, blue_10, ..., nir_22`, (4, 9) flattened, as the files of Patnala et al. have it.
    """
    bands = SENSORS[sensor].bands
    if sensor == "planetscope":
        return tuple(f"{band}_{row}{col}" for band in bands for row in range(FINE) for col in range(FINE))
    return bands


def compute(job: Commune) -> dict[str, Array]:
    """Rows of one job."""
    options = job.options
    world = world_of(options.world)
    tile = world.tile(options.area, job.municipality, job.commune, options.year)
    place = job.municipality * COMMUNES + job.commune
    generator = np.random.default_rng([options.world.seed, ord(options.area[0]), options.year, place, 7])
    count = job.samples + job.pool
    drawn = draw_pixels(tile, _allowed(options, world), count, options.field_pixels, job.wanted, generator)
    rows = slice(job.first, job.end)
    # By field, not by kind: labelled and unlabelled rows come as they lie.
    values: dict[str, Array] = {
        "label": drawn.label[rows].astype(np.int16),
        "unlabelled": drawn.place[rows] >= job.samples,
        "parcel": drawn.parcel[rows].astype(np.int32),
        "place": np.full(job.end - job.first, place, np.int32),
        "mixed": drawn.mixed[rows],
    }
    return values | _observe(world, options, tile, drawn.row[rows], drawn.col[rows])


def _observe(world: World, options: SeriesOptions, tile: Any, row: Int, col: Int) -> dict[str, Array]:
    bands = {sensor: len(band_names(sensor)) for sensor in options.sensors}
    made = {
        f"{MODALITY[sensor]}.npy": np.empty((len(row), options.dates, count), np.int16)
        for sensor, count in bands.items()
    }
    valid = np.empty((len(row), options.dates), np.bool_)
    # The days of Sentinel-2, for all sensors: pairs are of one day.
    acquisitions = world.acquisitions(options.area, options.year, "sentinel2", options.dates)
    step = max(1, _VALUES_AT_ONCE // (options.dates * sum(bands.values())))
    for first in range(0, len(row), step):
        part = slice(first, first + step)
        clear = np.ones((len(row[part]), options.dates), np.bool_)
        for sensor in options.sensors:
            values, seen = _look(world, tile, sensor, acquisitions, row[part], col[part])
            made[f"{MODALITY[sensor]}.npy"][part] = values
            clear &= seen
        valid[part] = clear
        for sensor in options.sensors:
            made[f"{MODALITY[sensor]}.npy"][part][~clear] = SENSORS[sensor].fill
    return {**made, "valid.npy": valid}


def _look(
    world: World, tile: Any, sensor: str, acquisitions: Any, row: Int, col: Int
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """A sensor's series of 10 m pixels, (P, T, C); Planetscope's from the 3 x 3 pixels inside each."""
    if sensor != "planetscope":
        values, seen = world.observe(tile, sensor, acquisitions, row, col)
        return values, seen
    inside = np.arange(FINE)
    rows = np.repeat(FINE * row[:, None] + inside, FINE, axis=1).ravel()
    cols = np.tile(FINE * col[:, None] + inside, FINE).ravel()
    values, seen = world.observe(tile, sensor, acquisitions, rows, cols)
    block = values.reshape(len(row), FINE * FINE, *values.shape[1:])  # (P, 9, T, 4)
    flat = np.ascontiguousarray(block.transpose(0, 2, 3, 1)).reshape(len(row), values.shape[1], -1)
    clear: NDArray[np.bool_] = np.all(seen.reshape(len(row), FINE * FINE, -1), axis=1)
    return flat, clear


def _allowed(options: SeriesOptions, world: World) -> NDArray[np.bool_]:
    return np.arange(len(world.classes)) < (world.crop_classes if options.land == "crops" else len(world.classes))


def class_names(options: SeriesOptions) -> tuple[str, ...]:
    """The classes in order of their index."""
    world = world_of(options.world)
    return world.classes[: world.crop_classes] if options.land == "crops" else world.classes


def _shares(total: int, parts: int) -> Int:
    """Whole numbers that add up to `total`, as equal as can be."""
    edges = np.linspace(0, total, parts + 1).round().astype(np.int64)
    return edges[1:] - edges[:-1]


def _wanted(options: SeriesOptions, places: int, usable: Mapping[str, float]) -> list[tuple[int, ...]]:
    """Classes of which each commune is asked for a parcel: those that are too rare for every split to have one."""
    world = world_of(options.world)
    shares = world.class_shares(options.area, options.year)[:, : len(class_names(options))]
    shares = shares / shares.sum(axis=1, keepdims=True)
    expected = shares.mean(axis=0) * options.samples / options.field_pixels
    wanted: list[list[int]] = [[] for _ in range(places)]
    for label, count in enumerate(expected):
        share = usable.get(class_names(options)[label], 1.0)
        # Where little of a class can be drawn, many a commune that is asked has none.
        lacking = min(places, ceil(max(0.0, _FIELDS_FOR_SPLITS - float(count) * share) / share))
        # Where it is most at home, in one commune of each municipality before the next of any.
        homes = np.argsort(-shares[:, label], kind="stable")
        order = [int(m) * options.communes + c for c in range(options.communes) for m in homes]
        for place in order[:lacking]:
            wanted[place].append(label)
    return [tuple(labels) for labels in wanted]
