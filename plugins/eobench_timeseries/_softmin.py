"""Exponential and logarithm that the processor computes for many values at once.

Numba calls the C library for each value, which costs ten times as much. Both are polynomials in single precision
(Chebyshev interpolants), good to 4e-6 and 8e-7: less than what the sums of an alignment lose to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_LOG2_E = np.float32(np.log2(np.e))
_ROUND = np.float32(1.5 * 2**23)
"""Added to a number below 2^22 it leaves the nearest whole number in the last bits."""
_LOWEST = np.float32(-126)


@intrinsic
def _times_power_of_two(typing_context: Any, value: Any, rounded: Any) -> Any:  # noqa: ARG001
    """`value` times 2 to the power of the whole number in the last bits of `rounded`, by adding the bits."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        whole = ir.IntType(32)
        power = builder.shl(builder.bitcast(arguments[1], whole), ir.Constant(whole, 23))
        return builder.bitcast(builder.add(builder.bitcast(arguments[0], whole), power), ir.FloatType())

    return types.float32(types.float32, types.float32), build


@njit(nogil=True, inline="always", cache=True)
def exponential(x: Any) -> Any:  # pragma: no cover  compiled
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
    return _times_power_of_two(value, rounded)  # type: ignore[call-arg]  # Numba gives the context


@njit(nogil=True, inline="always", cache=True)
def logarithm(x: Any) -> Any:  # pragma: no cover  compiled
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


@njit(nogil=True, inline="always", cache=True)
def soft_least(a: Any, b: Any, c: Any, gamma: Any, inverse: Any) -> Any:  # pragma: no cover  compiled
    """Return -gamma log(exp(-a / gamma) + exp(-b / gamma) + exp(-c / gamma)); `inverse` is 1 / gamma."""
    low = a if a < b else b
    high = b if a < b else a
    least = low if low < c else c
    middle = c if low < c else low
    total = np.float32(1) + exponential((least - middle) * inverse) + exponential((least - high) * inverse)
    return least - gamma * logarithm(total)
