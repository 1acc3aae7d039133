"""Parts of U-TAE: convolutions of its two paths, and image series of which some images are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

NORM_GROUPS = 4


class Convolutions(nn.Module):
    """3x3 convolutions over reflected borders, each with a norm and ReLU.

    Args:
        widths: of the input and of each convolution.
        norm: `group` (4 groups) sees each image alone, `batch` all together.
    """

    def __init__(self, widths: tuple[int, ...], norm: Literal["group", "batch"]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(len(widths) - 1):
            layers += [
                nn.Conv2d(widths[i], widths[i + 1], 3, padding=1, padding_mode="reflect"),
                _norm(norm, widths[i + 1]),
                nn.ReLU(),
            ]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last one's output."""
        seen: torch.Tensor = self.layers(x)
        return seen


class Down(nn.Module):
    """Half the size: a strided convolution, another one, and a third beside its input.

    Args:
        channels: of the input.
        width: of the output.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.shrink = nn.Sequential(
            nn.Conv2d(channels, channels, 4, stride=2, padding=1, padding_mode="reflect"),
            _norm("group", channels),
            nn.ReLU(),
        )
        self.first = Convolutions((channels, width), "group")
        self.second = Convolutions((width, width), "group")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return maps of half the size."""
        seen: torch.Tensor = self.first(self.shrink(x))
        more: torch.Tensor = self.second(seen)
        return seen + more


class Up(nn.Module):
    """Twice the size, joined with the encoder's maps of that size.

    Args:
        channels: of the coarser maps.
        width: of the output.
        skipped: channels of the encoder's maps.
    """

    def __init__(self, channels: int, width: int, skipped: int) -> None:
        super().__init__()
        self.skip = nn.Sequential(nn.Conv2d(skipped, skipped, 1), nn.BatchNorm2d(skipped), nn.ReLU())
        self.grow = nn.Sequential(
            nn.ConvTranspose2d(channels, width, 4, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.first = Convolutions((width + skipped, width), "batch")
        self.second = Convolutions((width, width), "batch")

    def forward(self, x: torch.Tensor, skipped: torch.Tensor) -> torch.Tensor:
        """Return maps of the skipped maps' size."""
        seen: torch.Tensor = self.first(torch.cat([self.grow(x), self.skip(skipped)], dim=1))
        more: torch.Tensor = self.second(seen)
        return seen + more


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The images of a batch of series that hold anything, and where they stand.

    Attributes:
        observed: (M, C, H, W) images that are not all 0.
        missing: (B, T) True where an image is all 0.
    """

    observed: torch.Tensor
    missing: torch.Tensor

    @classmethod
    def of(cls, x: torch.Tensor) -> Frames:
        """Return the images of (B, T, C, H, W) series; where all are 0, none counts as missing."""
        missing = (x == 0).flatten(2).all(dim=2)
        if missing.all():
            missing = torch.zeros_like(missing)
        flat = x.flatten(0, 1)
        return cls(flat[~missing.flatten()] if missing.any() else flat, missing)

    def series(self, maps: torch.Tensor) -> torch.Tensor:
        """Return maps of the observed images as (B, T, C, h, w), 0 where an image is missing."""
        full = maps
        if len(maps) < self.missing.numel():
            full = maps.new_zeros(self.missing.numel(), *maps.shape[1:])
            full[~self.missing.flatten()] = maps
        return full.view(*self.missing.shape, *maps.shape[1:])

    def gather(self, maps: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return the weighted sums over time, (B, C, h, w), every head weighing its own part of the channels.

        Step by step, so that memory stays that of the maps themselves.

        Args:
            maps: (M, C, h, w) of the observed images.
            weights: (B, heads, T, h', w') of a coarser level; they are resized.
        """
        count, heads, steps = weights.shape[:3]
        fine = functional.interpolate(
            weights.flatten(1, 2), size=maps.shape[-2:], mode="bilinear", align_corners=False
        ).view(count, heads, steps, 1, *maps.shape[-2:])
        series = self.series(maps).view(count, steps, heads, -1, *maps.shape[-2:])
        total: torch.Tensor = fine[:, :, 0] * series[:, 0]
        for step in range(1, steps):
            total = torch.addcmul(total, fine[:, :, step], series[:, step])
        return total.flatten(1, 2)


def _norm(kind: Literal["group", "batch"], width: int) -> nn.Module:
    return nn.GroupNorm(NORM_GROUPS, width) if kind == "group" else nn.BatchNorm2d(width)
