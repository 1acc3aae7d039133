"""Soft-DTW of 64 pairs at once, compiled (Numba): the pairs fill the processor's vector registers.

Numba calls the C library for each exponential, which costs ten times as much as what surrounds it. Exponential and
logarithm are polynomials here (Chebyshev interpolants, single precision): the first is good to 5e-7 above exp(-10)
and to 4e-6 below, the second to 8e-7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

LANES = 64
"""Pairs that are computed together. A constant of the compiled kernels."""
FAR = np.float32(1e20)
"""Stands for infinity, whose differences would be NaN."""
_LOG2_E = np.float32(np.log2(np.e))
_ROUND = np.float32(1.5 * 2**23)
"""Added to a number below 2^22 it leaves the nearest whole number in the last bits."""
_LOWEST = np.float32(-126)
_MANTISSA = np.int32(23)
"""Bits of a float32 below its exponent."""


@njit(nogil=True, forceinline=True, fastmath={"contract", "nnan", "nsz"})
def _exponential(x: Any) -> Any:  # pragma: no cover  compiled
    """Return exp(x) of a float32 of at most 0; below exp(-87) it no longer falls."""
    power = x * _LOG2_E
    power = power if power > _LOWEST else _LOWEST
    rounded = power + _ROUND
    rest = power - (rounded - _ROUND)
    value = np.float32(0.00015461444854736328)
    value = value * rest + np.float32(0.0013400427997112274)
    value = value * rest + np.float32(0.009618056938052177)
    value = value * rest + np.float32(0.05550327152013779)
    value = value * rest + np.float32(0.24022650718688965)
    value = value * rest + np.float32(0.6931471824645996)
    value = value * rest + np.float32(1.0)
    shift = np.int32(np.float32(rounded).view(np.int32) << _MANTISSA)
    moved = np.int32(np.float32(value).view(np.int32) + shift)  # a whole number added to the exponent
    return np.int32(moved).view(np.float32)


@njit(nogil=True, forceinline=True, fastmath={"contract", "nnan", "nsz"})
def _logarithm(x: Any) -> Any:  # pragma: no cover  compiled
    """Return log(x) of a float32 from 1 to 3."""
    u = x - np.float32(2)
    value = np.float32(0.0003812482173088938)
    value = value * u + np.float32(-0.0008473728667013347)
    value = value * u + np.float32(0.0009551694965921342)
    value = value * u + np.float32(-0.0022529028356075287)
    value = value * u + np.float32(0.006310435011982918)
    value = value * u + np.float32(-0.015756847336888313)
    value = value * u + np.float32(0.04165893793106079)
    value = value * u + np.float32(-0.12498314678668976)
    value = value * u + np.float32(0.5000001788139343)
    return value * u + np.float32(0.693146824836731)


@njit(nogil=True, forceinline=True, fastmath={"contract", "nnan", "nsz"})
def _soft_least(a: Any, b: Any, c: Any, gamma: Any, inverse: Any) -> Any:  # pragma: no cover  compiled
    """Return -gamma log(exp(-a / gamma) + exp(-b / gamma) + exp(-c / gamma)); `inverse` is 1 / gamma."""
    low = a if a < b else b
    high = b if a < b else a
    least = low if low < c else c
    middle = c if low < c else low
    total = np.float32(1) + _exponential((least - middle) * inverse) + _exponential((least - high) * inverse)
    return least - gamma * _logarithm(total)


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nnan", "nsz"})
def matrix_of_lanes(  # pragma: no cover  compiled
    x: NDArray[np.float32], y: NDArray[np.float32], gamma: np.float32
) -> NDArray[np.float32]:
    """(m, LANES) soft-DTW of each of y (m, T, C) with x (T, C, LANES)."""
    count, steps, channels = y.shape
    inverse = np.float32(1) / gamma
    found = np.empty((count, LANES), np.float32)
    row = np.empty((steps + 1, LANES), np.float32)
    corner, cost = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    for m in range(count):
        row[:] = FAR
        row[0] = 0
        for i in range(steps):
            for lane in range(LANES):
                corner[lane] = row[0, lane]
                row[0, lane] = FAR
            for j in range(steps):
                for lane in range(LANES):
                    cost[lane] = np.float32(0)
                for c in range(channels):
                    value = y[m, i, c]
                    for lane in range(LANES):
                        step = x[j, c, lane] - value
                        cost[lane] += step * step
                for lane in range(LANES):
                    above = row[j + 1, lane]
                    least = _soft_least(above, corner[lane], row[j, lane], gamma, inverse)
                    corner[lane] = above
                    row[j + 1, lane] = cost[lane] + least
        found[m] = row[steps]
    return found


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nnan", "nsz"})
def alignment_of_lanes(  # pragma: no cover  compiled
    x: NDArray[np.float32], y: NDArray[np.float32], gamma: np.float32
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Values (LANES,) and expected alignments (T, T, LANES) of x with y, both (T, C, LANES) (Algorithm 2).

    The way there keeps the weights of the three ways into each cell, so that the way back has no exponentials.
    Sums along the way are in double precision: weights are of their small differences.
    """
    steps, channels, _ = x.shape
    inverse = np.float32(1) / gamma
    row = np.full((steps + 1, LANES), np.float64(FAR))  # the last row; entry j + 1 is step j
    row[0] = 0
    corner, least = np.empty(LANES), np.empty(LANES)
    cost = np.empty(LANES, np.float32)
    gap = np.empty((3, LANES), np.float32)
    weights = np.zeros((steps + 1, steps + 1, 3, LANES), np.float32)  # from above, from the left, from both
    for i in range(steps):
        for lane in range(LANES):
            corner[lane] = row[0, lane]
            row[0, lane] = FAR
        for j in range(steps):
            for lane in range(LANES):
                cost[lane] = np.float32(0)
            for c in range(channels):
                for lane in range(LANES):
                    step = x[i, c, lane] - y[j, c, lane]
                    cost[lane] += step * step
            for lane in range(LANES):
                above, left, both = row[j + 1, lane], row[j, lane], corner[lane]
                low = above if above < left else left
                low = both if both < low else low
                least[lane] = low
                gap[0, lane] = np.float32(low - above)
                gap[1, lane] = np.float32(low - left)
                gap[2, lane] = np.float32(low - both)
                corner[lane] = above
            for lane in range(LANES):
                first, second = _exponential(gap[0, lane] * inverse), _exponential(gap[1, lane] * inverse)
                third = _exponential(gap[2, lane] * inverse)
                total = first + second + third
                part = np.float32(1) / total
                weights[i, j, 0, lane] = first * part
                weights[i, j, 1, lane] = second * part
                weights[i, j, 2, lane] = third * part
                cost[lane] -= gamma * _logarithm(total)
            for lane in range(LANES):
                row[j + 1, lane] = least[lane] + cost[lane]
    expected = np.zeros((steps + 1, steps + 1, LANES), np.float32)
    expected[steps - 1, steps - 1] = 1
    for i in range(steps - 1, -1, -1):
        for j in range(steps - 1 - (i == steps - 1), -1, -1):
            for lane in range(LANES):
                expected[i, j, lane] = (
                    expected[i + 1, j, lane] * weights[i + 1, j, 0, lane]
                    + expected[i, j + 1, lane] * weights[i, j + 1, 1, lane]
                    + expected[i + 1, j + 1, lane] * weights[i + 1, j + 1, 2, lane]
                )
    return row[steps].astype(np.float32), expected[:steps, :steps].copy()
