"""Filling of gaps: linear over days, or Gaussian as in Vincent et al."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Fill = Literal["linear", "gaussian"]
GAUSSIAN_WIDTH_DAYS = 7.0
_BLOCK_VALUES = 1 << 22


def fill_gaps(values: NDArray[np.float32], days: NDArray[np.int16], how: Fill) -> NDArray[np.float32]:
    """Return values with every gap filled (`gaussian` smooths the observed steps too, as in the paper).

    Args:
        values: (B, T, ...) with NaN in gaps; several trailing axes are allowed.
        days: (T,) or (B, T).
        how: `linear` interpolates over days between the nearest observations and holds the first and the last;
            `gaussian` is the weighted mean of all observations with weights exp(-dt^2 / (2 * 7^2)) (Vincent et
            al., Eq 11-13), zero where the weights vanish (their factor 1 / (7 * sqrt(2 pi)) cancels).

    Returns:
        (B, T, ...) float32 without NaN; a series without any observation is zero.
    """
    count, steps = values.shape[:2]
    flat = values.reshape(count, steps, -1)
    seen = ~np.isnan(flat)
    if how == "linear" and seen.all():
        return values
    filled = np.empty_like(flat)
    block = max(1, _BLOCK_VALUES // max(1, steps * flat.shape[2]))
    for start in range(0, count, block):
        part = slice(start, start + block)
        when = days if days.ndim == 1 else days[part]
        fill = _linear if how == "linear" else _gaussian
        filled[part] = fill(flat[part], seen[part], when)
    return filled.reshape(values.shape)


def _linear(values: NDArray[np.float32], seen: NDArray[np.bool_], days: NDArray[np.int16]) -> NDArray[np.float32]:
    """Vectorised over samples; over channels too, unless a step can be missing in some of them only."""
    count, steps, channels = values.shape
    together = seen[:, :, 0]
    if channels > 1 and not (seen == together[:, :, None]).all():
        single = values.transpose(0, 2, 1).reshape(count * channels, steps, 1)
        when = days if days.ndim == 1 else np.repeat(days, channels, axis=0)
        filled = _linear(single, ~np.isnan(single), when)
        return filled.reshape(count, channels, steps).transpose(0, 2, 1)
    index = np.arange(steps)
    before = np.maximum.accumulate(np.where(together, index, -1), axis=1)
    after = np.minimum.accumulate(np.where(together, index, steps)[:, ::-1], axis=1)[:, ::-1]
    gaps = np.nonzero(~together)  # only what is missing is computed
    row = gaps[0]
    previous, following = before[gaps], after[gaps]
    left = np.where(previous >= 0, previous, np.minimum(following, steps - 1))
    right = np.where(following < steps, following, np.maximum(previous, 0))
    clean = np.where(seen, values, np.float32(0))
    when = np.broadcast_to(days, (count, steps)).astype(np.float32)
    start, end, now = when[row, left], when[row, right], when[gaps]
    weight = ((now - start) / np.where(end > start, end - start, np.float32(1)))[:, None]
    low, high = clean[row, left], clean[row, right]
    clean[gaps] = low + weight * (high - low)
    return clean


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
