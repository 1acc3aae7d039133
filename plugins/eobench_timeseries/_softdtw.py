"""Soft-DTW (Cuturi and Blondel 2017) of many pairs, with its gradient.

On the CPU 64 pairs are computed at once, as in `_dtw`; on other devices whole anti-diagonals (torch).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eobench_timeseries._softdtw_lanes import FAR, LANES, alignment_of_lanes, matrix_of_lanes

PAIR_BYTES = 256_000_000


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
            found[start:end] = matrix_of_lanes(lanes, other, np.float32(gamma)).T[: end - start]

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
        total, expected = alignment_of_lanes(_lanes(first, start), _lanes(second, start), np.float32(gamma))
        value[start:end] = total[: end - start]
        alignment[start:end] = expected.transpose(2, 0, 1)[: end - start]

    _share(work, len(x), threads)
    return torch.from_numpy(value), torch.from_numpy(alignment)


def _lanes(values: NDArray[np.float32], start: int) -> NDArray[np.float32]:
    """(T, C, LANES) of (n, C, T) from row `start` on; the last row fills empty lanes."""
    rows = np.minimum(np.arange(start, start + LANES), len(values) - 1)
    return np.ascontiguousarray(values[rows].transpose(2, 1, 0))


def _share(work: Callable[[int], None], count: int, threads: int) -> None:
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for _ in pool.map(work, range(0, count, LANES)):
            pass


def _diagonals(x: torch.Tensor, y: torch.Tensor, gamma: float) -> Iterator[torch.Tensor]:
    """Yield the anti-diagonals of the table R of pairs (n, C, T): number d is (n, T + 1), R[i, d - i] at i + 1."""
    steps = x.shape[2]
    shape = (len(x), steps + 1)
    before, last = x.new_full(shape, float(FAR)), x.new_full(shape, float(FAR))
    before[:, 0] = 0
    flipped = y.flip(2)
    for diagonal in range(2 * steps - 1):
        low, high = max(0, diagonal - steps + 1), min(steps - 1, diagonal)
        start = steps - 1 - diagonal + low
        cost = (x[:, :, low : high + 1] - flipped[:, :, start : start + high - low + 1]).square().sum(dim=1)
        three = torch.stack([last[:, low : high + 1], last[:, low + 1 : high + 2], before[:, low : high + 1]])
        now = x.new_full(shape, float(FAR))
        now[:, low + 1 : high + 2] = cost - gamma * torch.logsumexp(-three / gamma, dim=0)
        yield now
        before, last = last, now


def _matrix_by_diagonals(x: torch.Tensor, y: torch.Tensor, gamma: float) -> torch.Tensor:
    rows = max(1, PAIR_BYTES // (4 * x.shape[2] * (8 + 3 * x.shape[1]) * max(1, len(y))))
    found = []
    for part in torch.split(x, rows):
        for values in _diagonals(part.repeat_interleave(len(y), 0), y.repeat(len(part), 1, 1), gamma):
            last = values
        found.append(last[:, -1])
    return torch.cat(found).view(len(x), len(y)) if found else x.new_zeros((0, len(y)))


def _aligned_by_diagonals(x: torch.Tensor, y: torch.Tensor, gamma: float) -> tuple[torch.Tensor, torch.Tensor]:
    """(n,) values and (n, T, T) expected alignments, on any device: the derivative in the costs.

    In double precision, as the way back is of small differences of large sums.
    """
    x, y = x.double(), y.double()
    steps = x.shape[2]
    cost = (x[:, :, :, None] - y[:, :, None, :]).square().sum(dim=1)
    whole = x.new_full((len(x), steps + 1, steps + 1), -float(FAR))  # a border that nothing comes back from
    for diagonal, values in enumerate(_diagonals(x, y, gamma)):
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
    return whole[:, steps - 1, steps - 1].float(), expected[:, :steps, :steps].float().contiguous()
