"""The ground of a commune: parcels in strips, woods, rivers and villages, and what is on each in a year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated.world._covers import COVERS, LAND
from eobench_simulated.world._options import FINE, TILE, WorldOptions

Float = NDArray[np.float32]
Int = NDArray[np.int64]

_SIDE: Final = TILE * FINE
_FINE_A_HECTARE: Final = 900.0  # fine pixels of 3.33 m
_ASPECT: Final = 2.2  # fields are longer than wide
_NOISE_NODES: Final = 13  # a node every 320 m
_CELLS: Final = 5  # a wood is cut into stands, a town into quarters, on a grid of so many a side
_OVERLAID: Final = ("water", "wetland", "urban", "evergreen_forest", "deciduous_forest", "shrubland")
_PERENNIAL: Final = ("alfalfa", "almonds")


@dataclass(frozen=True, eq=False)
class Tile:
    """One commune, TILE x TILE pixels of 10 m.

    Attributes:
        area, municipality, commune, year: which.
        field: (TILE * FINE, TILE * FINE) int32, parcel of each 3.33 m pixel.
        field_class: (F,) int16, class of each parcel in this year.
        label, parcel: (TILE, TILE) class and parcel at the centre of the 10 m pixel.
        purity: (TILE, TILE) share of the 10 m pixel that lies in that parcel, a multiple of 1/9.
        memory: what was computed of it, by whoever observes it.
    """

    area: str
    municipality: int
    commune: int
    year: int
    field: NDArray[np.int32]
    field_class: NDArray[np.int16]
    label: NDArray[np.int16]
    parcel: NDArray[np.int32]
    purity: Float
    memory: dict[Any, Any] = _field(default_factory=dict, repr=False)


def make_tile(
    options: WorldOptions,
    names: tuple[str, ...],
    shares: NDArray[np.float64],
    place: tuple[str, int, int, int],
    streams: Mapping[str, np.random.Generator],
    mean_size: float,
) -> Tile:
    """Draw a commune.

    Args:
        options: of the world.
        names: of its classes.
        shares: (K,) expected shares of the classes in this municipality.
        place: area, municipality, commune, year.
        streams: generators `shape` (which no year changes), `lasting` and `crops` (the year's).
        mean_size: of a field, hectares.
    """
    shape = streams["shape"]
    parcels = _strips(mean_size * _FINE_A_HECTARE, shape)
    land = {name: float(shares[names.index(name)]) for name in LAND}
    overlay, cover = _overlay(land, shape)
    count = int(parcels.max()) + 1
    fine = np.where(cover >= 0, count + overlay, parcels).astype(np.int32)
    drawn = _field_classes(options, names, shares, count, streams["lasting"], streams["crops"])
    kinds = np.concatenate([drawn, np.repeat([names.index(n) for n in _OVERLAID], _CELLS**2)])
    used = np.flatnonzero(np.bincount(fine.ravel(), minlength=len(kinds)))
    short = np.zeros(len(kinds), np.int32)
    short[used] = np.arange(len(used), dtype=np.int32)
    fine = short[fine]
    blocks = fine.reshape(TILE, FINE, TILE, FINE)
    centre = np.ascontiguousarray(blocks[:, 1, :, 1])
    same = sum((blocks[:, i, :, j] == centre).astype(np.float32) for i in range(FINE) for j in range(FINE))
    field_class = kinds[used].astype(np.int16)
    return Tile(*place, fine, field_class, field_class[centre], centre, np.asarray(same / FINE**2, np.float32))


def _strips(area: float, generator: np.random.Generator) -> Int:
    """Parcel of each fine pixel: strips of different width along one direction, cut into fields; borders bend."""
    turn = generator.uniform(0, np.pi)
    axis = np.arange(_SIDE, dtype=np.float32) - _SIDE / 2
    bend = 6 * np.sin(axis / generator.uniform(90, 200) + generator.uniform(0, 6))
    across = (np.cos(turn) * axis + bend)[:, None] + (np.sin(turn) * axis)[None, :]
    along = (-np.sin(turn) * axis)[:, None] + (np.cos(turn) * axis + bend)[None, :]
    width = np.sqrt(area / _ASPECT)
    reach = _SIDE * 0.75
    edges = _cuts(width, reach, generator)
    strip = np.searchsorted(edges, across.ravel()).astype(np.int32)
    spans, offset, number = [], [], 0
    step = np.float32(4 * reach)
    for i in range(len(edges) + 1):
        cuts = _cuts(width * _ASPECT, reach, generator)
        spans.append(cuts + i * step)
        offset.append(number)
        number += len(cuts) + 1
    inside = np.searchsorted(np.concatenate(spans), along.ravel() + strip * step)
    made: Int = (inside + strip).reshape(_SIDE, _SIDE).astype(np.int64)
    return made


def _cuts(mean: float, reach: float, generator: np.random.Generator) -> Float:
    sizes = mean * generator.lognormal(-0.08, 0.4, int(2.6 * reach / mean) + 4)
    cuts = np.cumsum(sizes) - reach
    return cuts[cuts < reach].astype(np.float32)


def smooth(generator: np.random.Generator, nodes: int, side: int) -> Float:
    """Smooth standard normal noise, (side, side): normal nodes, interpolated linearly."""
    values = generator.standard_normal((nodes, nodes), np.float32)
    at = np.linspace(0, nodes - 1, side, dtype=np.float32)
    low = np.minimum(at.astype(np.int64), nodes - 2)
    weight = np.zeros((side, nodes), np.float32)
    weight[np.arange(side), low] = 1 - (at - low)
    weight[np.arange(side), low + 1] = at - low
    made: Float = (weight @ values @ weight.T).astype(np.float32, copy=False)
    return made


def _overlay(land: Mapping[str, float], generator: np.random.Generator) -> tuple[Int, NDArray[np.int8]]:
    """Where woods, water and towns lie over the fields: (stand of each fine pixel, its cover or -1)."""
    wood, river, town = (smooth(generator, _NOISE_NODES, _SIDE) for _ in range(3))
    river = np.abs(river - np.float32(generator.normal(0, 0.4))).astype(np.float32)
    jitter = {name: land[name] * generator.lognormal(-0.1, 0.45) for name in _OVERLAID}
    cover = np.full((_SIDE, _SIDE), -1, np.int8)

    def take(values: Float, *wanted: str) -> None:
        """Give the smallest values to the wanted covers, in their shares."""
        sample = np.sort(values[::16, ::16], axis=None)
        start = 0.0
        for name in wanted:
            end = start + jitter[name]
            low, high = (sample[min(int(s * len(sample)), len(sample) - 1)] for s in (start, end))
            below = values < high if start == 0 else (values >= low) & (values < high)
            cover[below] = _OVERLAID.index(name)
            start = end

    take(-wood, "evergreen_forest", "deciduous_forest", "shrubland")
    take(-town, "urban")
    take(river, "water", "wetland")
    cell = np.arange(_SIDE) * _CELLS // _SIDE
    stand = cell[:, None] * _CELLS + cell[None, :]
    return np.where(cover >= 0, cover.astype(np.int64) * _CELLS**2 + stand, 0), cover


def _field_classes(
    options: WorldOptions,
    names: tuple[str, ...],
    shares: NDArray[np.float64],
    count: int,
    lasting: np.random.Generator,
    year: np.random.Generator,
) -> Int:
    """Class of each field: perennial crops, grass and bare land stay, annual crops rotate."""
    open_land = np.array([n not in _OVERLAID for n in names])
    stays = np.array([n in _PERENNIAL or n in LAND for n in names])
    weight = np.where(open_land, shares, 0.0)
    if options.homogeneity > 0:
        crops = weight[: options.crops] ** 0.5
        one = lasting.choice(options.crops, p=crops / crops.sum())
        peak = np.zeros_like(weight)
        peak[one] = weight.sum()
        weight = (1 - options.homogeneity) * weight + options.homogeneity * peak
    first = _drawn(weight, lasting.uniform(size=count))
    annual = np.where(stays, 0.0, weight)
    if not annual.any():
        return first
    return np.where(stays[first], first, _drawn(annual, year.uniform(size=count)))


def _drawn(weight: NDArray[np.float64], uniform: NDArray[np.float64]) -> Int:
    edges = np.cumsum(weight) / weight.sum()
    made: Int = np.minimum(np.searchsorted(edges, uniform), np.flatnonzero(weight)[-1]).astype(np.int64)
    return made


assert set(_OVERLAID) <= set(LAND) and set(_PERENNIAL) <= set(COVERS)  # noqa: S101, PT018
