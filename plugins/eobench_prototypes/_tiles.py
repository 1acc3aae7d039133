"""Convolutions of many series by short ones, with 2 to 2.5 times fewer multiplications."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

TILE = 4
"""Output steps that a tile gives."""
ROWS = 512
"""Tiles looked at together: what is written for them stays in the processor's cache."""
_POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5)


@lru_cache(maxsize=8)
def short_convolution(taps: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the matrices of F(4, taps), Toom's and Cook's short convolution (Winograd's in networks).

    y = A' ((G w) * (B' d)): four steps y of the correlation of 4 + taps - 1 steps d with w, by as many
    multiplications as d has steps instead of 4 * taps.

    Returns:
        A' (4, n), G (n, taps), B' (n, 8), zero beyond the n steps that a tile sees.
    """
    count = TILE + taps - 1
    points = np.array(_POINTS[: count - 1])
    gap = points[:, None] - points[None] + np.eye(count - 1)
    ending, filters = np.zeros((TILE, count)), np.zeros((count, taps))
    ending[:, :-1] = points[None] ** np.arange(TILE)[:, None]
    filters[:-1] = points[:, None] ** np.arange(taps)[None] / gap.prod(axis=1)[:, None]
    ending[-1, -1] = filters[-1, -1] = 1  # the point at infinity
    # sum over i of A'[j, i] G[i, l] B'[i, q] is 1 where q = j + l, else 0
    system = (ending[:, None] * filters.T[None]).reshape(TILE * taps, count)
    wanted = np.add.outer(np.arange(TILE), np.arange(taps)).reshape(-1, 1) == np.arange(count)
    begin = np.zeros((count, 2 * TILE))
    begin[:, :count] = np.linalg.lstsq(system, wanted.astype(np.float64), rcond=None)[0]
    found = tuple(torch.from_numpy(a.astype(np.float32)) for a in (ending, filters, begin))
    return found[0], found[1], found[2]


@dataclass(frozen=True, slots=True)
class Layout:
    """Series as four phases of rows: step t of series b is at s = t + shift, phase s % 4, row b * rows + s // 4.

    Attributes:
        batch: B.
        steps: T.
    """

    batch: int
    steps: int

    @property
    def rows(self) -> int:
        """Of one series; two steps of room, which are zero, keep series apart."""
        return -(-(self.steps + 2) // TILE)

    @property
    def tiles(self) -> int:
        """N, of all series."""
        return self.batch * self.rows

    def empty(self, channels: int, like: torch.Tensor) -> torch.Tensor:
        """Return (4, N + 1, channels); a tile sees its own row and the next."""
        return like.new_empty(TILE, self.tiles + 1, channels)

    def clear(self, values: torch.Tensor, shift: int) -> torch.Tensor:
        """Set rows of whole series, (4, rows, C), to zero where there is no step, and return them."""
        series = values.view(TILE, -1, self.rows, values.shape[2])
        for place in (*range(shift), *range(shift + self.steps, TILE * self.rows)):
            series[place % TILE, :, place // TILE] = 0
        return values

    def series(self, rows: slice) -> slice:
        """Return which series some rows are of."""
        return slice(rows.start // self.rows, rows.stop // self.rows)

    def chunks(self) -> list[slice]:
        """Return ranges of the N rows, each of whole series."""
        size = self.rows * max(1, ROWS // self.rows)
        return [slice(first, min(first + size, self.tiles)) for first in range(0, self.tiles, size)]


class Tiles:
    """One convolution by tiles: X (4, N + 1, C) with the first tap's step at its own place -> Y (4, N, O)."""

    def __init__(self, weight: torch.Tensor, layout: Layout) -> None:
        ending, filters, begin = short_convolution(weight.shape[2])
        self.end, self.filters, self.begin = ending, filters, begin
        self.kernels = torch.einsum("nk,ock->nco", filters, weight).contiguous()  # (n, C, O)
        self.grad = torch.zeros_like(self.kernels)
        count, inside, outside = self.kernels.shape
        size = max(rows.stop - rows.start for rows in layout.chunks()) * max(inside, outside)
        self._seen, self._made, self._back = (weight.new_empty(count * size) for _ in range(3))

    def _held(self, scratch: torch.Tensor, rows: int, channels: int) -> torch.Tensor:
        return scratch[: len(self.kernels) * rows * channels].view(len(self.kernels), rows, channels)

    def _read(self, x: torch.Tensor, rows: slice) -> torch.Tensor:
        """B' d of some tiles, (n, rows, C)."""
        seen = self._held(self._seen, rows.stop - rows.start, x.shape[2])
        flat = seen.view(len(seen), -1)
        torch.mm(self.begin[:, :TILE], x[:, rows].flatten(1), out=flat)
        flat.addmm_(self.begin[:, TILE:], x[:, next_row(rows)].flatten(1))
        return seen

    def forward(self, x: torch.Tensor, rows: slice, into: torch.Tensor | None = None) -> torch.Tensor:
        """Return rows of Y, (4, rows, O)."""
        made = self._held(self._made, rows.stop - rows.start, self.kernels.shape[2])
        torch.bmm(self._read(x, rows), self.kernels, out=made)
        if into is None:
            return (self.end @ made.view(len(made), -1)).view(TILE, *made.shape[1:])
        torch.mm(self.end, made.view(len(made), -1), out=into.flatten(1))
        return into

    def backward(self, x: torch.Tensor, slope: torch.Tensor, into: torch.Tensor, rows: slice) -> None:
        """Add what the derivative by rows of Y, (4, rows, O), gives to those by the kernels and by X."""
        made = self._held(self._made, slope.shape[1], slope.shape[2])
        torch.mm(self.end.T, slope.view(TILE, -1), out=made.view(len(made), -1))
        self.grad.baddbmm_(self._read(x, rows).mT, made)
        back = self._held(self._back, slope.shape[1], x.shape[2])
        torch.bmm(made, self.kernels.mT, out=back)
        flat = back.view(len(back), -1)
        into[:, rows].flatten(1).addmm_(self.begin[:, :TILE].T, flat)
        into[:, next_row(rows)].flatten(1).addmm_(self.begin[:, TILE:].T, flat)

    def weight_grad(self) -> torch.Tensor:
        """Return the derivative by the weights, (O, C, taps)."""
        return torch.einsum("nk,nco->ock", self.filters, self.grad)


def next_row(rows: slice) -> slice:
    """Return the range of rows that is one further."""
    return slice(rows.start + 1, rows.stop + 1)
