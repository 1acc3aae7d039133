"""ResMLP: the encoder of one date of one sensor, and its projector (METHODS 2.1)."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

BLOCKS = 4
"""Residual blocks of two linear layers each: the paper's eight layers."""


class ResMLP(nn.Module):
    """The backbone of Patnala et al. in the form of their code: 598,016 parameters for 12 bands at width 256.

    Linear, four residual blocks (batch norm, linear, ReLU, linear), batch norm, ReLU, linear. The paper's "~550K"
    matches neither this nor the form without its last three layers (531,712). Dropout is 0 there, so left out.

    Args:
        channels: C bands of a date.
        width: of all layers.
        outputs: of the result; None: the width.
    """

    def __init__(self, channels: int, width: int = 256, outputs: int | None = None) -> None:
        super().__init__()
        self.first = nn.Linear(channels, width)
        self.blocks = nn.ModuleList(_block(width) for _ in range(BLOCKS))
        self.last = nn.Sequential(nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, outputs or width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, outputs) of (B, C)."""
        hidden = self.first(x)
        for block in self.blocks:
            hidden = hidden + block(hidden)
        return cast("torch.Tensor", self.last(hidden))


class DateEncoder(nn.Module):
    """A backbone that takes raw values: they are standardised by statistics that it carries.

    Args:
        channels: C bands of a date.
        width: of all layers.
        outputs: of the result; None: the width.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, channels: int, width: int = 256, outputs: int | None = None) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        self.backbone = ResMLP(channels, width, outputs)
        self.outputs = outputs or width

    def standardise(self, values: torch.Tensor) -> torch.Tensor:
        """Return (B, C) raw values in the statistics' units."""
        return (values - self.mean) / self.deviation

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return (B, outputs) of raw values (B, C) without NaN."""
        return cast("torch.Tensor", self.backbone(self.standardise(values)))


def projector(width: int = 256) -> nn.Sequential:
    """Return the projector of pre-training, width -> width; it is not kept."""
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.BatchNorm1d(width), nn.Linear(width, width))


def _block(width: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm1d(width), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
