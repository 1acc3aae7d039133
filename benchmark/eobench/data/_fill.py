"""Filling of gaps: linear over days, or Gaussian as in Vincent et al."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Fill = Literal["linear", "gaussian"]
GAUSSIAN_WIDTH_DAYS = 7.0


def fill_gaps(
    values: NDArray[np.float32], valid: NDArray[np.bool_], days: NDArray[np.int16], how: Fill
) -> NDArray[np.float32]:
    """Return values with every gap filled.

    Args:
        values: (B, T, ...) with NaN in gaps; several trailing axes are allowed.
        valid: (B, T), True where every channel is observed.
        days: (T,) or (B, T).
        how: `linear` interpolates over days between the nearest observations and holds the first and the last;
            `gaussian` is the weighted mean of all observations with weights exp(-dt^2 / (2 * 7^2)) (Vincent et
            al., Eq 11-13, normalised), zero where the weights vanish.

    Returns:
        (B, T, ...) float32 without NaN; a series without any observation is zero.
    """
    if valid.all() and not np.isnan(values).any():
        return values
    shape = values.shape
    flat = values.reshape(shape[0], shape[1], -1)
    seen = ~np.isnan(flat)
    if how == "gaussian":
        return _gaussian(flat, seen, days).reshape(shape)
    return _linear(flat, seen, days).reshape(shape)


def _linear(values: NDArray[np.float32], seen: NDArray[np.bool_], days: NDArray[np.int16]) -> NDArray[np.float32]:
    """Vectorised over samples and channels: index of the last and of the next observation of every step."""
    count, steps, _ = values.shape
    index = np.arange(steps)[None, :, None]
    before = np.maximum.accumulate(np.where(seen, index, -1), axis=1)
    after = np.minimum.accumulate(np.where(seen, index, steps)[:, ::-1], axis=1)[:, ::-1]
    left = np.where(before >= 0, before, np.minimum(after, steps - 1))
    right = np.where(after < steps, after, np.maximum(before, 0))
    clean = np.where(seen, values, np.float32(0))
    low, high = np.take_along_axis(clean, left, 1), np.take_along_axis(clean, right, 1)
    when = np.broadcast_to(days, (count, steps)).astype(np.float32)[:, :, None]
    when = np.broadcast_to(when, values.shape)
    start, end = np.take_along_axis(when, left, 1), np.take_along_axis(when, right, 1)
    weight = (when - start) / np.where(end > start, end - start, np.float32(1))
    return np.where(seen, clean, low + weight * (high - low)).astype(np.float32)


def _gaussian(
    values: NDArray[np.float32], seen: NDArray[np.bool_], days: NDArray[np.int16]
) -> NDArray[np.float32]:
    when = days.astype(np.float32)
    gap = when[..., :, None] - when[..., None, :]
    kernel = np.exp(-0.5 * (gap / GAUSSIAN_WIDTH_DAYS) ** 2)
    clean = np.where(seen, values, np.float32(0))
    total = kernel @ clean
    mass = kernel @ seen.astype(np.float32)
    filled: NDArray[np.float32] = np.divide(total, mass, out=np.zeros_like(total), where=mass > 1e-6)
    return filled
