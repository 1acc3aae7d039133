"""Weighted squared distances of series to transformed prototypes, without the B x K x T x C grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from eobench_prototypes._warp import Taps, Warp

CHUNK_NUMBERS = {"cpu": 1 << 20, "cuda": 1 << 25}
"""Numbers of a (T, C, n) block of rows that are looked at together."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A batch, prepared.

    Attributes:
        raw: (B, C, T) standardised, 0 in gaps: what the encoder sees.
        filled: (B, C, T) standardised, gaps filled: what is reconstructed.
        weight: (B, 1, T) or (B, C, T) how well each step was observed.
    """

    raw: torch.Tensor
    filled: torch.Tensor
    weight: torch.Tensor

    def mass(self) -> torch.Tensor:
        """Return the sum of the weights over steps and bands, (B,)."""
        bands = self.filled.shape[1] // self.weight.shape[1]
        return bands * self.weight.sum(dim=(1, 2))


def distances(
    series: Series,
    prototypes: torch.Tensor,
    warp: Warp | None,
    moves: torch.Tensor | None,
    offsets: torch.Tensor | None,
    chosen: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the sum over t and c of m[t] (x[t, c] - R_k(x)[t, c])^2, differentiable but for the series.

    On processors it is one compiled pass (`_fused`). Elsewhere it is one prototype and some rows at a time: what
    lies in memory is a few blocks of `CHUNK_NUMBERS`, whatever K is; derivatives by moves and offsets are taken on
    the way (they are small), and the one by the prototypes, which needs the outer gradient, computes the sampled
    values again.

    Args:
        series: B of them.
        prototypes: (K, C, T).
        warp: None: there is none.
        moves: (B, K, M) of the landmarks, in [-1, 1]; None with no warp.
        offsets: (B, K, C); None: none.
        chosen: (B,) prototype of each series: only these distances are computed.

    Returns:
        (B, K), or (B,) of the chosen.
    """
    form = _FusedDistances if _fused_serves(series.filled) else _Distances
    result: torch.Tensor = form.apply(
        prototypes, moves, offsets, series.filled, series.weight, warp, chosen, torch.is_grad_enabled()
    )
    return result


def _fused_serves(values: torch.Tensor) -> bool:
    return values.device.type == "cpu" and values.dtype == torch.float32


class _FusedDistances(torch.autograd.Function):
    """See `distances`; compiled."""

    @staticmethod
    def forward(
        ctx: Any,
        prototypes: torch.Tensor,
        moves: torch.Tensor | None,
        offsets: torch.Tensor | None,
        values: torch.Tensor,
        weight: torch.Tensor,
        warp: Warp | None,
        chosen: torch.Tensor | None,
        learning: bool,
    ) -> torch.Tensor:
        from eobench_prototypes._fused import Fused, Pairs

        def own(given: torch.Tensor | None) -> torch.Tensor | None:
            return given if given is None or chosen is None else given[torch.arange(len(values)), chosen]

        pairs = Pairs.of(len(values), len(prototypes), chosen)
        fused = Fused(prototypes, values, weight, warp, own(moves), own(offsets), pairs)
        if learning:
            ctx.fused, ctx.chosen, ctx.count = fused, chosen, len(prototypes)
        return fused.distances(torch.get_num_threads())

    @staticmethod
    def backward(ctx: Any, outer: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        def spread(given: torch.Tensor | None) -> torch.Tensor | None:
            if given is None or ctx.chosen is None:
                return given
            found = given.new_zeros(len(given), ctx.count, given.shape[1])
            found[torch.arange(len(given)), ctx.chosen] = given
            return found

        first, by_move, by_offset = ctx.fused.slopes(outer, torch.get_num_threads())
        return first, spread(by_move), spread(by_offset), *[None] * 5


@dataclass(slots=True, eq=False)
class _Block:
    """Some rows beside the prototypes that they are compared with; time first, rows last."""

    rows: torch.Tensor
    kinds: range
    values: torch.Tensor  # (T, C, n)
    weight: torch.Tensor  # (T, 1 or C, n)


def _blocks(
    values: torch.Tensor, weight: torch.Tensor, count: int, chosen: torch.Tensor | None
) -> Iterator[_Block]:
    every = torch.arange(len(values), device=values.device)
    if chosen is None:
        groups = [(every, range(count))]
    else:
        order = chosen.argsort(stable=True)
        sizes = torch.bincount(chosen, minlength=count).tolist()
        parts = torch.split(order, sizes)
        groups = [(part, range(k, k + 1)) for k, part in enumerate(parts) if len(part)]
    size = max(1, CHUNK_NUMBERS.get(values.device.type, 1 << 20) // values[0].numel())
    for rows, kinds in groups:
        for part in torch.split(rows, size):
            yield _Block(part, kinds, _turned(values, part), _turned(weight, part))


def _turned(values: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    return values.index_select(0, rows).permute(2, 1, 0).contiguous()


class _Distances(torch.autograd.Function):
    """See `distances`."""

    @staticmethod
    def forward(
        ctx: Any,
        prototypes: torch.Tensor,
        moves: torch.Tensor | None,
        offsets: torch.Tensor | None,
        values: torch.Tensor,
        weight: torch.Tensor,
        warp: Warp | None,
        chosen: torch.Tensor | None,
        learning: bool,  # here gradients are always off, and what needs one is told all the same
    ) -> torch.Tensor:
        result = values.new_empty((len(prototypes), len(values)) if chosen is None else (len(values),))
        by_move = None if moves is None or not learning else torch.zeros_like(moves)
        by_offset = None if offsets is None or not learning else torch.zeros_like(offsets)
        sampler = _Sampler(prototypes, warp)
        for block in _blocks(values, weight, len(prototypes), chosen):
            for k in block.kinds:
                error, taps, _ = sampler.error(block, k, moves, offsets)
                weighted = block.weight * error
                found = error.mul_(weighted).sum(dim=(0, 1))
                if chosen is None:
                    result[k, block.rows] = found
                else:
                    result[block.rows] = found
                if by_offset is not None:
                    by_offset[block.rows, k] = weighted.sum(dim=0).T
                if by_move is not None and taps is not None:
                    by_move[block.rows, k] = sampler.by_move(weighted, taps, k).T
        ctx.save_for_backward(prototypes, moves, offsets, values, weight, chosen, by_move, by_offset)
        ctx.warp = warp
        return result.T if chosen is None else result

    @staticmethod
    def backward(ctx: Any, outer: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        prototypes, moves, offsets, values, weight, chosen, by_move, by_offset = ctx.saved_tensors
        slope = -2 * outer  # (B, K) or (B,)
        each = slope[:, :, None] if chosen is None else slope[:, None, None]
        first = None
        if ctx.needs_input_grad[0]:
            sampler = _Sampler(prototypes, ctx.warp)
            total = sampler.nothing()
            for block in _blocks(values, weight, len(prototypes), chosen):
                for k in block.kinds:
                    error, _, dense = sampler.error(block, k, moves, offsets)
                    factor = slope[block.rows, k] if chosen is None else slope[block.rows]
                    sampler.add(total, k, error.mul_(block.weight).mul_(factor), dense)
            first = sampler.folded(total)
        return (
            first,
            None if by_move is None else by_move * each,
            None if by_offset is None else by_offset * each,
            *[None] * 5,
        )


class _Sampler:
    """Prototypes at warped times."""

    def __init__(self, prototypes: torch.Tensor, warp: Warp | None) -> None:
        self._prototypes, self._warp = prototypes, warp
        self._windows = None if warp is None else warp.windows(prototypes)  # (K, T, C, W)

    def sampled(self, k: int, moves: torch.Tensor | None) -> tuple[torch.Tensor, Taps | None, torch.Tensor | None]:
        """Return prototype k at (M, n) moves, (T, C, n), with what the derivative needs."""
        if self._warp is None or self._windows is None or moves is None:
            return self._prototypes[k].T[:, :, None], None, None
        taps = self._warp.taps(moves)
        dense = taps.dense()
        return torch.bmm(self._windows[k], dense), taps, dense

    def error(
        self, block: _Block, k: int, moves: torch.Tensor | None, offsets: torch.Tensor | None
    ) -> tuple[torch.Tensor, Taps | None, torch.Tensor | None]:
        """Return x - R_k(x) of a block, (T, C, n)."""
        sampled, taps, dense = self.sampled(k, None if moves is None else moves[block.rows, k].T)
        error = block.values - sampled
        if offsets is not None:
            error -= offsets[block.rows, k].T
        return error, taps, dense

    def by_move(self, weighted: torch.Tensor, taps: Taps, k: int) -> torch.Tensor:
        """Return half the negative derivative by the moves, (M, n)."""
        if self._warp is None or self._windows is None:
            raise RuntimeError("there is no warp")
        return self._warp.basis.T @ taps.slope(torch.bmm(self._windows[k].mT, weighted))

    def nothing(self) -> torch.Tensor:
        """Return zeros for `add`."""
        return torch.zeros_like(self._prototypes if self._windows is None else self._windows)

    def add(self, total: torch.Tensor, k: int, slope: torch.Tensor, dense: torch.Tensor | None) -> None:
        """Add the derivative by prototype k of what has the derivative (T, C, n) by its sampled values."""
        total[k] += slope.sum(dim=2).T if dense is None else torch.bmm(slope, dense.mT)

    def folded(self, total: torch.Tensor) -> torch.Tensor:
        """Return the derivative by the prototypes, (K, C, T)."""
        return total if self._warp is None else self._warp.folded(total)


def reconstructions(
    prototypes: torch.Tensor,
    warp: Warp | None,
    moves: torch.Tensor | None,
    offsets: torch.Tensor | None,
    chosen: torch.Tensor,
) -> torch.Tensor:
    """Return R_k(x) of some series by their chosen prototypes, (B, C, T); for few rows, without gradients."""
    sampler = _Sampler(prototypes, warp)
    found = []
    with torch.no_grad():
        for row, k in enumerate(chosen.tolist()):
            sampled, _, _ = sampler.sampled(k, None if moves is None else moves[row, k][:, None])
            moved = 0 if offsets is None else offsets[row, k][:, None]
            found.append(sampled[:, :, 0].T + moved)
    return torch.stack(found)
