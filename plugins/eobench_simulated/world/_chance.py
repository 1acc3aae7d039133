"""Random numbers that are a function of a place, a day and a band: asked for in any order, together or alone."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Bits = NDArray[np.uint64]

_LEVELS: Final = 1 << 16  # of the tables: 16 bits of a hash make a number
_FINEST: Final = 40_001
# Odd factors and finalizer of SplitMix64 (Steele, Lea & Flood 2014), which passes BigCrush.
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_OTHER_STEP: Final = np.uint64(0xD1B54A32D192ED03)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)


def normals(key: np.uint64, places: NDArray[np.int64], days: NDArray[np.int64], count: int) -> Float:
    """Return standard normal numbers, (P, T, count), each a function of the key, its place, its day and its rank.

    Args:
        key: of what they are drawn for.
        places: (P,) numbers of pixels, not negative.
        days: (T,) not negative.
        count: of numbers a place and day.
    """
    return normal_table()[_ranks(key, places, days, count)]


def gammas(key: np.uint64, places: NDArray[np.int64], days: NDArray[np.int64], count: int, shape: float) -> Float:
    """Return gamma-distributed numbers of mean one and variance 1 / `shape`, (P, T, count), likewise."""
    return gamma_table(shape)[_ranks(key, places, days, count)]


def _ranks(key: np.uint64, places: NDArray[np.int64], days: NDArray[np.int64], count: int) -> NDArray[np.uint16]:
    """Sixteen random bits for each number, (P, T, count); a hash serves four of them."""
    groups = -(-count // 4)
    row = _mix(np.add(places.astype(np.uint64) * _OTHER_STEP, key))
    ranks = days.astype(np.uint64)[:, None] * np.uint64(64) + np.arange(groups, dtype=np.uint64)
    column = np.multiply(ranks, _STEP)
    hashes = _mix(np.add(row[:, None, None], column))
    return hashes.astype("<u8", copy=False).view("<u2")[..., :count]


def _mix(values: Bits) -> Bits:
    """The finalizer; works in place on what was made for it."""
    values ^= values >> np.uint64(30)
    values *= _FIRST
    values ^= values >> np.uint64(27)
    values *= _SECOND
    values ^= values >> np.uint64(31)
    return values


@cache
def normal_table() -> Float:
    """Quantiles of the standard normal distribution."""
    grid = np.linspace(-5.5, 5.5, _FINEST)
    return _quantiles(grid, np.exp(-(grid**2) / 2))


@cache
def gamma_table(shape: float) -> Float:
    """Quantiles of the gamma distribution of mean one."""
    grid = np.linspace(0, 1 + 12 / np.sqrt(shape), _FINEST)
    return _quantiles(grid, grid ** (shape - 1) * np.exp(-shape * grid))


def _quantiles(grid: NDArray[np.float64], density: NDArray[np.float64]) -> Float:
    below = np.cumsum(density) - density / 2
    at = (np.arange(_LEVELS) + 0.5) / _LEVELS
    return np.interp(at, below / density.sum(), grid).astype(np.float32)
