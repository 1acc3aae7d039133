"""What a satellite sees of the landscape: acquisitions, clouds, haze, mixed pixels and noise.

Everything a pixel draws comes from its field's own generator, and everything a date draws is drawn for all dates
at once: the observations do not depend on how fields are put into chunks.
"""

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated._landscape import Landscape
from eobench_simulated._parameters import Parameters
from eobench_simulated._phenology import Canopies, canopy_states
from eobench_simulated._table import CanopyTable

Float = NDArray[np.float32]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

DAYS_IN_YEAR: Final = 365
SCALE: Final = 1e-4
FILL: Final = 0
_CLOUD_LENGTH: Final = 9.0  # km
_WAVES: Final = 24
_PROBES: Final = 512  # fields that the year's cloud fraction is measured on
# Variances of a cloud score that is standard normal in all: the date's weather, its pattern, the ragged edge.
_DATE, _PATTERN, _PIXEL = 0.55, 0.40, 0.05
_WINTER_CLOUDS: Final = 0.4  # amplitude over the year, as a share of what the cloud fraction leaves room for
_HAZE_DEPTH: Final = 0.35  # largest share of the signal that undetected cloud replaces
# Thin cloud is white, but for the water vapour band, and the short-wave infrared that ice absorbs.
_WHITE: Final = 0.5
_LESS_WHITE: Final = {"B09": 0.3, "B11": 0.35, "B12": 0.25, "swir1": 0.35, "swir2": 0.25}
_SHADOWS: Final = 0.35  # share of undetected cloud that is shadow
_OFFSET_NOISE: Final = 0.003  # reflectance


@dataclass(frozen=True)
class Weather:
    """What all fields share on a date.

    Attributes:
        days: (T,) days since 1 January.
        cloudy, hazy: (T,) cloud scores above which the sky is clear, and above which it is clean too.
        date, waves, phases: Of the cloud score: (T,), (T, 2, W) per km, (T, W).
        wetness: (regions, T) addition to soil moisture.
    """

    days: NDArray[np.int16]
    cloudy: NDArray[np.float64]
    hazy: NDArray[np.float64]
    date: NDArray[np.float64]
    waves: NDArray[np.float64]
    phases: NDArray[np.float64]
    wetness: Float


@dataclass(frozen=True)
class Pixels:
    """Draws of P pixels: their fields, what makes them differ, and the noise of their T dates.

    Attributes:
        field: (P,) index of the field.
        vigour, delay, brightness: (P,) factor on leaf area, days, and addition to soil brightness.
        share: (P,) of the neighbouring field in the pixel; 0 where it is pure.
        edge: (P, T) standard normal, the ragged edge of clouds.
        shadow: (P, T) where undetected cloud is shadow.
        common: (P, T) standard normal error shared by the bands.
        single: (P, T, C) standard normal error of each band.
    """

    field: Int
    vigour: Float
    delay: Float
    brightness: Float
    share: Float
    edge: Float
    shadow: Bool
    common: Float
    single: Float


def make_weather(
    parameters: Parameters, landscape: Landscape, clouds: np.random.Generator, rain: np.random.Generator
) -> Weather:
    """Draw the dates' weather."""
    count = parameters.dates
    days = (np.arange(count) * DAYS_IN_YEAR) // count
    # Strata, so that the year's cloud fraction is the one asked for, whatever the seed.
    strata = (clouds.permutation(count) + clouds.uniform(size=count)) / count
    room = min(parameters.cloud_fraction, 1 - parameters.cloud_fraction)
    season = np.cos(2 * np.pi * days / DAYS_IN_YEAR)
    fraction = parameters.cloud_fraction + _WINTER_CLOUDS * room * (season - season.mean())
    unclean = parameters.cloud_fraction + parameters.haze * (1 - parameters.cloud_fraction)
    weather = Weather(
        days=days.astype(np.int16),
        cloudy=_quantiles(fraction),
        hazy=_quantiles(fraction + parameters.haze * (1 - fraction)),
        date=_quantiles(strata),
        waves=clouds.normal(0, 1 / _CLOUD_LENGTH, (count, 2, _WAVES)),
        phases=clouds.uniform(0, 2 * np.pi, (count, _WAVES)),
        wetness=_wetness(parameters.regions, season, rain),
    )
    # One year's few dates, over a landscape of a few clouds' size, stray from the expected shares: draw them back.
    fields = clouds.choice(len(landscape.label), min(len(landscape.label), _PROBES), replace=False)
    score = _cloud_score(landscape, weather, fields)
    score += np.sqrt(_PIXEL) * clouds.normal(size=score.shape)
    cloudy = _calibrated(score, weather.cloudy, parameters.cloud_fraction)
    hazy = _calibrated(score, weather.hazy, unclean)
    return replace(weather, cloudy=cloudy, hazy=np.maximum(cloudy, hazy))


def _calibrated(score: NDArray[np.float64], thresholds: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Thresholds (T,) moved together until `share` of the scores (F, T) lies below them."""
    return thresholds + np.quantile(score - thresholds, share) if share else thresholds


def _wetness(regions: int, season: NDArray[np.float64], rain: np.random.Generator) -> Float:
    """Addition to soil moisture, (regions, T): an autoregressive process around wet winters."""
    # The land dries with a time scale of some twenty days between rains.
    memory = np.exp(-DAYS_IN_YEAR / len(season) / 20)
    wetness = np.empty((regions, len(season)), np.float32)
    level = rain.normal(size=regions)
    for date, winter in enumerate(season):
        level = memory * level + np.sqrt(0.5 * (1 - memory**2)) * (rain.normal() + rain.normal(size=regions))
        wetness[:, date] = 0.15 * level + 0.12 * winter
    return wetness


def draw_pixels(parameters: Parameters, landscape: Landscape, fields: Int, bands: int) -> Pixels:
    """Draw the pixels of `fields`, each field's from a generator of its own."""
    drawn = [_draw_field(parameters, int(landscape.pixels[field]), int(field), bands) for field in fields]
    columns = (np.concatenate(column) for column in zip(*drawn, strict=True))
    return Pixels(np.repeat(fields, landscape.pixels[fields]), *columns)


def observe(
    parameters: Parameters,
    landscape: Landscape,
    canopies: Canopies,
    weather: Weather,
    table: CanopyTable,
    pixels: Pixels,
) -> tuple[NDArray[np.int16], Bool]:
    """Reflectance in units of `SCALE`, (P, T, C), and where it was observed, (P, T)."""
    surface = _surface(landscape, canopies, weather, table, pixels, pixels.field)
    mixed = np.flatnonzero(pixels.share > 0)
    if len(mixed):
        part = _take(pixels, mixed)
        beside = _surface(landscape, canopies, weather, table, part, landscape.neighbour[part.field])
        surface[mixed] += part.share[:, None, None] * (beside - surface[mixed])
    fields, inverse = np.unique(pixels.field, return_inverse=True)
    score = _cloud_score(landscape, weather, fields)[inverse] + np.sqrt(_PIXEL) * pixels.edge
    valid = score > weather.cloudy
    # A pixel that is never seen would be no sample: its clearest date counts.
    valid[np.arange(len(score)), (score - weather.cloudy).argmax(axis=1)] = True
    _add_haze(surface, score, weather, table, pixels)
    surface *= 1 + parameters.noise * np.sqrt(0.5) * (pixels.common[..., None] + pixels.single)
    if parameters.noise > 0:
        surface += _OFFSET_NOISE * pixels.single[..., ::-1]
    counts = np.rint(surface / np.float32(SCALE)).clip(1, 20_000).astype(np.int16)
    counts[~valid] = FILL
    return counts, valid


def _surface(
    landscape: Landscape, canopies: Canopies, weather: Weather, table: CanopyTable, pixels: Pixels, field: Int
) -> Float:
    """Reflectance (P, T, C) of pixels as if all of each lay in `field`."""
    states = canopy_states(canopies, field, weather.days.astype(np.float32), pixels.delay, pixels.vigour)
    shape = states.lai.shape
    moisture = canopies.moisture[field, None] + weather.wetness[landscape.region[field]]

    def spread(values: Float) -> Float:
        return np.broadcast_to(values[:, None], shape).ravel()

    reflectance = table.reflectance(
        states.lai.ravel(),
        states.chlorophyll.ravel(),
        states.brown.ravel(),
        states.water.ravel(),
        spread(canopies.angle[field]),
        spread(canopies.brightness[field] + pixels.brightness),
        moisture.clip(0, 1).ravel(),
    )
    return reflectance.reshape(*shape, -1)


def _draw_field(parameters: Parameters, count: int, field: int, bands: int) -> tuple[NDArray[np.generic], ...]:
    generator = np.random.Generator(np.random.Philox(key=[parameters.seed, field]))
    spread = np.float32(parameters.variation)
    normal = generator.standard_normal((count, 3), np.float32)
    uniform = generator.random((count, 2), np.float32)
    share = np.where(uniform[:, 0] < parameters.mixed_pixels, 0.1 + 0.4 * uniform[:, 1], 0).astype(np.float32)
    return (
        np.exp(0.1 * spread * normal[:, 0]),
        2 * spread * normal[:, 1],
        0.03 * spread * normal[:, 2],
        share,
        generator.standard_normal((count, parameters.dates), np.float32),
        generator.random((count, parameters.dates), np.float32) < _SHADOWS,
        generator.standard_normal((count, parameters.dates), np.float32),
        generator.standard_normal((count, parameters.dates, bands), np.float32),
    )


def _take(pixels: Pixels, rows: Int) -> Pixels:
    return Pixels(**{name: values[rows] for name, values in vars(pixels).items()})


def _cloud_score(landscape: Landscape, weather: Weather, fields: Int) -> NDArray[np.float64]:
    """Score of F fields' skies, (F, T), smooth in space: low is cloudy. Pixels add their own part to it."""
    angles = np.einsum("fd,tdw->ftw", landscape.position[fields], weather.waves) + weather.phases
    pattern = np.sqrt(2 / _WAVES) * np.cos(angles).sum(axis=2)
    score: NDArray[np.float64] = np.sqrt(_DATE) * weather.date + np.sqrt(_PATTERN) * pattern
    return score


def _add_haze(
    surface: Float, score: NDArray[np.float64], weather: Weather, table: CanopyTable, pixels: Pixels
) -> None:
    """Thin cloud and shadow at the rim of clouds, too thin for the mask; worst at the rim."""
    depth = ((weather.hazy - score) / np.maximum(weather.hazy - weather.cloudy, 1e-9)).clip(0, 1)
    depth = (_HAZE_DEPTH * depth).astype(np.float32)[..., None]
    white = np.array([_LESS_WHITE.get(band, _WHITE) for band in table.bands], np.float32)
    shadow = pixels.shadow[..., None]
    surface += depth * np.where(shadow, -surface, white - surface)


def _quantiles(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    normal = NormalDist()
    return np.array([normal.inv_cdf(min(max(float(share), 1e-9), 1 - 1e-9)) for share in shares])
