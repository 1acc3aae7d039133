"""Random views of a whole batch at once, on its device."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn.functional import affine_grid, grid_sample

from eobench.data import EobenchError


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How views of a sample differ from it.

    Attributes:
        jitter: of series, the most that time moves, as a share of their length.
        noise: of series, standard deviation of what is added to each band (half of it the same at all steps), in
            units of the standardised values.
        mask: of series, share of the steps that are set to 0, the mean.
        resize: of patches, the largest factor by which they are enlarged or made smaller.
    """

    jitter: float = 0.015
    noise: float = 0.1
    mask: float = 0.05
    resize: float = 1.25

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return one random view of each sample of a batch, (B, C, T) or (B, C, H, W).

        Raises:
            EobenchError: samples of another kind.
        """
        if x.ndim == 3:
            return series_view(x, self.jitter, self.noise, self.mask)
        if x.ndim == 4:
            return patch_view(x, self.resize)
        raise EobenchError(f"views are made of series or patches; these samples have shape {tuple(x.shape[1:])}")


def series_view(x: torch.Tensor, jitter: float, noise: float, mask: float) -> torch.Tensor:
    """Return series (B, C, T) moved in time, with noise in each band and masked steps.

    Each series moves by its own share of its length, between steps by linear interpolation; ends are held. Noise
    is a constant of each band and one of each step, of equal variance.
    """
    batch, channels, steps = x.shape
    if jitter > 0 and steps > 1:
        shift = (torch.rand(batch, 1, device=x.device) * 2 - 1) * (jitter * steps)
        when = (torch.arange(steps, device=x.device) + shift).clamp(0, steps - 1)
        before = when.floor().long().clamp(max=steps - 2)
        part = (when - before)[:, None]
        index = before[:, None].expand(-1, channels, -1)
        x = torch.lerp(x.gather(2, index), x.gather(2, index + 1), part.to(x))
    if noise > 0:
        size = noise / math.sqrt(2)
        x = x + size * torch.randn_like(x) + size * torch.randn(batch, channels, 1, device=x.device)
    if mask > 0:
        x = x * (torch.rand(batch, 1, steps, device=x.device) >= mask)
    return x


def patch_view(x: torch.Tensor, resize: float) -> torch.Tensor:
    """Return patches (B, C, H, W) turned by any angle, mirrored or not, and resized about their centres.

    One affine map a patch, bilinear, mirrored beyond the border: the centre, whose label a patch has, stays.
    """
    batch = len(x)
    angle = torch.rand(batch, device=x.device) * (2 * math.pi)
    scale = torch.exp((torch.rand(batch, device=x.device) * 2 - 1) * math.log(resize))
    mirror = torch.randint(0, 2, (batch,), device=x.device) * 2 - 1
    sine, cosine = angle.sin() * scale, angle.cos() * scale
    zero = torch.zeros_like(angle)
    rows = torch.stack([cosine * mirror, -sine, zero, sine * mirror, cosine, zero], dim=1)
    grid = affine_grid(rows.view(batch, 2, 3).to(x), list(x.shape), align_corners=False)
    return grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
