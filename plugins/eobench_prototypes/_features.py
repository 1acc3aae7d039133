"""Filled, standardised, flattened series, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from eobench.data import Inputs
from eobench.plugin import Value

Scaling = Literal["band", "feature", "none"]
Fill = Literal["linear", "gaussian"]
_WIDTH_DAYS = 7.0
_NEGLIGIBLE = 1e-6  # a Gaussian weight below which no observation is near: what `Inputs.filled` leaves at zero
_CHUNK_BYTES = 64_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """How series become vectors; statistics are those of the training rows.

    A step that no observation reaches (no date within reach of the Gaussian, or a series without any) is zero
    after standardisation, the mean of its band: Vincent et al. standardise before they fill, with the same effect.

    Attributes:
        fill: how gaps are filled.
        mean: (C, T) or (C, 1), subtracted.
        deviation: of the same shape, divided by; 1 where a feature is constant.
    """

    fill: Fill
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    def values(self, inputs: Inputs, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        """Return (B, C*T) standardised values of the given rows."""
        filled, reached = _gather(inputs, rows, self.fill)
        return self._scaled(filled, reached)

    def weighted(
        self, inputs: Inputs, rows: NDArray[np.int64] | slice
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return values and their weights, both (B, C*T).

        With `gaussian` the weight of a step is m[t], the sum of the Gaussian weights of its observations (without
        the constant factor of the official code, which no argmin sees); with `linear` 1 where observed, else 0.
        """
        filled, _ = _gather(inputs, rows, self.fill)
        weight = _observed(inputs, rows)
        if self.fill == "gaussian":
            weight = _mass(weight, inputs.batch(rows).days)
            reached = weight > _NEGLIGIBLE
        else:
            reached = np.broadcast_to(weight.any(axis=2, keepdims=True), weight.shape)
        return self._scaled(filled, reached), weight.reshape(len(weight), -1)

    def observed(self, inputs: Inputs, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        """Return (B, C, T) standardised values as they were observed, 0 in gaps: what an encoder sees."""
        scaled = ((inputs.batch(rows).values - self.mean) / self.deviation).astype(np.float32)
        return np.nan_to_num(scaled, copy=False, nan=0.0)

    def _scaled(self, filled: NDArray[np.float32], reached: NDArray[np.bool_] | None) -> NDArray[np.float32]:
        scaled = ((filled - self.mean) / self.deviation).astype(np.float32)
        if reached is not None:
            scaled[~reached] = 0
        return scaled.reshape(len(scaled), -1)


def fit_features(inputs: Inputs, scaling: Value, fill: Value) -> Features:
    """Measure mean and standard deviation over all given rows, in one pass.

    Args:
        inputs: the training rows, unfilled; series.
        scaling: `band` (over samples and steps), `feature` (over samples), `none`.
        fill: `linear` or `gaussian`. Statistics are those of the filled values that an observation reaches.
    """
    how = cast("Fill", fill)
    channels, steps = inputs.shape
    if scaling == "none":
        return Features(how, np.zeros((channels, 1)), np.ones((channels, 1)))
    count, total, squares = (np.zeros((channels, steps)) for _ in range(3))
    for rows in chunks(inputs):
        filled, reached = _gather(inputs, rows, how)
        known = np.ones(filled.shape, np.bool_) if reached is None else reached
        values = np.where(known, filled, 0).astype(np.float64)
        count += known.sum(axis=0)
        total += values.sum(axis=0)
        squares += (values**2).sum(axis=0)
    if scaling == "band":
        count, total, squares = (a.sum(axis=1, keepdims=True) for a in (count, total, squares))
    seen = np.maximum(count, 1)
    mean = total / seen
    variance = np.maximum(squares / seen - mean**2, 0)
    deviation = np.sqrt(variance)
    constant = deviation <= 1e-7 * np.abs(mean)  # what rounding leaves of a zero
    return Features(how, mean, np.where(constant | (deviation == 0), 1.0, deviation))


def chunks(inputs: Inputs, rows: NDArray[np.int64] | None = None) -> Iterator[NDArray[np.int64]]:
    """Yield row indices in chunks that fit in memory, in the order given."""
    chosen = np.arange(len(inputs)) if rows is None else rows
    channels, steps = inputs.shape
    # values in double precision, or one Gaussian kernel per row, whichever is larger
    size = max(1, _CHUNK_BYTES // (steps * max(8 * channels, 4 * steps)))
    for start in range(0, len(chosen), size):
        yield chosen[start : start + size]


def _gather(
    inputs: Inputs, rows: NDArray[np.int64] | slice, fill: Fill
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """Filled values (B, C, T), and which of them an observation reaches (None: all)."""
    batch = inputs.filled(fill).batch(rows)
    if batch.valid.all():
        return batch.values, None
    seen = _observed(inputs, rows)
    if fill == "gaussian":
        return batch.values, _mass(seen, batch.days) > _NEGLIGIBLE
    some = seen.any(axis=2, keepdims=True)
    return batch.values, None if some.all() else np.broadcast_to(some > 0, seen.shape)


def _observed(inputs: Inputs, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
    """(B, C, T), 1 where there is an observation: the mask of each channel, not the joint one of the batch."""
    return (~np.isnan(inputs.batch(rows).values)).astype(np.float32)


def _mass(seen: NDArray[np.float32], days: NDArray[np.int16]) -> NDArray[np.float32]:
    """Sum over observations of exp(-dt^2 / (2 * 7^2)), (B, C, T)."""
    shared = bool((days == days[:1]).all())
    mass = np.empty_like(seen)
    for row in range(1 if shared else len(seen)):
        when = days[row].astype(np.float32)
        kernel = np.exp(-0.5 * ((when[:, None] - when[None, :]) / np.float32(_WIDTH_DAYS)) ** 2)
        if shared:
            mass[:] = seen @ kernel  # one kernel for all rows
        else:
            mass[row] = seen[row] @ kernel
    return mass
