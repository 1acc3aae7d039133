"""U-Nets: a small one of our own, and those of segmentation-models-pytorch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from eobench.plugin import BaseModel, ParameterError
from eobench_base_models._network import DenseNetwork
from eobench_base_models.options import whole

LEVELS = 4
ENCODER_STRIDE = 32
"""Of the library's encoders of five stages."""


class UNet(BaseModel):
    """U-Net (Ronneberger et al. 2015) of four levels, `width` to 8 `width` channels.

    `customunet` of Ramos-Pollan and Gonzalez (METHODS 3.2) at `width=16`: two 3 x 3 convolutions with ReLU a
    level, max pooling, transposed 2 x 2 convolutions, no normalisation: 482,101 parameters for RGB and 5 classes.
    Images whose sides are no multiple of 8 are padded by their border and cut again.
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, H, W) images and maps of K classes."""
        return UNetNetwork(shape[0], outputs, width=whole(self.params, "width"))


class UNetNetwork(DenseNetwork):
    """The network of `UNet`.

    Args:
        channels: C.
        outputs: K.
        width: channels of the finest level.
    """

    def __init__(self, channels: int, outputs: int, *, width: int) -> None:
        super().__init__()
        widths = [width * 2**k for k in range(LEVELS)]
        self.downs = nn.ModuleList(_pair(a, b) for a, b in zip([channels, *widths[:-1]], widths, strict=True))
        self.lifts = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in reversed(widths[:-1]))
        self.ups = nn.ModuleList(_pair(2 * w, w) for w in reversed(widths[:-1]))
        self.head = nn.Conv2d(width, outputs, 1)

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, width, H, W)."""
        height, width = x.shape[-2:]
        x = _padded(x, 2 ** (LEVELS - 1))
        levels: list[torch.Tensor] = []
        for k, down in enumerate(self.downs):
            x = down(functional.max_pool2d(x, 2) if k else x)
            levels.append(x)
        levels.pop()
        for lift, up in zip(self.lifts, self.ups, strict=True):
            x = up(torch.cat([levels.pop(), lift(x)], dim=1))
        return x[:, :, :height, :width]


class EncoderUNet(BaseModel):
    """U-Net of segmentation-models-pytorch over an encoder of the library, not pre-trained (METHODS 3.2).

    Weights are drawn, never fetched: the papers' ImageNet weights would need a download and other channels.
    Images whose sides are no multiple of 32 are padded by their border and cut again.
    """

    encoder = ""

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, H, W) images and maps of K classes."""
        return EncoderUNetNetwork(self.encoder, shape[0], outputs)


class VGG16UNet(EncoderUNet):
    """`vgg16unet`: 23.7 million parameters."""

    encoder = "vgg16"


class ResNet18UNet(EncoderUNet):
    """U-Net over ResNet-18."""

    encoder = "resnet18"


class EncoderUNetNetwork(DenseNetwork):
    """The network of `EncoderUNet`.

    Args:
        encoder: its name in the library.
        channels: C.
        outputs: K.
    """

    def __init__(self, encoder: str, channels: int, outputs: int) -> None:
        super().__init__()
        try:
            import segmentation_models_pytorch as library  # type: ignore[import-untyped]
        except ImportError as error:  # pragma: no cover - a dependency of this distribution
            raise ParameterError(f"{encoder}-unet needs segmentation-models-pytorch: {error}") from error
        whole_network: Any = library.Unet(encoder, encoder_weights=None, in_channels=channels, classes=outputs)
        self.encoder, self.decoder = whole_network.encoder, whole_network.decoder
        self.head = whole_network.segmentation_head

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        """Return the decoder's last maps, (B, 16, H, W)."""
        height, width = x.shape[-2:]
        seen: torch.Tensor = self.decoder(self.encoder(_padded(x, ENCODER_STRIDE, 2 * ENCODER_STRIDE)))
        return seen[:, :, :height, :width]


def _pair(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU()
    )


def _padded(x: torch.Tensor, multiple: int, least: int = 0) -> torch.Tensor:
    """Continue the border to the right and below, up to multiples of `multiple`, at least `least`."""
    height, width = x.shape[-2:]
    more = [max(least, -(-side // multiple) * multiple) - side for side in (width, height)]
    return functional.pad(x, (0, more[0], 0, more[1]), mode="replicate") if any(more) else x
