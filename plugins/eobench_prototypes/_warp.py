"""Time warps: a thin-plate spline along time, linear in the shifts of its landmarks, and bicubic sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

KEYS = -0.75
"""The constant of bicubic interpolation, torch's."""
SHARE = 0.25
"""Largest shift of a landmark, of the distance between two: 7.5 of 30 days, "a week"."""


def count_landmarks(steps: int, span: float, days: float) -> int:
    """Return how many landmarks lie between the two fixed ends of a series: one a month.

    Vincent et al. have a value a day and floor(T / 30) - 1 of them. Here T is the length in days, so that a series
    of 36 dates a year has as many; at least one, but none on a series of one date.

    Args:
        steps: T.
        span: days from the first date to the last.
        days: between two landmarks.
    """
    return 0 if steps < 2 else max(1, int((span + 1) // days) - 1)


def spline_basis(steps: int, landmarks: int) -> NDArray[np.float64]:
    """Return how far each step moves when a landmark moves by one: (T, M).

    The thin-plate spline of the official code: two rows of control points, one at either side of time, that move
    alike; kernel r^2 log r; the first and the last stay. It is linear in the shifts, so its solution is a matrix.
    Samples lie on one of the rows, so the spline passes through the landmarks' shifts.
    """
    along = np.linspace(-1, 1, landmarks + 2)
    points = np.array([(side, place) for side in (-1.0, 1.0) for place in along])
    ones = np.column_stack([np.ones(len(points)), points])
    system = np.block([[_kernel(points, points), ones], [ones.T, np.zeros((3, 3))]])
    moved = np.vstack([np.eye(landmarks + 2), np.eye(landmarks + 2), np.zeros((3, landmarks + 2))])
    where = np.column_stack([np.full(steps, -1.0), np.linspace(-1, 1, steps)])
    seen = np.column_stack([_kernel(where, points), np.ones(steps), where])
    basis: NDArray[np.float64] = (seen @ np.linalg.solve(system, moved))[:, 1:-1]
    return basis


def _kernel(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    square = ((one[:, None] - other[None]) ** 2).sum(axis=2)
    kernel: NDArray[np.float64] = 0.5 * square * np.log(np.where(square > 0, square, 1))
    return kernel


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """Where warped prototypes are sampled: step t at `t + basis[t] @ moves`, moves in [-1, 1].

    Attributes:
        basis: (T, M), in steps.
        reach: no step moves this far.
    """

    basis: torch.Tensor
    reach: int

    @classmethod
    def of(cls, steps: int, landmarks: int, share: float = SHARE) -> Warp:
        """Return the warp whose landmarks move by at most `share` of the distance between two."""
        largest = share * (steps - 1) / (landmarks + 1)
        basis = spline_basis(steps, landmarks) * largest
        return cls(torch.from_numpy(basis.astype(np.float32)), 1 + int(np.abs(basis).sum(axis=1).max()))

    def to(self, device: torch.device) -> Warp:
        """Return the same on a device."""
        return Warp(self.basis.to(device), self.reach)

    def windows(self, prototypes: torch.Tensor) -> torch.Tensor:
        """Return what each step can see of (K, C, T) prototypes: (K, T, C, 2 * reach + 4).

        The first and last values are held beyond the ends (`padding_mode="border"`).
        """
        left, right = prototypes[..., :1], prototypes[..., -1:]
        before, after = self.reach + 1, self.reach + 2
        held = torch.cat([left.expand(-1, -1, before), prototypes, right.expand(-1, -1, after)], dim=2)
        return held.unfold(2, 2 * self.reach + 4, 1).permute(0, 2, 1, 3).contiguous()

    def folded(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the adjoint of `windows`: (K, T, C, W) summed to (K, C, T)."""
        count, steps, channels, width = windows.shape
        held = windows.new_zeros(count, channels, steps + width - 1)
        turned = windows.permute(3, 0, 2, 1)
        for place in range(width):
            held[..., place : place + steps] += turned[place]
        before = self.reach + 1
        total = held[..., before : before + steps].clone()
        total[..., 0] += held[..., :before].sum(dim=-1)
        total[..., -1] += held[..., before + steps :].sum(dim=-1)
        return total

    def taps(self, moves: torch.Tensor) -> Taps:
        """Return the four taps of each step for (M, n) moves."""
        shift = self.basis @ moves
        whole = shift.floor()
        # a loss that diverged gives shifts that are no numbers: they stay NaN in `part`, and index nothing wrong
        first = torch.nan_to_num(whole).clamp(-self.reach, self.reach).long() + self.reach
        index = first[:, None] + torch.arange(4, device=moves.device)[:, None]
        return Taps(index, shift - whole, 2 * self.reach + 4)


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """Bicubic interpolation of n warped series.

    Attributes:
        index: (T, 4, n) places within a step's window.
        part: (T, n) of the way from the second tap to the third.
        width: of a window.
    """

    index: torch.Tensor
    part: torch.Tensor
    width: int

    def dense(self) -> torch.Tensor:
        """Return the weights of the whole window, (T, W, n): four are not zero."""
        f = self.part
        rest = 1 - f
        weights = f.new_empty(len(f), 4, f.shape[1])
        weights[:, 0] = KEYS * f * rest * rest
        weights[:, 1] = ((KEYS + 2) * f - (KEYS + 3)) * f * f + 1
        weights[:, 3] = KEYS * rest * f * f
        weights[:, 2] = 1 - weights[:, 0] - weights[:, 1] - weights[:, 3]
        empty = f.new_zeros(len(f), self.width, f.shape[1])
        return empty.scatter_(1, self.index, weights)

    def slope(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the derivative by the shift, (T, n), of what has the derivative (T, W, n) by the weights."""
        f = self.part
        first = KEYS * (1 - f) * (1 - 3 * f)
        second = (3 * (KEYS + 2) * f - 2 * (KEYS + 3)) * f
        last = KEYS * (2 - 3 * f) * f
        seen = windows.gather(1, self.index)
        third = -(first + second + last)
        return first * seen[:, 0] + second * seen[:, 1] + third * seen[:, 2] + last * seen[:, 3]
