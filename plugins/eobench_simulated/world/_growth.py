"""How every parcel of a commune goes through a year, and what a sensor would measure of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated._table import load_table
from eobench_simulated.world._covers import Cover
from eobench_simulated.world._options import WorldOptions
from eobench_simulated.world._sensors import Sensor, spectrum

Float = NDArray[np.float32]
Int = NDArray[np.int64]

LEVELS: Final = np.array([0.5, 0.8, 1.1, 1.5], np.float32)
"""Vigour of a pixel, a factor on its parcel's leaf area, at which signals are computed; between them, straight."""
SEASONS: Final = 4
_WEEDS, _AFTER = SEASONS, SEASONS + 1
_LAYERS: Final = SEASONS + 2
_CUTS: Final = 7
_NEVER: Final = 9999.0
REGIONAL_DAYS: Final = 4.0
AREA_DAYS: Final = 24.0
YEAR_DAYS: Final = 10.0
WARMTH: Final = {2021: 0.0, 2022: -1.0, 2023: 1.0}  # 2022 is early, 2023 late, by YEAR_DAYS and chance
_COVERED: Final = 0.25
_ODD_FIELDS: Final = 0.06  # sown again, failed, flooded
_CHLOROPHYLL_LOST: Final = np.float32(0.85)
_WATER_LOST: Final = np.float32(0.8)
_RADAR_ANGLE: Final = np.float32(np.cos(np.deg2rad(38.0)))
# Bare soil in VV and VH, dB: dry, and what full moisture adds (Ulaby et al. 1986 give 10 to 15 dB at most).
_SOIL_DRY: Final = (-16.5, -24.5)
_SOIL_SLOPE: Final = (9.0, 6.0)
_SURFACES_DB: Final = {"water": (-20.5, -28.0), "urban": (-6.0, -13.0)}


@dataclass(frozen=True)
class Canopies:
    """What F parcels carry, L layers of leaves; days count from 1 January.

    Attributes:
        rise, fall, growth, decline, lai, ripening: (F, L), as of `Season`.
        cuts: (F, CUTS) days of mowing.
        chlorophyll, water, angle: (F,) leaf traits.
        brightness, moisture: (F,) of the soil.
        roughness: (F,) factor on the backscatter: rows, clods, stand.
        cover: (F,) class.
    """

    rise: Float
    fall: Float
    growth: Float
    decline: Float
    lai: Float
    ripening: Float
    cuts: Float
    chlorophyll: Float
    water: Float
    angle: Float
    brightness: Float
    moisture: Float
    roughness: Float
    cover: Int


@dataclass(frozen=True)
class Setting:
    """What a commune's place and year do to its parcels.

    Attributes:
        climate_days: by which the place is late.
        cool: 0 in area A, 1 in area B.
        calendar: (K,) days by which each class is late here and this year; cool places are late.
        vigour: (K,) factor on each class's leaf area this year.
        brightness: mean of the soils of the municipality.
        forms: (K, 3) factors on the weights of each class's forms here.
    """

    climate_days: float
    cool: float
    calendar: NDArray[np.float64]
    vigour: NDArray[np.float64]
    brightness: float
    forms: NDArray[np.float64]


def make_canopies(
    options: WorldOptions,
    kinds: Sequence[Cover],
    cover: NDArray[np.integer],
    setting: Setting,
    lasting: np.random.Generator,
    year: np.random.Generator,
) -> Canopies:
    """Draw what each parcel carries, around the calendar and traits of its class."""
    count, spread = len(cover), options.variation
    form = _forms(cover, kinds, setting, year)
    layers = _layers(form, kinds, cover, year)

    def normal() -> NDArray[np.float64]:
        return year.standard_normal(count).clip(-2.5, 2.5)

    odd = year.uniform(size=count) < _ODD_FIELDS * spread
    late = spread * (np.array([k.sowing for k in kinds])[cover] + 16 * odd) * normal()
    late += setting.calendar[cover]
    longer = 6 * spread * normal()
    layers["rise"] += late[:, None]
    layers["fall"] += (0.7 * late + longer)[:, None]
    layers["ripening"] *= np.exp(0.25 * spread * normal())[:, None]
    layers["growth"] *= np.exp(0.15 * spread * normal())[:, None]
    layers["lai"] *= (np.exp(0.28 * spread * normal()) * np.where(odd, 0.55, 1) * setting.vigour[cover])[:, None]

    def trait(name: str, deviation: float) -> Float:
        values = np.array([getattr(k, name) for k in kinds], float)[cover]
        made: Float = (values * (1 + spread * deviation * normal())).astype(np.float32)
        return made

    return Canopies(
        **{name: values.astype(np.float32) for name, values in layers.items()},
        cuts=_cuts(form, kinds, cover, setting, year),
        chlorophyll=trait("chlorophyll", 0.14),
        water=trait("water", 0.16),
        angle=trait("angle", 0.1),
        brightness=(setting.brightness + spread * 0.1 * lasting.standard_normal(count))
        .clip(0.3, 1.4)
        .astype(np.float32),
        moisture=lasting.uniform(0.15, 0.6, count).astype(np.float32),
        roughness=np.exp(0.18 * spread * normal()).astype(np.float32),
        cover=cover.astype(np.int64),
    )


def _forms(
    cover: NDArray[np.integer], kinds: Sequence[Cover], setting: Setting, generator: np.random.Generator
) -> Int:
    """Which form each parcel has."""
    weights = np.zeros((len(kinds), 3))
    for k, kind in enumerate(kinds):
        weights[k, : len(kind.forms)] = [f.weight for f in kind.forms]
    weights *= setting.forms
    edges = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)[cover]
    made: Int = np.minimum((generator.uniform(size=len(cover))[:, None] > edges).sum(axis=1), 2)
    return made


def _layers(
    form: Int, kinds: Sequence[Cover], cover: NDArray[np.integer], generator: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    names = ("rise", "fall", "growth", "decline", "lai", "ripening")
    table = np.zeros((len(kinds), 3, _LAYERS, len(names)))
    table[..., :2], table[..., 2:4] = _NEVER, 10
    weeds = np.zeros((len(kinds), 3))
    for k, kind in enumerate(kinds):
        for f, one in enumerate(kind.forms):
            weeds[k, f] = one.weeds
            for s, season in enumerate(one.seasons):
                table[k, f, s] = [getattr(season, n) for n in names]
    rows = table[cover, form]
    layers = {n: rows[..., i].copy() for i, n in enumerate(names)}
    count = len(cover)
    # A field in four carries a sown cover crop in the cool season, whatever comes next.
    leaf = weeds[cover, form] * np.where(generator.uniform(size=count) < _COVERED, 3.5, 0.6)
    present = np.where(layers["lai"][:, :SEASONS] > 0, layers["rise"][:, :SEASONS], _NEVER)
    first = np.where(present > 0, present, _NEVER).min(axis=1)
    ended = np.where(layers["lai"][:, :SEASONS] > 0, layers["fall"][:, :SEASONS], -_NEVER).max(axis=1)
    # In the cool season weeds and volunteers green the open soil, until it is tilled; after the harvest again.
    layers["rise"][:, _WEEDS] = -60 + 15 * generator.standard_normal(count)
    layers["fall"][:, _WEEDS] = np.minimum(first - 32, 105) + 14 * generator.standard_normal(count)
    layers["lai"][:, _WEEDS] = leaf * generator.gamma(2.0, 0.5, count)
    layers["rise"][:, _AFTER] = np.where(ended > 0, ended, 250) + generator.gamma(3.0, 14.0, count)
    layers["lai"][:, _AFTER] = 0.8 * leaf * generator.gamma(2.0, 0.5, count)
    layers["growth"][:, _WEEDS], layers["growth"][:, _AFTER] = 18, 16
    return layers


def _cuts(
    form: Int, kinds: Sequence[Cover], cover: NDArray[np.integer], setting: Setting, generator: np.random.Generator
) -> Float:
    number = np.zeros((len(kinds), 3), np.int64)
    for k, kind in enumerate(kinds):
        number[k, : len(kind.forms)] = [f.cuts for f in kind.forms]
    wanted = number[cover, form]
    interval = 190 / np.maximum(wanted, 1)
    wait = interval[:, None] * (1 + 0.15 * generator.standard_normal((len(cover), _CUTS)))
    days = 92 + setting.climate_days + np.cumsum(wait, axis=1) - 0.6 * interval[:, None]
    return np.where(np.arange(_CUTS) < wanted[:, None], days, _NEVER).astype(np.float32)


def signals(
    canopies: Canopies, kinds: Sequence[Cover], sensor: Sensor, days: Float, wetness: Float, rows: Int
) -> Float:
    """What a sensor would measure of whole pixels of some parcels.

    Args:
        canopies: of all parcels.
        kinds: the classes.
        sensor: optical, or radar.
        days: (T,) since 1 January.
        wetness: (T,) addition to soil moisture.
        rows: (R,) the parcels wanted.

    Returns:
        (R, T, LEVELS, C) float32: reflectance, or linear backscatter, at each level of vigour.
    """
    lai, chlorophyll, brown, water = _states(canopies, days, rows)
    shape = (*lai.shape, len(LEVELS))
    moisture = (canopies.moisture[rows, None] + wetness).clip(0, 1)
    leaves = lai[..., None] * LEVELS
    if not sensor.optical:
        return _radar(canopies, kinds, rows, leaves, water, moisture)
    table = load_table(sensor.name)

    def flat(values: Float) -> Float:
        return np.ascontiguousarray(np.broadcast_to(values[..., None], shape)).ravel()

    def parcel(values: Float) -> Float:
        return flat(np.broadcast_to(values[rows, None], lai.shape))

    made = table.reflectance(
        leaves.ravel(),
        flat(chlorophyll),
        flat(brown),
        flat(water),
        parcel(canopies.angle),
        parcel(canopies.brightness),
        flat(moisture),
    ).reshape(*shape, -1)
    _lay_surfaces(made, canopies, kinds, sensor, leaves, rows)
    return made


def _lay_surfaces(
    made: Float, canopies: Canopies, kinds: Sequence[Cover], sensor: Sensor, leaves: Float, rows: Int
) -> None:
    """Put water or sealed ground under the leaves of covers that have it."""
    for k, kind in enumerate(kinds):
        surface = kind.surface
        here = np.flatnonzero(canopies.cover[rows] == k)
        if surface is None or not len(here):
            continue
        # Beer's law: what of the ground is seen through the leaves.
        seen = np.exp(-0.6 * leaves[here])[..., None]
        tone = canopies.brightness[rows[here], None, None, None]
        if surface == "urban":  # from asphalt to concrete and roofs: what lies there does not get wet
            tone = tone * (0.6 + 1.6 * canopies.moisture[rows[here], None, None, None])
        made[here] = seen * tone * spectrum(surface, sensor) + (1 - seen) * made[here]


def _states(canopies: Canopies, days: Float, rows: Int) -> tuple[Float, Float, Float, Float]:
    """Leaf area, chlorophyll, brown pigment and leaf water, (R, T) each."""
    time = np.broadcast_to(days, (len(rows), len(days)))
    total, green, brown = (np.zeros(time.shape, np.float32) for _ in range(3))
    for layer in range(_LAYERS):
        some = np.flatnonzero(canopies.lai[rows, layer] > 0)
        if not len(some):
            continue
        pick = rows[some]
        rise, fall = canopies.rise[pick, layer, None], canopies.fall[pick, layer, None]
        ripening = canopies.ripening[pick, layer, None]
        now = time[some]
        leaf = canopies.lai[pick, layer, None] * _logistic((now - rise) / canopies.growth[pick, layer, None])
        leaf *= _logistic((fall - now) / canopies.decline[pick, layer, None])
        ripe = _logistic((now - fall + 0.55 * ripening) / (1 + 0.15 * ripening))
        ripe[ripening[:, 0] == 0] = 0
        total[some] += leaf
        green[some] += leaf * (1 - _CHLOROPHYLL_LOST * ripe)
        brown[some] += leaf * ripe
    green /= np.maximum(total, 1e-4)
    brown /= np.maximum(total, 1e-4)
    left = np.ones(time.shape, np.float32)
    mown = np.flatnonzero(canopies.cuts[rows, 0] < _NEVER)
    for cut in range(_CUTS):
        since = time[mown] - canopies.cuts[rows[mown], cut, None]
        left[mown] *= np.where(since >= 0, 1 - 0.75 * np.exp(-since.clip(0) / 13), 1)
    water = canopies.water[rows, None] * (1 - _WATER_LOST * brown)
    return total * left, canopies.chlorophyll[rows, None] * green, brown, water


def _radar(
    canopies: Canopies, kinds: Sequence[Cover], rows: Int, leaves: Float, water: Float, moisture: Float
) -> Float:
    """Backscatter by the water-cloud model (Attema & Ulaby 1978), linear, (R, T, LEVELS, 2) for VV, VH.

    sigma = A (1 - q) + q sigma_soil with q = exp(-2 B V / cos(t)), t the angle of incidence. V is the canopy's
    water, here leaf area times relative leaf water; A and B differ by cover. The soil's dB rise with its moisture;
    water is smooth, and sealed ground reflects by its corners.
    """
    volume = leaves * (0.35 + 0.65 * water / np.maximum(canopies.water[rows, None], 1e-6))[..., None]
    cover = canopies.cover[rows]
    attenuation = np.array([k.attenuation for k in kinds], np.float32)[cover, None, None]
    closed = np.array([k.radar for k in kinds], np.float32)[cover]
    through = np.exp(-2 / _RADAR_ANGLE * attenuation * volume)
    wet = moisture[..., None, None] * np.array(_SOIL_SLOPE, np.float32)
    ground = np.broadcast_to(np.array(_SOIL_DRY, np.float32) + wet, (*moisture.shape, 1, 2)).copy()
    for k, kind in enumerate(kinds):
        if kind.surface is not None:
            ground[cover == k] = _SURFACES_DB[kind.surface]
    seen = through[..., None]
    made = (1 - seen) * _linear(closed)[:, None, None, :] + seen * _linear(ground)
    return np.asarray(made * canopies.roughness[rows, None, None, None], np.float32)


def _linear(decibel: Float) -> Float:
    made: Float = np.float32(10) ** (decibel / np.float32(10))
    return made


def _logistic(values: Float) -> Float:
    result: Float = np.float32(1) / (1 + np.exp(-values.clip(-30, 30)))
    return result
