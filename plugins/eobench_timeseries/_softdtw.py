"""Soft-DTW (Cuturi and Blondel 2017) of many pairs, with its gradient.

On the CPU 64 pairs are computed at once, as in `_dtw`; on other devices whole anti-diagonals (torch).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray

from eobench_timeseries._softmin import exponential, soft_least

LANES = 64
"""Pairs that are computed together. A constant of the compiled kernels."""
PAIR_BYTES = 256_000_000
_FAR = np.float32(1e20)
"""Stands for infinity, whose differences would be NaN."""


def soft_dtw_matrix(x: torch.Tensor, y: torch.Tensor, gamma: float, threads: int = 1) -> torch.Tensor:
    """Return the (n, m) soft-DTW of all pairs; no gradient.

    Args:
        x: (n, C, T) float32.
        y: (m, C, T) on the same device.
        gamma: softness, above 0; towards 0 it becomes DTW.
        threads: that share the pairs on the CPU; they change no number.
    """
    with torch.no_grad():
        if x.device.type != "cpu":
            return _matrix_by_diagonals(x, y, gamma)
        values, other = x.detach().numpy(), np.ascontiguousarray(y.detach().numpy().transpose(0, 2, 1))
        found = np.empty((len(x), len(y)), np.float32)

        def work(start: int) -> None:
            lanes = _lanes(values, start)
            end = min(start + LANES, len(x))
            found[start:end] = _matrix_of_lanes(lanes, other, np.float32(gamma)).T[: end - start]

        _share(work, len(x), threads)
        return torch.from_numpy(found)


def soft_dtw(x: torch.Tensor, y: torch.Tensor, gamma: float, threads: int = 1) -> torch.Tensor:
    """Return the (n,) soft-DTW of pairs, differentiable (once) in both.

    Args:
        x: (n, C, T) float32.
        y: (n, C, T) on the same device.
        gamma: softness, above 0.
        threads: that share the pairs on the CPU; they change no number.
    """
    result: torch.Tensor = _SoftDTW.apply(x, y, gamma, threads)
    return result


class _SoftDTW(torch.autograd.Function):
    """Value and gradient are found together: the gradient needs the whole table of the value (Algorithm 2)."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, y: torch.Tensor, gamma: float, threads: int) -> torch.Tensor:
        if x.device.type == "cpu":
            value, alignment = _aligned(x.detach(), y.detach(), gamma, threads)
        else:
            value, alignment = _aligned_by_diagonals(x.detach(), y.detach(), gamma)
        ctx.save_for_backward(x, y, alignment)
        return value

    @staticmethod
    def backward(
        ctx: Any, *gradients: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, None, None]:
        """The gradient of sum_ij E[i, j] |x_i - y_j|^2 with the expected alignment E held fixed."""
        x, y, alignment = ctx.saved_tensors
        scale = 2 * gradients[0][:, None, None]
        to_x = to_y = None
        if ctx.needs_input_grad[0]:
            to_x = scale * (x * alignment.sum(dim=2)[:, None] - y @ alignment.transpose(1, 2))
        if ctx.needs_input_grad[1]:
            to_y = scale * (y * alignment.sum(dim=1)[:, None] - x @ alignment)
        return to_x, to_y, None, None


def _aligned(x: torch.Tensor, y: torch.Tensor, gamma: float, threads: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(n,) values and (n, T, T) expected alignments, on the CPU."""
    first, second = x.numpy(), y.numpy()
    steps = x.shape[2]
    value, alignment = np.empty(len(x), np.float32), np.empty((len(x), steps, steps), np.float32)

    def work(start: int) -> None:
        end = min(start + LANES, len(x))
        total, expected = _alignment_of_lanes(_lanes(first, start), _lanes(second, start), np.float32(gamma))
        value[start:end] = total[: end - start]
        alignment[start:end] = expected.transpose(2, 0, 1)[: end - start]

    _share(work, len(x), threads)
    return torch.from_numpy(value), torch.from_numpy(alignment)


def _lanes(values: NDArray[np.float32], start: int) -> NDArray[np.float32]:
    """(T, C, LANES) of (n, C, T) from row `start` on; the last row fills empty lanes."""
    rows = np.minimum(np.arange(start, start + LANES), len(values) - 1)
    return np.ascontiguousarray(values[rows].transpose(2, 1, 0))


def _share(work: Any, count: int, threads: int) -> None:
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for _ in pool.map(work, range(0, count, LANES)):
            pass


def _table_by_diagonals(x: torch.Tensor, y: torch.Tensor, gamma: float) -> list[torch.Tensor]:
    """Anti-diagonals of the table R of pairs (n, C, T): entry d is (n, T + 1), R[i, d - i] at i + 1."""
    steps = x.shape[2]
    shape = (len(x), steps + 1)
    before, last = x.new_full(shape, float(_FAR)), x.new_full(shape, float(_FAR))
    before[:, 0] = 0
    flipped, table = y.flip(2), []
    for diagonal in range(2 * steps - 1):
        low, high = max(0, diagonal - steps + 1), min(steps - 1, diagonal)
        start = steps - 1 - diagonal + low
        cost = (x[:, :, low : high + 1] - flipped[:, :, start : start + high - low + 1]).square().sum(dim=1)
        three = torch.stack([last[:, low : high + 1], last[:, low + 1 : high + 2], before[:, low : high + 1]])
        now = x.new_full(shape, float(_FAR))
        now[:, low + 1 : high + 2] = cost - gamma * torch.logsumexp(-three / gamma, dim=0)
        table.append(now)
        before, last = last, now
    return table


def _matrix_by_diagonals(x: torch.Tensor, y: torch.Tensor, gamma: float) -> torch.Tensor:
    rows = max(1, PAIR_BYTES // (4 * 2 * x.shape[2] * (x.shape[2] + 1) * max(1, len(y))))
    found = [
        _table_by_diagonals(part.repeat_interleave(len(y), 0), y.repeat(len(part), 1, 1), gamma)[-1][:, -1]
        for part in torch.split(x, rows)
    ]
    return torch.cat(found).view(len(x), len(y)) if found else x.new_zeros((0, len(y)))


def _aligned_by_diagonals(x: torch.Tensor, y: torch.Tensor, gamma: float) -> tuple[torch.Tensor, torch.Tensor]:
    """(n,) values and (n, T, T) expected alignments, on any device: the derivative in the costs."""
    steps = x.shape[2]
    cost = (x[:, :, :, None] - y[:, :, None, :]).square().sum(dim=1)
    table = _table_by_diagonals(x, y, gamma)
    whole = x.new_full((len(x), steps + 1, steps + 1), -float(_FAR))  # a border that nothing comes back from
    for diagonal, values in enumerate(table):
        i = torch.arange(max(0, diagonal - steps + 1), min(steps - 1, diagonal) + 1, device=x.device)
        whole[:, i, diagonal - i] = values[:, i + 1]
    expected = x.new_zeros((len(x), steps + 1, steps + 1))
    expected[:, steps - 1, steps - 1] = 1
    wide = torch.nn.functional.pad(cost, (0, 1, 0, 1))
    for diagonal in range(2 * steps - 3, -1, -1):
        i = torch.arange(max(0, diagonal - steps + 1), min(steps - 1, diagonal) + 1, device=x.device)
        j = diagonal - i
        total = x.new_zeros((len(x), len(i)))
        for down, right in ((1, 0), (0, 1), (1, 1)):
            a, b = i + down, j + right
            share = ((whole[:, a, b] - whole[:, i, j] - wide[:, a, b]) / gamma).clamp(max=0).exp()
            total = total + expected[:, a, b] * share
        expected[:, i, j] = total
    return table[-1][:, -1], expected[:, :steps, :steps].contiguous()


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nnan", "nsz"})
def _matrix_of_lanes(  # pragma: no cover  compiled
    x: NDArray[np.float32], y: NDArray[np.float32], gamma: np.float32
) -> NDArray[np.float32]:
    """(m, LANES) soft-DTW of each of y (m, T, C) with x (T, C, LANES)."""
    count, steps, channels = y.shape
    inverse = np.float32(1) / gamma
    found = np.empty((count, LANES), np.float32)
    row = np.empty((steps + 1, LANES), np.float32)
    corner, cost = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    for m in range(count):
        row[:] = _FAR
        row[0] = 0
        for i in range(steps):
            for lane in range(LANES):
                corner[lane] = row[0, lane]
                row[0, lane] = _FAR
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
                    least = soft_least(above, corner[lane], row[j, lane], gamma, inverse)
                    corner[lane] = above
                    row[j + 1, lane] = cost[lane] + least
        found[m] = row[steps]
    return found


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nnan", "nsz"})
def _alignment_of_lanes(  # pragma: no cover  compiled
    x: NDArray[np.float32], y: NDArray[np.float32], gamma: np.float32
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Values (LANES,) and expected alignments (T, T, LANES) of x with y, both (T, C, LANES) (Algorithm 2)."""
    steps, channels, _ = x.shape
    inverse = np.float32(1) / gamma
    cost = np.zeros((steps, steps, LANES), np.float32)
    table = np.full((steps + 1, steps + 1, LANES), _FAR, np.float32)
    table[0, 0] = 0
    for i in range(steps):
        for j in range(steps):
            for c in range(channels):
                for lane in range(LANES):
                    step = x[i, c, lane] - y[j, c, lane]
                    cost[i, j, lane] += step * step
            for lane in range(LANES):
                least = soft_least(table[i, j + 1, lane], table[i, j, lane], table[i + 1, j, lane], gamma, inverse)
                table[i + 1, j + 1, lane] = cost[i, j, lane] + least
    expected = np.zeros((steps, steps, LANES), np.float32)
    expected[steps - 1, steps - 1] = 1
    for i in range(steps - 1, -1, -1):
        for j in range(steps - 1, -1, -1):
            for down, right in ((1, 0), (0, 1), (1, 1)):
                a, b = i + down, j + right
                if a < steps and b < steps:
                    for lane in range(LANES):
                        gap = table[a + 1, b + 1, lane] - table[i + 1, j + 1, lane] - cost[a, b, lane]
                        share = exponential(min(gap, np.float32(0)) * inverse)
                        expected[i, j, lane] += expected[a, b, lane] * share
    return table[steps, steps], expected
