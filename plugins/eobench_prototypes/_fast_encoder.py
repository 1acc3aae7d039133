"""The encoder on processors: chunk by chunk, and with fewer multiplications (`_tiles`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from eobench_prototypes._tiles import TILE, Layout, Tiles, next_row


@dataclass(slots=True, eq=False)
class _Norm:
    """Batch norm and ReLU of values that are zero where there is no step.

    Attributes:
        weight: (C,) learned.
        bias: (C,) learned.
        mean: (C,) of the batch, or the running one.
        variance: (C,) likewise.
        count: steps that they were taken over.
        eps: added to the variance.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    mean: torch.Tensor
    variance: torch.Tensor
    count: int
    eps: float

    @property
    def rate(self) -> torch.Tensor:
        """One over the standard deviation."""
        return (self.variance + self.eps).rsqrt()

    def rectified(self, values: torch.Tensor, into: torch.Tensor | None = None) -> torch.Tensor:
        """Return max(0, normalised)."""
        scale = self.weight * self.rate
        found = torch.empty_like(values) if into is None else into
        return torch.addcmul(self.bias - self.mean * scale, values, scale, out=found).clamp_min_(0)

    def slopes(self, sums: _Sums) -> tuple[torch.Tensor, ...]:
        """Return a, b, c, with a g + b values + c the derivative by the values; and those by weight and bias.

        Args:
            sums: of the derivatives g by what is normalised, and of g times the values.
        """
        total, products = sums.one, sums.two
        by_weight = (products - self.mean.double() * total) * self.rate
        a = (self.weight * self.rate).double()
        b = -a * self.rate * by_weight / self.count
        c = -a * total / self.count - b * self.mean
        return a.float(), b.float(), c.float(), by_weight.float(), total.float()


class _Sums:
    """Sums over steps, in double precision across chunks."""

    def __init__(self, channels: int) -> None:
        self.one, self.two = (torch.zeros(channels, dtype=torch.float64) for _ in range(2))

    def add(self, one: torch.Tensor, other: torch.Tensor) -> None:
        """Add a chunk, (4, rows, C), and its product with another."""
        ones = one.new_ones(TILE, 1, one.shape[1])  # products of matrices: a sum over strided rows is slow
        self.one += torch.bmm(ones, one).sum(dim=(0, 1))
        self.two += torch.bmm(ones, one * other).sum(dim=(0, 1))

    def moments(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and variance of values that were added with themselves."""
        mean = self.one / count
        return mean.float(), (self.two / count - mean.square()).clamp_min(0).float()


def _columns(raw: torch.Tensor, layout: Layout, taps: int) -> Iterator[torch.Tensor]:
    """Yield, by phase, what the first layer sees for s = 0, 4, 8...: (N, taps * C)."""
    batch, channels, steps = raw.shape
    before = 2 + (taps - 1) // 2
    length = TILE * layout.rows + taps
    padded = raw.new_zeros(batch, length, channels)
    padded[:, before : before + steps] = raw.mT
    size = (batch, layout.rows, taps * channels)
    for phase in range(TILE):
        seen = padded.as_strided(size, (length * channels, TILE * channels, 1), phase * channels)
        yield seen.reshape(layout.tiles, taps * channels)


Moments = tuple[torch.Tensor, torch.Tensor]


class FastEncoder(torch.autograd.Function):
    """Three convolutions, each with batch norm and ReLU, and the mean over time: (B, C, T) -> (B, 128).

    Values of the layers lie as `Layout` says, with shifts of 2, 1 and 0 steps, which is what the padding of the
    next layer's convolution asks for (5 and 3 taps). Biases of the convolutions are left out, for batch norm takes
    them away: they have no derivative.
    """

    @staticmethod
    def forward(
        ctx: Any, raw: torch.Tensor, running: Sequence[Moments] | None, eps: float, *weights: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Return the means over time, and mean and variance of each layer's values.

        Args:
            ctx: autograd's.
            raw: (B, C, T).
            running: of each layer, to be used in place of the batch's own.
            eps: of the batch norms.
            weights: of each layer the convolution's (O, C, taps), the batch norm's and its bias.
        """
        layout = Layout(raw.shape[0], raw.shape[2])
        count = layout.batch * layout.steps
        norms: list[_Norm] = []

        def normed(values: torch.Tensor, sums: _Sums) -> torch.Tensor:
            at = len(norms)
            moments = sums.moments(count) if running is None else running[at]
            norms.append(_Norm(weights[3 * at + 1], weights[3 * at + 2], *moments, count, eps))
            return values

        first = normed(*_first(raw, weights[0], layout))
        one = _rectified(norms[0], first, layout, 2)
        second = normed(*_second(one, weights[3], layout))
        two = _rectified(norms[1], second, layout, 1)
        third = normed(*_third(two, weights[6], layout))
        pooled = _means(norms[2], third, layout)
        if any(ctx.needs_input_grad):
            ctx.save_for_backward(raw, weights[0], weights[3], weights[6], first, one, second, two, third)
            ctx.layout, ctx.norms = layout, norms
        moments = [m for norm in norms for m in (norm.mean, norm.variance)]
        ctx.mark_non_differentiable(*moments)
        return pooled, *moments

    @staticmethod
    def backward(ctx: Any, *outer: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the derivatives by the weights; there is none by the series."""
        raw, w1, w2, w3, first, one, second, two, third = ctx.saved_tensors
        layout, norms = ctx.layout, ctx.norms
        slope, *by3 = _third_back(outer[0], third, two, w3, norms[2], layout)
        _open(slope, two, layout)
        slope, *by2 = _second_back(slope, second, one, w2, norms[1], layout)
        _open(slope, one, layout)
        by1 = _first_back(slope, first, raw, w1, norms[0], layout)
        return None, None, None, *by1, *by2, *by3


def _rectified(norm: _Norm, values: torch.Tensor, layout: Layout, shift: int) -> torch.Tensor:
    found = torch.empty_like(values)
    for rows in layout.chunks():
        layout.clear(norm.rectified(values[:, rows], found[:, rows]), shift)
    found[:, -1] = 0
    return found


def _means(norm: _Norm, values: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Means over time of what is rectified, (B, C)."""
    found = values.new_empty(layout.batch, values.shape[2])
    for rows in layout.chunks():
        part = layout.clear(norm.rectified(values[:, rows]), 0).sum(dim=0).view(-1, layout.rows, values.shape[2])
        ones = part.new_full((len(part), 1, layout.rows), 1 / layout.steps)
        found[layout.series(rows)] = torch.bmm(ones, part)[:, 0]
    return found


def _first(raw: torch.Tensor, weight: torch.Tensor, layout: Layout) -> tuple[torch.Tensor, _Sums]:
    outside, _, taps = weight.shape
    found, kernel = layout.empty(outside, raw), weight.permute(2, 1, 0).reshape(-1, outside)
    for phase, seen in enumerate(_columns(raw, layout, taps)):
        torch.mm(seen, kernel, out=found[phase, :-1])
    found[:, -1] = 0
    sums = _Sums(outside)
    for rows in layout.chunks():
        part = layout.clear(found[:, rows], 2)
        sums.add(part, part)
    return found, sums


def _second(one: torch.Tensor, weight: torch.Tensor, layout: Layout) -> tuple[torch.Tensor, _Sums]:
    found, tiles, sums = layout.empty(len(weight), one), Tiles(weight, layout), _Sums(len(weight))
    found[0, 0] = 0
    for rows in layout.chunks():
        made = layout.clear(tiles.forward(one, rows), 0)
        sums.add(made, made)
        found[1:, rows] = made[:3]
        found[0, next_row(rows)] = made[3]
    found[1:, -1] = 0
    return found, sums


def _third(two: torch.Tensor, weight: torch.Tensor, layout: Layout) -> tuple[torch.Tensor, _Sums]:
    found, tiles, sums = layout.empty(len(weight), two), Tiles(weight, layout), _Sums(len(weight))
    for rows in layout.chunks():
        made = layout.clear(tiles.forward(two, rows, into=found[:, rows]), 0)
        sums.add(made, made)
    found[:, -1] = 0
    return found, sums


def _third_back(
    outer: torch.Tensor,
    values: torch.Tensor,
    seen: torch.Tensor,
    weight: torch.Tensor,
    norm: _Norm,
    layout: Layout,
) -> tuple[torch.Tensor, ...]:
    """Derivatives by what the layer saw, by the convolution, by the norm's weight and bias."""
    each = outer / layout.steps

    def opened(rows: slice) -> torch.Tensor:
        part = norm.rectified(values[:, rows])
        kept = each[layout.series(rows)].repeat_interleave(layout.rows, dim=0).expand_as(part)
        return layout.clear(_through(kept, part, into=part), 0)

    sums = _Sums(values.shape[2])
    for rows in layout.chunks():
        sums.add(opened(rows), values[:, rows])
    a, b, c, *by_norm = norm.slopes(sums)
    tiles, into = Tiles(weight, layout), torch.zeros_like(seen)
    for rows in layout.chunks():
        part = opened(rows).mul_(a).addcmul_(values[:, rows], b).add_(c)
        tiles.backward(seen, layout.clear(part, 0), into, rows)
    return into, tiles.weight_grad(), *by_norm


def _second_back(
    slope: torch.Tensor,
    values: torch.Tensor,
    seen: torch.Tensor,
    weight: torch.Tensor,
    norm: _Norm,
    layout: Layout,
) -> tuple[torch.Tensor, ...]:
    """The same of the second layer, whose values are turned by a step."""

    def turned(values: torch.Tensor, rows: slice) -> torch.Tensor:
        return torch.cat([values[1:, rows], values[:1, next_row(rows)]])

    a, b, c, *by_norm = norm.slopes(_products(slope, values, layout))
    tiles, into = Tiles(weight, layout), torch.zeros_like(seen)
    for rows in layout.chunks():
        part = turned(slope, rows).mul_(a).addcmul_(turned(values, rows), b).add_(c)
        tiles.backward(seen, layout.clear(part, 0), into, rows)
    return into, tiles.weight_grad(), *by_norm


def _first_back(
    slope: torch.Tensor, values: torch.Tensor, raw: torch.Tensor, weight: torch.Tensor, norm: _Norm, layout: Layout
) -> tuple[torch.Tensor, ...]:
    """Derivatives by the convolution, by the norm's weight and bias; `slope` is overwritten."""
    a, b, c, *by_norm = norm.slopes(_products(slope, values, layout))
    for rows in layout.chunks():
        layout.clear(slope[:, rows].mul_(a).addcmul_(values[:, rows], b).add_(c), 2)
    outside, channels, taps = weight.shape
    grad = weight.new_zeros(taps * channels, outside)
    for seen, part in zip(_columns(raw, layout, taps), slope, strict=True):
        grad.addmm_(seen.T, part[:-1])
    return grad.view(taps, channels, outside).permute(2, 1, 0), *by_norm


def _products(slope: torch.Tensor, values: torch.Tensor, layout: Layout) -> _Sums:
    sums = _Sums(values.shape[2])
    for rows in layout.chunks():
        sums.add(slope[:, rows], values[:, rows])
    return sums


def _open(slope: torch.Tensor, rectified: torch.Tensor, layout: Layout) -> None:
    """Let derivatives through where ReLU did, in place."""
    for rows in layout.chunks():
        _through(slope[:, rows], rectified[:, rows], into=slope[:, rows])


def _through(slope: torch.Tensor, rectified: torch.Tensor, into: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = torch.ops.aten.threshold_backward.grad_input(slope, rectified, 0, grad_input=into)
    return found
