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
PUBLISHED_WIDTH = 64
"""Channels of the first stage of VGG-16 and ResNet-18."""


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
    `width=64` is the library's own network; with another width each layer has `width` / 64 of its channels.
    Images whose sides are no multiple of 32 are padded by their border and cut again.
    """

    encoder = ""

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, H, W) images and maps of K classes."""
        return EncoderUNetNetwork(self.encoder, shape[0], outputs, width=whole(self.params, "width"))


class VGG16UNet(EncoderUNet):
    """`vgg16unet`: 23.7 million parameters."""

    encoder = "vgg16"


class ResNet18UNet(EncoderUNet):
    """U-Net over ResNet-18: 14.3 million parameters."""

    encoder = "resnet18"


class EncoderUNetNetwork(DenseNetwork):
    """The network of `EncoderUNet`.

    Args:
        encoder: its name in the library.
        channels: C.
        outputs: K.
        width: channels of the encoder's first stage.
    """

    def __init__(self, encoder: str, channels: int, outputs: int, *, width: int = PUBLISHED_WIDTH) -> None:
        super().__init__()
        try:
            import segmentation_models_pytorch as library  # type: ignore[import-untyped]
        except ImportError as error:  # pragma: no cover - a dependency of this distribution
            raise ParameterError(f"{encoder}-unet needs segmentation-models-pytorch: {error}") from error
        published = width == PUBLISHED_WIDTH
        with torch.device("cpu" if published else "meta"):  # of a narrower one only the structure is wanted
            drawn: Any = library.Unet(encoder, encoder_weights=None, in_channels=channels, classes=outputs)
        if not published:
            _narrow(drawn.encoder, width, inputs=channels)
            _narrow(drawn.decoder, width)
            _narrow(drawn.segmentation_head, width, outputs=outputs)
        self.encoder, self.decoder = drawn.encoder, drawn.decoder
        self.head = drawn.segmentation_head

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        """Return the decoder's last maps, (B, 16, H, W)."""
        height, width = x.shape[-2:]
        seen: torch.Tensor = self.decoder(self.encoder(_padded(x, ENCODER_STRIDE, 2 * ENCODER_STRIDE)))
        return seen[:, :, :height, :width]


def _narrow(module: nn.Module, width: int, *, inputs: int = 0, outputs: int = 0) -> None:
    """Replace the layers of a part of a network by fresh ones with `width` / 64 of their channels.

    Weights are drawn as torchvision draws those of both encoders (He et al.): normal, by the number of outputs.

    Args:
        module: an encoder, a decoder or a head; changed in place.
        width: of the first stage.
        inputs: channels of an image, which stay; 0: this part sees none.
        outputs: classes, which stay; 0: this part gives none.
    """

    def fewer(count: int, whole_of: int) -> int:
        return count if count == whole_of else max(1, count * width // PUBLISHED_WIDTH)

    for name, layer in list(module.named_modules()):
        fresh: nn.Module
        if isinstance(layer, nn.Conv2d):
            seen, given = fewer(layer.in_channels, inputs), fewer(layer.out_channels, outputs)
            size, stride, padding = layer.kernel_size, layer.stride, layer.padding
            fresh = nn.Conv2d(seen, given, size, stride, padding, bias=layer.bias is not None)  # type: ignore[arg-type]
            nn.init.kaiming_normal_(fresh.weight, mode="fan_out", nonlinearity="relu")
            if fresh.bias is not None:
                nn.init.zeros_(fresh.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            fresh = nn.BatchNorm2d(fewer(layer.num_features, 0))
        else:
            continue
        owner, _, attribute = name.rpartition(".")
        setattr(module.get_submodule(owner), attribute, fresh)


def _pair(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU()
    )


def _padded(x: torch.Tensor, multiple: int, least: int = 0) -> torch.Tensor:
    """Continue the border to the right and below, up to multiples of `multiple`, at least `least`."""
    height, width = x.shape[-2:]
    more = [max(least, -(-side // multiple) * multiple) - side for side in (width, height)]
    return functional.pad(x, (0, more[0], 0, more[1]), mode="replicate") if any(more) else x
