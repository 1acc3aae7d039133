"""Lightweight temporal attention (Garnot and Landrieu 2020): a learned query a head, values split over heads."""

from __future__ import annotations

import math

import torch
from torch import nn

PERIOD = 1000.0
ATTENTION_DROPOUT = 0.1
_NO_ATTENTION = -1e4


class LightweightAttention(nn.Module):
    """Attention of one learned query a head over the steps of a series, without projected values.

    Head h sees channels h * d / H to (h + 1) * d / H as its values, and gets its weights from all d channels.
    Since the query is fixed within a batch, it is folded into the key's projection: H scores a step are computed
    instead of H * d_k keys, with the same numbers.

    Args:
        width: d, of a step.
        heads: H; must divide d.
        key: d_k, of keys and queries.
    """

    def __init__(self, width: int, heads: int, key: int) -> None:
        super().__init__()
        self.heads, self.key = heads, key
        self.query = nn.Parameter(torch.empty(heads, key))
        self.keys = nn.Linear(width, heads * key)
        self.dropout = nn.Dropout(ATTENTION_DROPOUT)
        nn.init.normal_(self.query, std=math.sqrt(2 / key))
        nn.init.normal_(self.keys.weight, std=math.sqrt(2 / key))

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scaled products of queries and keys, (N, T, H), of (N, T, d)."""
        query = self.query / math.sqrt(self.key)
        weight = torch.einsum("hk,hkd->hd", query, self.keys.weight.view(self.heads, self.key, -1))
        bias = (query * self.keys.bias.view(self.heads, self.key)).sum(dim=1)
        return nn.functional.linear(x, weight, bias)

    def forward(self, x: torch.Tensor, missing: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what the heads see, (N, d), and their weights, (N, H, T).

        Args:
            x: (N, T, d).
            missing: (N, T) True at steps that get no weight; a series that has no others gets equal weights.
        """
        scores = self.scores(x)
        if missing is not None:
            scores = scores.masked_fill(missing[:, :, None], _NO_ATTENTION)
        weights = self.dropout(scores.softmax(dim=1)).transpose(1, 2)
        values = x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)
        return torch.matmul(weights[:, :, None], values).flatten(1), weights


def head_positions(steps: int, width: int, heads: int) -> torch.Tensor:
    """Return (steps, width) sines and cosines of the positions 1 to T, the same for every head.

    Channel i of a head of width w turns at 1000 ** -(2 * (i // 2) / w), as in the official code.
    """
    own = width // heads
    channel = torch.arange(own)
    angle = torch.arange(1, steps + 1)[:, None] / PERIOD ** (2 * (channel // 2) / own)
    return torch.where(channel % 2 == 0, angle.sin(), angle.cos()).repeat(1, heads).float()
