"""Patches around pixels inside parcels: which are drawn, and what two sensors see of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Value
from eobench_simulated._writer import ArraySpec, Job
from eobench_simulated.views._clear import clear_days, observe_clear
from eobench_simulated.views._draw import draw_pixels
from eobench_simulated.views._series import Commune, SeriesOptions, class_names, make_jobs, parse_options, world_of
from eobench_simulated.world import COMMUNES, SENSORS, TILE, Tile, World

Array = NDArray[Any]
Int = NDArray[np.int64]

SIZE: Final = 21
HALF: Final = SIZE // 2
OPTICAL: Final = "optical.npy"
SAR: Final = "sar.npy"
_NOTHING: Final = -1  # class of the pixels that no patch is centred on: the last one, which is not allowed
_PATCHES_A_JOB: Final = 250
_INSIDE: Final = {"wetland": 0.2, "shrubland": 0.5, "water": 0.55, "urban": 0.6}
"""Share of a class's pixels that lie inside parcels, where it is far below that of crops: banks are narrow."""
_SCRATCH: Final = {"label": "int16", "parcel": "int32", "place": "int32", "row": "int32", "col": "int32"}


@dataclass(frozen=True)
class PatchOptions:
    """Checked options of `simulated-patches`; those that it shares with pixel series are in `drawn`."""

    drawn: SeriesOptions
    optical: str
    day: int
    border: int

    @property
    def bands(self) -> tuple[str, ...]:
        """Of the optical sensor."""
        return SENSORS[self.optical].bands

    @property
    def sar_bands(self) -> tuple[str, ...]:
        """Channels of the stacked radar images, date by date, such as `VV_d026`."""
        drawn = self.drawn
        seen = world_of(drawn.world).acquisitions(drawn.area, drawn.year, "sentinel1", drawn.dates)
        return tuple(f"{band}_d{day:03}" for day in seen.days.tolist() for band in SENSORS["sentinel1"].bands)


@dataclass(frozen=True)
class Patches:
    """The payload of a job: some patches of one commune."""

    options: PatchOptions
    commune: Commune


def parse_patches(name: str, params: Mapping[str, Value]) -> PatchOptions:
    """Check the options of a card together.

    Args:
        name: of the card.
        params: all of its options.

    Raises:
        ParameterError: an option is impossible beside the others.
    """
    given: dict[str, Any] = dict(params)
    return PatchOptions(parse_options(name, params, ()), given["optical"], given["day"], given["border"])


def patch_specs(options: PatchOptions) -> list[ArraySpec]:
    """Both modalities, and what the columns are made of."""
    rows = options.drawn.samples
    return [
        ArraySpec(OPTICAL, (rows, SIZE, SIZE, len(options.bands)), "int16"),
        ArraySpec(SAR, (rows, SIZE, SIZE, len(options.sar_bands)), "int16"),
        *(ArraySpec(name, (rows,), dtype, scratch=True) for name, dtype in _SCRATCH.items()),
    ]


def patch_jobs(options: PatchOptions) -> list[Job]:
    """Cut the rows into jobs, by commune."""
    names = [spec.name for spec in patch_specs(options)]
    jobs = []
    for series in make_jobs(options.drawn, _INSIDE):
        commune: Commune = series.payload
        start = min(first for first, _ in series.rows.values()) - commune.first
        for first in range(commune.first, commune.end, _PATCHES_A_JOB):
            end = min(first + _PATCHES_A_JOB, commune.end)
            payload = Patches(options, replace(commune, first=first, end=end))
            jobs.append(Job(payload, dict.fromkeys(names, (start + first, start + end))))
    return jobs


def compute(job: Patches) -> dict[str, Array]:
    """Patches of one job."""
    commune, common = job.commune, job.options.drawn
    world = world_of(common.world)
    tile = world.tile(common.area, commune.municipality, commune.commune, common.year)
    place = commune.municipality * COMMUNES + commune.commune
    generator = np.random.default_rng([common.world.seed, ord(common.area), common.year, place, 25])
    inner = interior(tile, job.options.border)
    allowed = np.arange(len(world.classes) + 1) < len(class_names(common))
    drawn = draw_pixels(inner, allowed, commune.samples, common.field_pixels, commune.wanted, generator)
    rows = slice(commune.first, commune.end)
    row, col = drawn.row[rows], drawn.col[rows]
    return {
        "label": drawn.label[rows].astype(np.int16),
        "parcel": drawn.parcel[rows].astype(np.int32),
        "place": np.full(len(row), place, np.int32),
        "row": row.astype(np.int32),
        "col": col.astype(np.int32),
        **observe_patches(world, tile, job.options, row, col),
    }


def interior(tile: Tile, border: int) -> Tile:
    """The tile with only those pixels in its parcels that a patch may be centred on.

    Args:
        tile: the commune.
        border: pixels around the centre, each way, that belong to its parcel as well.

    Returns:
        A tile whose other pixels lie in one more parcel, of class -1.
    """
    far = TILE - HALF
    inside = slice(HALF, far)
    centre = tile.parcel[inside, inside]
    kept = tile.purity[inside, inside] >= 1
    for down in range(-border, border + 1):
        for right in range(-border, border + 1):
            kept &= tile.parcel[HALF + down : far + down, HALF + right : far + right] == centre
    parcel = np.full_like(tile.parcel, len(tile.field_class))
    parcel[inside, inside] = np.where(kept, centre, len(tile.field_class))
    nothing = np.array([_NOTHING], tile.field_class.dtype)
    return replace(tile, parcel=parcel, field_class=np.append(tile.field_class, nothing), memory={})


def observe_patches(world: World, tile: Tile, options: PatchOptions, row: Int, col: Int) -> dict[str, Array]:
    """What both sensors see around some pixels of 10 m: (P, 21, 21, C) each.

    Each pixel is looked at once, however many patches it lies in.
    """
    around = np.arange(-HALF, HALF + 1)
    rows = row[:, None, None] + around[None, :, None]
    cols = col[:, None, None] + around[None, None, :]
    common = options.drawn
    pixel, of_pixel = np.unique(rows * TILE + cols, return_inverse=True)
    acquisitions = world.acquisitions(common.area, common.year, "sentinel1", common.dates)
    radar, _ = world.observe(tile, "sentinel1", acquisitions, *np.divmod(pixel, TILE))
    # Optical pixels may be larger: each 10 m pixel has the value of the one that it lies in.
    grid = SENSORS[options.optical].grid
    larger = TILE // grid
    wide, of_wide = np.unique(rows // larger * grid + cols // larger, return_inverse=True)
    days = clear_days(world, [tile], options.optical, options.day)
    bands = range(len(options.bands))
    optical = observe_clear(world, tile, options.optical, days, *np.divmod(wide, grid), bands)
    shape = (len(row), SIZE, SIZE)
    return {
        OPTICAL: optical[of_wide.reshape(shape)],
        SAR: radar.reshape(len(pixel), -1)[of_pixel.reshape(shape)],
    }
