"""The straightforward form: a 2-D thin-plate spline and a bicubic grid sample per prototype and series."""

from __future__ import annotations

import torch
from torch.nn import functional


class Straightforward(torch.nn.Module):
    """Distances as written down: the whole B x K x T x C grid, by autograd. In double precision until `.float()`.

    Args:
        steps: T.
        landmarks: M.
        share: of the distance between landmarks that one may move.
    """

    def __init__(self, steps: int, landmarks: int, share: float = 0.25) -> None:
        super().__init__()
        along = torch.linspace(-1, 1, landmarks + 2, dtype=torch.float64)
        points = torch.cat([torch.stack([torch.full_like(along, side), along], 1) for side in (-1.0, 1.0)])
        times = torch.linspace(-1, 1, steps, dtype=torch.float64)
        where = torch.stack([torch.full_like(times, -1.0), times], 1)
        ones = torch.cat([points.new_ones(len(points), 1), points], 1)
        system = points.new_zeros(len(points) + 3, len(points) + 3)
        system[: len(points), : len(points)] = self._kernel(points, points)
        system[: len(points), len(points) :] = ones
        system[len(points) :, : len(points)] = ones.T
        self.largest = 2 * share / (landmarks + 1)
        self.steps, self.landmarks = steps, landmarks
        self.register_buffer("points", points)
        self.register_buffer("inverse", torch.inverse(system))
        self.register_buffer(
            "where", torch.cat([self._kernel(where, points), points.new_ones(steps, 1), where], 1)
        )

    @staticmethod
    def _kernel(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        square = (one[:, None] - other[None]).square().sum(2)
        return 0.5 * square * torch.where(square > 0, square, 1.0).log()

    def forward(self, values, weight, prototypes, moves, offsets):
        """Return (B, K): `values` (B, C, T), `weight` (B, 1, T), `moves` (B, K, M), `offsets` (B, K, C)."""
        batch, channels, steps = values.shape
        count = len(prototypes)
        shift = functional.pad(moves.reshape(batch * count, -1) * self.largest, (1, 1))
        both = torch.cat([torch.stack([torch.zeros_like(shift), shift], 2)] * 2, 1) + self.points
        mapping = self.inverse @ functional.pad(both, (0, 0, 0, 3))
        grid = (self.where @ mapping).view(batch * count, steps, 1, 2)
        spread = prototypes[None].expand(batch, -1, -1, -1).reshape(batch * count, channels, steps, 1)
        sampled = functional.grid_sample(spread, grid, mode="bicubic", padding_mode="border", align_corners=True)
        rebuilt = sampled.view(batch, count, channels, steps) + offsets[..., None]
        return (weight[:, None] * (values[:, None] - rebuilt).square()).sum((2, 3))
