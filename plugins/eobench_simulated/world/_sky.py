"""The sky over an area in a year: acquisitions, clouds, their shadows, haze, and rain on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated.world._options import TILE, WorldOptions

Float = NDArray[np.float32]

DAYS: Final = 365
_WAVES: Final = 40
_SMALLEST, _LARGEST = 0.12, 6.0  # km, of clouds: the inverse of a wave's number
_KILOMETRES: Final = TILE / 100
_DATE, _PATTERN, _PIXEL = 0.55, 0.4494, 0.0006
_WINTER: Final = 0.4  # amplitude of cloudiness over the year, as a share of what the fraction leaves room for
_SHADOW: Final = (0.55, 0.35)  # km from a cloud to its shadow
_UNION: Final = 0.83  # clouds alone, as a share of clouds and shadows
_NODES: Final = 25
_GOLDEN: Final = 0.6180339887498949


@dataclass(frozen=True, eq=False)
class Acquisitions:
    """Days on which a sensor looks.

    Attributes:
        sensor: its name.
        area, year: where and when.
        days: (T,) int16 since 1 January.
    """

    sensor: str
    area: str
    year: int
    days: NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Sky:
    """An area's year.

    Attributes:
        date: (365,) score of each day's weather, standard normal; low is cloudy.
        waves, phases: (365, 2, W) per km and (365, W), of the pattern.
        cloudy, hazy: (365,) scores below which a pixel is under cloud, or under haze.
        wetness: (365, regions) addition to soil moisture.
    """

    date: Float
    waves: Float
    phases: Float
    cloudy: Float
    hazy: Float
    wetness: Float


def make_sky(options: WorldOptions, generator: np.random.Generator, rain: np.random.Generator) -> Sky:
    """Draw the year's weather; every sensor sees the same on a day."""
    days = np.arange(DAYS)
    season = np.cos(2 * np.pi * (days - 10) / DAYS)
    mean = options.cloud_fraction * _UNION
    fraction = mean + _WINTER * min(mean, 1 - mean) * season
    # A sequence that is evenly spread for any regular choice of days keeps the fraction for every sensor.
    even = (generator.uniform() + _GOLDEN * days + 0.05 * generator.uniform(size=DAYS)) % 1.0
    length = np.exp(generator.uniform(np.log(_SMALLEST), np.log(_LARGEST), (DAYS, 1, _WAVES)))
    return Sky(
        date=_quantiles(even),
        waves=(generator.normal(size=(DAYS, 2, _WAVES)) / length).astype(np.float32),
        phases=generator.uniform(0, 2 * np.pi, (DAYS, _WAVES)).astype(np.float32),
        cloudy=_quantiles(fraction),
        hazy=_quantiles(fraction + options.haze * (1 - fraction)),
        wetness=_wetness(options, season, rain),
    )


def _wetness(options: WorldOptions, season: NDArray[np.float64], rain: np.random.Generator) -> Float:
    """Soil moisture around wet winters: it falls by a twentieth a day between rains."""
    level = rain.normal(size=options.regions)
    wetness = np.empty((DAYS, options.regions), np.float32)
    year = 0.08 * options.shift * rain.normal()
    for day, winter in enumerate(season):
        level = 0.95 * level + np.sqrt(0.5 * (1 - 0.95**2)) * (rain.normal() + rain.normal(size=options.regions))
        wetness[day] = 0.13 * level + 0.12 * winter + year
    return wetness


def scores(sky: Sky, days: NDArray[np.integer], corner: tuple[float, float], shifted: bool) -> Float:
    """Scores of a tile's sky on a grid of nodes, (T, NODES, NODES).

    Args:
        sky: of the area and year.
        days: (T,).
        corner: of the tile, km.
        shifted: looked up where the shadow's cloud stands.
    """
    line = np.linspace(0, _KILOMETRES, _NODES, dtype=np.float32)
    rows = line + np.float32(corner[0] + (_SHADOW[0] if shifted else 0))
    cols = line + np.float32(corner[1] + (_SHADOW[1] if shifted else 0))
    waves, phases = sky.waves[days], sky.phases[days]
    angle = waves[:, 0, None, :] * rows[None, :, None] + phases[:, None, :]
    beside = waves[:, 1, None, :] * cols[None, :, None]
    # cos(a + b) by the angle-sum formula: a matrix product instead of a cosine a node
    pattern = np.einsum("trw,tcw->trc", np.cos(angle), np.cos(beside), optimize=True)
    pattern -= np.einsum("trw,tcw->trc", np.sin(angle), np.sin(beside), optimize=True)
    made: Float = np.sqrt(_DATE) * sky.date[days][:, None, None] + np.sqrt(2 * _PATTERN / _WAVES) * pattern
    return made.astype(np.float32)


def in_tens(places: NDArray[np.integer], grid: int) -> NDArray[np.float64]:
    """Middles of pixels of a grid along a tile, in pixels of 10 m; finer ones have the sky of the one they lie in.

    So Planetscope and Sentinel-2 are clear together, and a pair loses no date at a cloud's edge.
    """
    middles: NDArray[np.float64] = (np.asarray(places, np.float64) + 0.5) * (TILE / grid)
    return np.floor(middles) + 0.5 if grid > TILE else middles


def at_pixels(nodes: Float, row: NDArray[np.floating], col: NDArray[np.floating]) -> Float:
    """Interpolate (T, NODES, NODES) at P places, in pixels of 10 m: (P, T)."""
    step = (TILE - 1) / (_NODES - 1)
    r, c = row / step, col / step
    r0, c0 = np.minimum(r.astype(np.int64), _NODES - 2), np.minimum(c.astype(np.int64), _NODES - 2)
    dr, dc = (r - r0).astype(np.float32)[:, None], (c - c0).astype(np.float32)[:, None]
    flat = nodes.reshape(len(nodes), -1).T
    first = r0 * _NODES + c0
    top = flat[first] * (1 - dc) + flat[first + 1] * dc
    bottom = flat[first + _NODES] * (1 - dc) + flat[first + _NODES + 1] * dc
    made: Float = top * (1 - dr) + bottom * dr
    return made


PIXEL_SHARE: Final = np.float32(np.sqrt(_PIXEL))


def _quantiles(shares: NDArray[np.float64]) -> Float:
    normal = NormalDist()
    return np.array([normal.inv_cdf(min(max(float(s), 1e-6), 1 - 1e-6)) for s in shares], np.float32)
