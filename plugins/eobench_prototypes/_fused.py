"""Distances to warped, shifted prototypes on processors, in one pass that writes nothing else (Numba).

Bands are the fastest index and fill vector registers (eight of them, zeros where there are fewer); the four taps
of a step are four rows of the prototype, which stays in the cache while series go by.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray

from eobench_prototypes._warp import KEYS, Warp

LANES = 8
"""Bands that are computed together. A constant of the compiled kernels."""
SERIES = 16
"""Series that are looked at together, prototype by prototype: they stay in the cache too."""
_A = np.float32(KEYS)
Floats = NDArray[np.float32]


def padded(bands: int) -> int:
    """Return the next multiple of `LANES`."""
    return -(-bands // LANES) * LANES


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Series beside prototypes.

    Attributes:
        rows: (P,) series of each pair; those of prototype k are `rows[starts[k]:starts[k + 1]]`.
        starts: (K + 1,).
        chosen: whether a series stands in one pair, else in K.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    chosen: bool

    @classmethod
    def of(cls, batch: int, count: int, chosen: torch.Tensor | None) -> Pairs:
        """Return all pairs, or those of each series with its chosen prototype."""
        if chosen is None:
            return cls(np.tile(np.arange(batch), count), np.arange(count + 1) * batch, chosen=False)
        kinds = chosen.numpy()
        starts = np.concatenate([[0], np.bincount(kinds, minlength=count).cumsum()])
        return cls(np.argsort(kinds, kind="stable"), starts.astype(np.int64), chosen=True)

    def spread(self, values: Floats) -> torch.Tensor:
        """Return what pairs gave, (P, ...), as (B, K, ...), or (B, ...) of the chosen."""
        if not self.chosen:
            return torch.from_numpy(values.reshape(len(self.starts) - 1, -1, *values.shape[1:])).transpose(0, 1)
        found = np.empty_like(values)
        found[self.rows] = values
        return torch.from_numpy(found)

    def collected(self, values: torch.Tensor) -> Floats:
        """Return (B, K, ...) or, of the chosen, (B, ...) as (P, ...)."""
        if not self.chosen:
            return np.ascontiguousarray(values.transpose(0, 1).numpy()).reshape(len(self.rows), *values.shape[2:])
        found: Floats = values.numpy()[self.rows]
        return found


class Fused:
    """Distances of a batch, and their derivatives.

    Args:
        prototypes: (K, C, T).
        values: (B, C, T).
        weight: (B, 1 or C, T).
        warp: None: none.
        moves: (B, K, M), or (B, M) of the chosen.
        offsets: (B, K, C), or (B, C) of the chosen.
        pairs: which series beside which prototype.
    """

    def __init__(
        self,
        prototypes: torch.Tensor,
        values: torch.Tensor,
        weight: torch.Tensor,
        warp: Warp | None,
        moves: torch.Tensor | None,
        offsets: torch.Tensor | None,
        pairs: Pairs,
    ) -> None:
        count, self._bands, self._steps = prototypes.shape
        self._pairs, self._moved, self._shifted = (
            pairs,
            warp is not None and moves is not None,
            offsets is not None,
        )
        reach = 0 if warp is None else warp.reach
        before, width = reach + 1, padded(self._bands)
        self._before = before
        held = np.zeros((count, self._steps + 2 * reach + 4, width), np.float32)
        turned = prototypes.detach().numpy().transpose(0, 2, 1)
        held[:, :before, : self._bands] = turned[:, :1]
        held[:, before : before + self._steps, : self._bands] = turned
        held[:, before + self._steps :, : self._bands] = turned[:, -1:]
        basis = np.zeros((0, self._steps), np.float32)
        if self._moved and warp is not None:
            basis = np.ascontiguousarray(warp.basis.numpy().T)
        some = len(pairs.rows)
        self._given = (
            held,
            basis,
            reach,
            _turned(values, width),
            _turned(weight, 1 if weight.shape[1] == 1 else width),
            np.zeros((some, 0), np.float32) if moves is None or not self._moved else pairs.collected(moves),
            _widened(None if offsets is None else pairs.collected(offsets), some, width),
            pairs.rows,
            pairs.starts,
        )

    def distances(self, threads: int) -> torch.Tensor:
        """Return (B, K), or (B,) of the chosen."""
        found = np.empty(len(self._pairs.rows), np.float32)
        _in_parts(self._parts(threads), lambda first, last: _forward(*self._given, first, last, found))
        return self._pairs.spread(found)

    def slopes(
        self, outer: torch.Tensor, threads: int
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """Return the derivatives by prototypes, moves and offsets, given those by the distances."""
        held, basis, *_ = self._given
        some = len(self._pairs.rows)
        by_held, by_move = np.zeros_like(held), np.zeros((some, len(basis)), np.float32)
        by_offset = np.zeros((some, held.shape[2]), np.float32)
        slope = self._pairs.collected(outer)
        _in_parts(
            self._parts(threads),
            lambda first, last: _backward(*self._given, first, last, slope, by_held, by_move, by_offset),
        )
        before, steps = self._before, self._steps
        total = by_held[:, before : before + steps].copy()
        total[:, 0] += by_held[:, :before].sum(axis=1)
        total[:, -1] += by_held[:, before + steps :].sum(axis=1)
        by_prototype = torch.from_numpy(np.ascontiguousarray(total[..., : self._bands].transpose(0, 2, 1)))
        return (
            by_prototype,
            self._pairs.spread(by_move) if self._moved else None,
            self._pairs.spread(np.ascontiguousarray(by_offset[:, : self._bands])) if self._shifted else None,
        )

    def _parts(self, threads: int) -> list[tuple[int, int]]:
        """Ranges of prototypes with about as many pairs each."""
        starts = self._pairs.starts
        cuts = np.searchsorted(starts, np.linspace(0, starts[-1], threads + 1)[1:-1]).tolist()
        edges = [0, *cuts, len(starts) - 1]
        return [(a, b) for a, b in pairwise(edges) if a < b]


def _turned(values: torch.Tensor, width: int) -> Floats:
    """(B, C, T) as (B, T, width)."""
    found = np.zeros((values.shape[0], values.shape[2], width), np.float32)
    found[..., : values.shape[1]] = values.numpy().transpose(0, 2, 1)
    return found


def _widened(values: Floats | None, count: int, width: int) -> Floats:
    found = np.zeros((count, width), np.float32)
    if values is not None:
        found[:, : values.shape[1]] = values
    return found


def _in_parts(parts: list[tuple[int, int]], work: Callable[[int, int], None]) -> None:
    if len(parts) == 1:
        work(*parts[0])
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        for _ in pool.map(lambda part: work(*part), parts):
            pass


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def _place(  # pragma: no cover  compiled
    basis: Floats, moves: Floats, reach: int, first: NDArray[np.int64], taps: Floats
) -> None:
    """Write the row of each step's first tap, and the taps' weights (4, T) and the weights' slopes (4, T)."""
    steps = len(first)
    shift = taps[8]
    for t in range(steps):
        shift[t] = np.float32(0)
    for m in range(len(moves)):
        move = moves[m]
        for t in range(steps):
            shift[t] += basis[m, t] * move
    one, two, three = np.float32(1), np.float32(2), np.float32(3)
    for t in range(steps):
        whole = np.floor(shift[t])
        f = shift[t] - whole
        # a loss that diverged gives shifts that are no numbers: they index nothing wrong
        low = whole if whole > -reach else np.float32(-reach)
        low = low if low < reach else np.float32(reach)
        first[t] = t + reach + np.int64(low)
        rest = one - f
        taps[0, t] = _A * f * rest * rest
        taps[1, t] = ((_A + two) * f - (_A + three)) * f * f + one
        taps[3, t] = _A * rest * f * f
        taps[2, t] = one - taps[0, t] - taps[1, t] - taps[3, t]
        taps[4, t] = _A * rest * (one - three * f)
        taps[5, t] = (three * (_A + two) * f - two * (_A + three)) * f
        taps[7, t] = _A * (two - three * f) * f
        taps[6, t] = -(taps[4, t] + taps[5, t] + taps[7, t])


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def _forward(  # pragma: no cover  compiled
    held: Floats,
    basis: Floats,
    reach: int,
    values: Floats,
    weight: Floats,
    moves: Floats,
    offsets: Floats,
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    begin: int,
    end: int,
    found: Floats,
) -> None:
    """Write the distances of the pairs of prototypes `begin` to `end`."""
    steps, width = values.shape[1], values.shape[2]
    wide = weight.shape[2] > 1
    first, taps = np.empty(steps, np.int64), np.empty((9, steps), np.float32)
    most = 0
    for k in range(begin, end):
        most = max(most, starts[k + 1] - starts[k])
    for group in range(0, most, SERIES):
        for k in range(begin, end):
            prototype = held[k]
            for pair in range(starts[k] + group, min(starts[k] + group + SERIES, starts[k + 1])):
                _place(basis, moves[pair], reach, first, taps)
                x, m, offset = values[rows[pair]], weight[rows[pair]], offsets[pair]
                total = np.float32(0)
                for t in range(steps):
                    a, b, c, d, row = taps[0, t], taps[1, t], taps[2, t], taps[3, t], first[t]
                    for j in range(0, width, LANES):
                        part = np.float32(0)
                        for lane in range(j, j + LANES):
                            e = (
                                x[t, lane]
                                - offset[lane]
                                - (
                                    a * prototype[row, lane]
                                    + b * prototype[row + 1, lane]
                                    + c * prototype[row + 2, lane]
                                    + d * prototype[row + 3, lane]
                                )
                            )
                            if wide:
                                part += m[t, lane] * e * e
                            else:
                                part += e * e
                        total += part if wide else m[t, 0] * part
                found[pair] = total


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def _backward(  # pragma: no cover  compiled
    held: Floats,
    basis: Floats,
    reach: int,
    values: Floats,
    weight: Floats,
    moves: Floats,
    offsets: Floats,
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    begin: int,
    end: int,
    outer: Floats,
    by_held: Floats,
    by_move: Floats,
    by_offset: Floats,
) -> None:
    """Add derivatives by held prototypes, and write those by moves and offsets, of the same pairs."""
    steps, width = values.shape[1], values.shape[2]
    wide = weight.shape[2] > 1
    first, taps = np.empty(steps, np.int64), np.empty((9, steps), np.float32)
    slope, by_shift = np.empty((steps, width), np.float32), np.empty(steps, np.float32)
    most = 0
    for k in range(begin, end):
        most = max(most, starts[k + 1] - starts[k])
    for group in range(0, most, SERIES):
        for k in range(begin, end):
            prototype, learned = held[k], by_held[k]
            for pair in range(starts[k] + group, min(starts[k] + group + SERIES, starts[k + 1])):
                _place(basis, moves[pair], reach, first, taps)
                x, m, offset = values[rows[pair]], weight[rows[pair]], offsets[pair]
                factor = np.float32(-2) * outer[pair]
                for t in range(steps):
                    a, b, c, d, row = taps[0, t], taps[1, t], taps[2, t], taps[3, t], first[t]
                    p, q, r, s = taps[4, t], taps[5, t], taps[6, t], taps[7, t]
                    moved = np.float32(0)
                    for j in range(0, width, LANES):
                        for lane in range(j, j + LANES):
                            one, two = prototype[row, lane], prototype[row + 1, lane]
                            three, four = prototype[row + 2, lane], prototype[row + 3, lane]
                            e = x[t, lane] - offset[lane] - (a * one + b * two + c * three + d * four)
                            e *= factor * (m[t, lane] if wide else m[t, 0])
                            slope[t, lane] = e
                            moved += e * (p * one + q * two + r * three + s * four)
                    by_shift[t] = moved
                for t in range(steps):
                    a, b, c, d, row = taps[0, t], taps[1, t], taps[2, t], taps[3, t], first[t]
                    for j in range(0, width, LANES):
                        for lane in range(j, j + LANES):
                            learned[row, lane] += a * slope[t, lane]
                        for lane in range(j, j + LANES):
                            learned[row + 1, lane] += b * slope[t, lane]
                        for lane in range(j, j + LANES):
                            learned[row + 2, lane] += c * slope[t, lane]
                        for lane in range(j, j + LANES):
                            learned[row + 3, lane] += d * slope[t, lane]
                for t in range(steps):
                    for lane in range(width):
                        by_offset[pair, lane] += slope[t, lane]
                for move in range(len(basis)):
                    total = np.float32(0)
                    for t in range(steps):
                        total += basis[move, t] * by_shift[t]
                    by_move[pair, move] = total
