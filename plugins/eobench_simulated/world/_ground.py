"""The ground of a commune: parcels in strips, woods, rivers and villages, and what is on each in a year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated.world._covers import LAND
from eobench_simulated.world._options import FINE, TILE, WorldOptions

Float = NDArray[np.float32]
Int = NDArray[np.int64]
Int32 = NDArray[np.int32]

_SIDE: Final = TILE * FINE
_FINE_A_HECTARE: Final = 900.0  # fine pixels of 3.33 m
_ASPECT: Final = 2.2  # fields are longer than wide
_NODES: Final = 13  # of the noise that woods, rivers and towns follow: one every 380 m
_NEIGHBOURHOODS: Final = 3
_ROAD: Final = 1.6  # half of a road's width, fine pixels, where neighbourhoods' middles are half a side apart
_PER_PIXEL: Final = 4
_RIVERS: Final = 1.5  # along a side of a commune, one every 2.6 km
_BEND: Final = 0.09  # of their distance; more would close them into rings
_STAND, _QUARTER = 230, 32  # fine pixels: side of a stand of trees, of a block of houses
_OVERLAID: Final = ("water", "wetland", "urban", "evergreen_forest", "deciduous_forest", "shrubland")
_PERENNIAL: Final = ("alfalfa", "almonds")


@dataclass(frozen=True, eq=False)
class Tile:
    """One commune, TILE x TILE pixels of 10 m.

    Attributes:
        area, municipality, commune, year: which.
        field: (TILE * FINE, TILE * FINE) int32, parcel of each 3.33 m pixel.
        field_class: (F,) int16, class of each parcel in this year.
        label, parcel: (TILE, TILE) parcel that most of the 10 m pixel is, and its class.
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
    parcels, road = _parcels(mean_size * _FINE_A_HECTARE, shape)
    land = {name: float(shares[names.index(name)]) for name in LAND}
    overlay, cover = _overlay(land, road, shape)
    count = int(parcels.max()) + 1
    fine = np.where(cover >= 0, count + overlay, parcels)
    drawn = _field_classes(options, names, shares, count, streams["lasting"], streams["crops"])
    laid = [np.full(_stands(n) ** 2, names.index(n)) for n in _OVERLAID]
    kinds = np.concatenate([drawn, *laid])
    used = np.flatnonzero(np.bincount(fine.ravel(), minlength=len(kinds)))
    short = np.zeros(len(kinds), np.int32)
    short[used] = np.arange(len(used), dtype=np.int32)
    fine = short[fine]
    parcel, purity = _coarse(fine)
    field_class = kinds[used].astype(np.int16)
    return Tile(*place, fine, field_class, field_class[parcel], parcel, purity)


def _coarse(fine: NDArray[np.int32]) -> tuple[NDArray[np.int32], Float]:
    """Parcel that most of each 10 m pixel is, and its share; of equal ones, the one at the centre."""
    blocks = fine.reshape(TILE, FINE, TILE, FINE)
    parcel = np.ascontiguousarray(blocks[:, FINE // 2, :, FINE // 2])
    same = np.ones((TILE, TILE), bool)
    for i in range(FINE):
        for j in range(FINE):
            same &= blocks[:, i, :, j] == parcel
    purity = np.ones((TILE, TILE), np.float32)
    row, col = np.nonzero(~same)
    parts = blocks[row, :, col, :].reshape(len(row), FINE * FINE)
    votes = np.stack([(parts == part[:, None]).sum(axis=1) for part in parts.T], axis=1).astype(np.float32)
    votes[:, FINE * FINE // 2] += 0.5
    best = votes.argmax(axis=1)
    parcel[row, col] = parts[np.arange(len(row)), best]
    purity[row, col] = (votes[np.arange(len(row)), best] // 1) / FINE**2
    return parcel, purity


def _parcels(area: float, generator: np.random.Generator) -> tuple[Int32, NDArray[np.bool_]]:
    """Fields of neighbourhoods that roads part, each ploughed in its own direction: (field, road) of fine pixels.

    Args:
        area: mean of a field, fine pixels.
        generator: draws.
    """
    axis = np.arange(_SIDE, dtype=np.float32)
    bend = 6 * np.sin(axis / generator.uniform(90, 200) + generator.uniform(0, 6)).astype(np.float32)
    row, col = axis[:, None] + bend[None, :], axis[None, :] + bend[:, None]
    nearest = np.zeros((_SIDE, _SIDE), np.int8)
    road = np.zeros((_SIDE, _SIDE), bool)
    least: Float | None = None
    for hood in range(_NEIGHBOURHOODS):
        middle = generator.uniform(0, _SIDE, 2).astype(np.float32)
        # Squared distances less their common part: on a border they are equal, and beside it differ by twice the
        # middles' distance for each pixel of width.
        away = (middle @ middle) - 2 * middle[0] * row - 2 * middle[1] * col
        if least is None:
            least = away
            continue
        ahead = away - least
        closer = ahead < 0
        nearest[closer] = hood
        road[ahead < -_ROAD * _SIDE] = False  # a border that lies behind a nearer neighbourhood is none
        road |= np.abs(ahead) <= _ROAD * _SIDE
        least = np.minimum(least, away)
    parcel = np.empty(_SIDE * _SIDE, np.int32)
    row, col, number = row.ravel() - _SIDE / 2, col.ravel() - _SIDE / 2, 0
    for hood in range(_NEIGHBOURHOODS):
        here = np.flatnonzero(nearest.ravel() == hood)
        if len(here):
            found = _strips(row[here], col[here], area, generator)
            parcel[here] = found + number
            number += int(found.max()) + 1
    return parcel.reshape(_SIDE, _SIDE), road


def _strips(row: Float, col: Float, area: float, generator: np.random.Generator) -> Int32:
    """Field of each place, (P,): strips of different width along one direction, cut into fields."""
    turn = generator.uniform(0, np.pi)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    width = np.sqrt(area / _ASPECT)
    reach = _SIDE * 0.75
    strip = _lines(width, reach, generator)
    first, fields = 0, []
    for _ in range(int(strip[-1]) + 1):
        fields.append(_lines(width * _ASPECT, reach, generator) + np.int32(first))
        first = int(fields[-1][-1]) + 1
    # Looked up by the place in quarters of a pixel: ten times as fast as a search among the lines.
    across = (_PER_PIXEL * (cos * row + sin * col + np.float32(reach))).astype(np.int32)
    along = (_PER_PIXEL * (cos * col - sin * row + np.float32(reach))).astype(np.int32)
    made: Int32 = np.concatenate(fields)[strip[across] * len(strip) + along]
    return made


def _lines(mean: float, reach: float, generator: np.random.Generator) -> Int32:
    """Number of the section at each place of a line from -reach to reach, sections being log-normal in size."""
    sizes = mean * generator.lognormal(-0.08, 0.4, int(2.6 * reach / mean) + 4)
    ends = np.cumsum(sizes)
    places = np.arange(int(2 * reach * _PER_PIXEL) + 1) / _PER_PIXEL
    return np.searchsorted(ends[ends < 2 * reach], places).astype(np.int32)


def smooth(generator: np.random.Generator, nodes: int, side: int, rough: float = 0.0) -> Float:
    """Smooth normal noise, (side, side): a cubic B-spline of normal nodes, of standard deviation one.

    Args:
        generator: draws.
        nodes: along a side.
        side: of the result.
        rough: standard deviation of what is added at four times as many nodes.
    """
    weight = _spline(nodes, side)
    left: Float = weight @ generator.standard_normal((nodes, nodes), np.float32)
    if rough:
        fine = _spline(4 * nodes, side)
        detail = np.float32(rough) * (fine @ generator.standard_normal((4 * nodes, 4 * nodes), np.float32))
        # one product of both, for it is the size of the result that costs
        left, weight = np.hstack([left, detail]), np.hstack([weight, fine])
    made: Float = left @ weight.T
    return made


@cache
def _spline(nodes: int, side: int) -> Float:
    """Weights of nodes at each place, (side, nodes); sums of independent numbers keep their variance."""
    at = np.linspace(1, nodes - 2, side)
    away = np.abs(at[:, None] - np.arange(nodes))
    weight = np.where(away < 1, 2 / 3 - away**2 * (1 - away / 2), (2 - away).clip(0) ** 3 / 6)
    made: Float = (weight / np.sqrt((weight**2).sum(axis=1, keepdims=True))).astype(np.float32)
    return made


def _overlay(
    land: Mapping[str, float], road: NDArray[np.bool_], generator: np.random.Generator
) -> tuple[Int32, NDArray[np.int8]]:
    """Where woods, water, towns and roads lie over the fields: (stand of each fine pixel, its cover or -1)."""
    wood, bend, town = (smooth(generator, _NODES, _SIDE, rough) for rough in (0.16, 0.05, 0.16))
    river = _off_river(bend, float(generator.normal(0, 0.4)), generator.spawn(1)[0].uniform(0, 2 * np.pi))
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
    cover[road & (cover < 0)] = _OVERLAID.index("urban")
    return _stand(cover, wood, generator), cover


def _off_river(bend: Float, offset: float, flow: float) -> Float:
    """How far each fine pixel lies from a river, on a scale of no meaning: rivers follow `flow`, and bend.

    Lines of a noise alone would close into rings; across the flow a slope outweighs it, so few do.
    """
    across = np.linspace(-_RIVERS / 2, _RIVERS / 2, _SIDE, dtype=np.float32)
    slope = np.float32(np.cos(flow)) * across[:, None] + np.float32(np.sin(flow)) * across
    place = slope + np.float32(_BEND) * bend + np.float32(offset)
    made: Float = np.abs(place - np.rint(place))
    return made


def _stand(cover: NDArray[np.int8], bend: Float, generator: np.random.Generator) -> Int32:
    """Stand, quarter or reach of each fine pixel of an overlaid cover: cells of a turned grid with bent lines."""
    turn = generator.uniform(0, np.pi)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    stand = np.zeros(cover.size, np.int32)
    cells = [_stands(name) for name in _OVERLAID]
    first = np.cumsum([0, *(n**2 for n in cells)]).astype(np.int32)
    for kind, name in enumerate(_OVERLAID):
        where = np.flatnonzero(cover.ravel() == kind)
        row, col = (part.astype(np.float32) for part in np.divmod(where.astype(np.int32), np.int32(_SIDE)))
        size = np.float32(_QUARTER if name == "urban" else _STAND)
        bent = 0 if name == "urban" else 25 * bend.ravel()[where]
        # The corner farthest off lies less than 1.5 sides away; a number that is too high starts again at 0.
        down = ((cos * row + sin * col + bent + _SIDE) / size).astype(np.int32) & (cells[kind] - 1)
        right = ((cos * col - sin * row + bent + _SIDE) / size).astype(np.int32) & (cells[kind] - 1)
        stand[where] = first[kind] + down * cells[kind] + right
    return stand.reshape(cover.shape)


def _stands(name: str) -> int:
    """Cells along a side of the grid that cuts an overlaid cover, a power of two."""
    return 64 if name == "urban" else 8


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
        crops = weight[: len(names) - len(LAND)] ** 0.5
        one = lasting.choice(len(crops), p=crops / crops.sum())
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


assert set(_OVERLAID) <= set(LAND)  # noqa: S101
