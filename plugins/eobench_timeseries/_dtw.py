"""The exact nearest neighbour under dynamic time warping.

On the CPU 64 queries are aligned with a reference at once: the recurrence runs along the steps, one after the
other, and the queries fill the processor's vector registers (Numba). On other devices whole anti-diagonals of many
pairs are computed together (torch).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray

LANES = 64
"""Queries that are aligned together. A constant of the compiled kernel."""
PAIR_BYTES = 256_000_000


def radius_of(window: float | None, steps: int) -> int:
    """Return how many steps a Sakoe-Chiba band of a share of the series lets a step shift: floor(window * T)."""
    return steps if window is None else int(window * steps + 1e-9)


def nearest_dtw(
    queries: torch.Tensor, references: torch.Tensor, radius: int, threads: int = 1
) -> NDArray[np.int64]:
    """Return (n,) int64, the index of the nearest reference to each query; of equally near ones the first.

    The distance is the least sum of squared Euclidean steps over all bands (dependent DTW), without a root.

    Args:
        queries: (n, C, T) float32.
        references: (m, C, T) float32 on the same device, m of at least 1.
        radius: furthest shift in steps.
        threads: that share the queries on the CPU; they change no number.
    """
    if queries.device.type != "cpu":
        return _nearest_by_diagonals(queries, references, radius)
    found = np.empty(len(queries), np.int64)
    known = np.ascontiguousarray(references.numpy().transpose(0, 2, 1))

    def work(start: int) -> None:
        rows = np.minimum(np.arange(start, start + LANES), len(queries) - 1)  # the last query fills empty lanes
        lanes = np.ascontiguousarray(queries[rows].numpy().transpose(2, 1, 0))
        _, index = _nearest_of_lanes(lanes, known, radius)
        end = min(start + LANES, len(queries))
        found[start:end] = index[: end - start]

    with ThreadPoolExecutor(max(1, threads)) as pool:
        for _ in pool.map(work, range(0, len(queries), LANES)):
            pass
    return found


def distances_by_diagonals(queries: torch.Tensor, references: torch.Tensor, radius: int) -> torch.Tensor:
    """Return (n, m) DTW distances of all pairs, anti-diagonal by anti-diagonal, on any device."""
    steps = queries.shape[2]
    shape = (len(queries), len(references), steps + 1)
    before, last = queries.new_full(shape, torch.inf), queries.new_full(shape, torch.inf)
    before[..., 0] = 0  # cell (i, j) of a diagonal lies at i + 1
    flipped = references.flip(2)
    for diagonal in range(2 * steps - 1):
        low = max(0, diagonal - steps + 1, -((radius - diagonal) // 2))
        high = min(steps - 1, diagonal, (diagonal + radius) // 2)
        now = queries.new_full(shape, torch.inf)
        if low <= high:
            start = steps - 1 - diagonal + low  # of j = diagonal - i in the flipped references
            a, b = queries[:, None, :, low : high + 1], flipped[None, :, :, start : start + high - low + 1]
            cost = queries.new_zeros(())
            for channel in range(queries.shape[1]):
                cost = cost + (a[:, :, channel] - b[:, :, channel]).square()
            best = torch.minimum(last[..., low : high + 1], last[..., low + 1 : high + 2])
            now[..., low + 1 : high + 2] = cost + torch.minimum(best, before[..., low : high + 1])
        before, last = last, now
    return last[..., steps]


def _nearest_by_diagonals(queries: torch.Tensor, references: torch.Tensor, radius: int) -> NDArray[np.int64]:
    pairs = max(1, PAIR_BYTES // (16 * (queries.shape[2] + 1)))
    wide = min(len(references), 4096)
    found = []
    for part in torch.split(queries, max(1, pairs // wide)):
        best = part.new_full((len(part),), torch.inf)
        index = torch.zeros(len(part), dtype=torch.int64, device=part.device)
        for start in range(0, len(references), wide):
            near, place = distances_by_diagonals(part, references[start : start + wide], radius).min(dim=1)
            better = near < best
            best, index = torch.where(better, near, best), torch.where(better, place + start, index)
        found.append(index)
    return torch.cat(found).cpu().numpy() if found else np.zeros(0, np.int64)


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nnan", "nsz"})
def _nearest_of_lanes(  # pragma: no cover  compiled
    queries: NDArray[np.float32], references: NDArray[np.float32], radius: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Distance and index of the nearest reference (m, T, C) to each of the queries (T, C, LANES)."""
    count, steps, channels = references.shape
    infinity = np.float32(np.inf)
    best = np.full(LANES, infinity, np.float32)
    index = np.zeros(LANES, np.int64)
    row = np.empty((steps + 1, LANES), np.float32)  # the last row; entry j + 1 is step j
    corner = np.empty(LANES, np.float32)
    cost = np.empty(LANES, np.float32)
    for m in range(count):
        row[:] = infinity
        row[0] = 0
        for i in range(steps):
            low, high = max(0, i - radius), min(steps, i + radius + 1)
            for lane in range(LANES):
                corner[lane] = row[low, lane]
                row[low, lane] = infinity
            for j in range(low, high):
                for lane in range(LANES):
                    cost[lane] = np.float32(0)
                for c in range(channels):
                    value = references[m, i, c]
                    for lane in range(LANES):
                        step = queries[j, c, lane] - value
                        cost[lane] += step * step
                for lane in range(LANES):
                    above = row[j + 1, lane]
                    least = above if above < corner[lane] else corner[lane]
                    left = row[j, lane]
                    least = left if left < least else least
                    corner[lane] = above
                    row[j + 1, lane] = cost[lane] + least
        for lane in range(LANES):
            if row[steps, lane] < best[lane]:
                best[lane] = row[steps, lane]
                index[lane] = m
    return best, index
