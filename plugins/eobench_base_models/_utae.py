"""U-TAE (Garnot and Landrieu 2021): a U-Net over images whose time is gathered by attention."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from eobench.plugin import BaseModel, ParameterError
from eobench_base_models._attention import LightweightAttention, head_positions
from eobench_base_models._network import DenseNetwork
from eobench_base_models._utae_layers import Convolutions, Down, Frames, Up
from eobench_base_models.options import number, whole

LEVELS = 4
MULTIPLE = 2 ** (LEVELS - 1)
SMALLEST = 2 * MULTIPLE


class UTAE(BaseModel):
    """U-TAE on image series, one class a pixel (Garnot and Landrieu 2021; baseline of Vincent et al.).

    A convolutional encoder of four levels (`width`, `width`, `width`, 2 * `width`; group norm, strided
    convolutions) sees each image; at the coarsest level lightweight attention gathers time, pixel by pixel; its
    weights, resized, gather each finer level too, every head its own channels; a decoder (half, half, one, two
    times `width`; batch norm) goes back up. 1,087,260 parameters for PASTIS (C 10, K 20), the paper's 1,087
    thousand. Images whose values are all 0 are taken as missing and get no attention, as in the official code
    (`pad_value` 0): give `fill=zero`. D is the mean over pixels of the last hidden maps.

    Deviations: positions by the step's number, not its day; logits are not rectified at the end, as the
    official code does, since a class whose logits are all 0 would learn no more; images whose sides are no
    multiple of 8, or below 16, are padded by their border and cut again.
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (T, C, H, W) image series and maps of K classes.

        Raises:
            ParameterError: `heads` does not divide `d_model` and `width`, `width` is no multiple of 4, or the
                images are narrower than two pixels.
        """
        if min(shape[2:]) < 2:
            raise ParameterError(f"utae: images of {shape[2]} x {shape[3]} pixels; it takes 2 x 2 and larger")
        width, d_model = whole(self.params, "width"), whole(self.params, "d_model")
        heads = whole(self.params, "heads")
        if width % heads or d_model % heads or width % 4:
            raise ParameterError(
                f"utae: heads={heads} must divide width={width} and d_model={d_model}; width is a multiple of 4"
            )
        return UTAENetwork(
            shape[1],
            outputs,
            width=width,
            d_model=d_model,
            heads=heads,
            key=whole(self.params, "d_k"),
            dropout=number(self.params, "dropout"),
        )


class UTAENetwork(DenseNetwork):
    """The network of `UTAE`.

    Args:
        channels: C.
        outputs: K.
        width: of the three finer levels of the encoder.
        d_model: of the attention.
        heads: of the attention.
        key: d_k.
        dropout: of what the attention gathered.
    """

    def __init__(
        self, channels: int, outputs: int, *, width: int, d_model: int, heads: int, key: int, dropout: float
    ) -> None:
        super().__init__()
        encoder, decoder = (width, width, width, 2 * width), (width // 2, width // 2, width, 2 * width)
        self.inlet = Convolutions((channels, encoder[0], encoder[0]), "group")
        self.downs = nn.ModuleList(Down(encoder[i], encoder[i + 1]) for i in range(LEVELS - 1))
        self.time = TimeAttention(encoder[-1], d_model, heads, key, dropout)
        self.ups = nn.ModuleList(Up(decoder[i], decoder[i - 1], encoder[i - 1]) for i in range(LEVELS - 1, 0, -1))
        self.last = Convolutions((decoder[0], width // 2), "batch")
        self.head = nn.Sequential(
            nn.Conv2d(width // 2, outputs, 3, padding=1, padding_mode="reflect"), nn.BatchNorm2d(outputs)
        )

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last hidden maps, (B, width / 2, H, W), of (B, T, C, H, W) image series."""
        height, width = x.shape[-2:]
        frames = Frames.of(_padded(x))
        levels = [self.inlet(frames.observed)]
        for down in self.downs:
            levels.append(down(levels[-1]))
        seen, weights = self.time(frames.series(levels.pop()), frames.missing)
        for up, level in zip(self.ups, reversed(levels), strict=True):
            seen = up(seen, frames.gather(level, weights))
        maps: torch.Tensor = self.last(seen)
        return maps[:, :, :height, :width]


class TimeAttention(nn.Module):
    """Lightweight attention over time at each pixel: (B, T, C, h, w) -> (B, C, h, w) and weights.

    Args:
        channels: C.
        d_model: of a step in the attention.
        heads: of the attention; must divide C and `d_model`.
        key: d_k.
        dropout: of what was gathered.
    """

    def __init__(self, channels: int, d_model: int, heads: int, key: int, dropout: float) -> None:
        super().__init__()
        self.d_model, self.heads = d_model, heads
        self.in_norm, self.out_norm = nn.GroupNorm(heads, channels), nn.GroupNorm(heads, channels)
        self.widen, self.gather = nn.Linear(channels, d_model), nn.Linear(d_model, channels)
        self.attention = LightweightAttention(d_model, heads, key)
        self.gather_norm, self.dropout = nn.BatchNorm1d(channels), nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, missing: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the gathered maps and the weights, (B, H, T, h, w); `missing` is (B, T)."""
        count, steps, channels, height, width = x.shape
        pixels = x.permute(0, 3, 4, 2, 1).reshape(-1, channels, steps)
        series = self.widen(self.in_norm(pixels).transpose(1, 2))
        series = series + head_positions(steps, self.d_model, self.heads).to(x.device)
        hidden = missing.repeat_interleave(height * width, dim=0)
        seen, weights = self.attention(series, hidden)
        seen = self.out_norm(self.dropout(functional.relu(self.gather_norm(self.gather(seen)))))
        maps = seen.view(count, height, width, channels).permute(0, 3, 1, 2)
        return maps, weights.view(count, height, width, self.heads, steps).permute(0, 3, 4, 1, 2)


def _padded(x: torch.Tensor) -> torch.Tensor:
    """Continue the border to the right and below, up to sides that can be halved three times."""
    height, width = x.shape[-2:]
    more = [max(SMALLEST, -(-side // MULTIPLE) * MULTIPLE) - side for side in (width, height)]
    if not any(more):
        return x
    padded = functional.pad(x.flatten(0, 1), (0, more[0], 0, more[1]), mode="replicate")
    return padded.view(*x.shape[:2], *padded.shape[1:])
