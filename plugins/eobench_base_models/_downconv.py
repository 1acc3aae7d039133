"""Downconv (Ramos-Pollan and Gonzalez): one strided convolution, one class map a quarter as fine."""

from __future__ import annotations

import torch
from torch import nn

from eobench.plugin import BaseModel, ParameterError
from eobench_base_models._network import DenseNetwork
from eobench_base_models.options import number, whole


class Downconv(BaseModel):
    """Convolution `kernel` x `kernel` with stride `stride`, ReLU, dropout, 1 x 1 convolution.

    `downconv` of Ramos-Pollan and Gonzalez, "Lightweight learning from label proportions on satellite imagery"
    (METHODS 3.2): kernel 4, stride 4, 96 filters (5,189 parameters for RGB and 5 classes, a 24 x 24 map of a 96 x
    96 chip), and for human population kernel 8, 32 filters (6,275 for 3 classes). No padding. It gives logits
    where theirs gives the softmax.
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, H, W) images and maps of K classes.

        Raises:
            ParameterError: the images are smaller than the kernel.
        """
        kernel = whole(self.params, "kernel")
        if min(shape[1:]) < kernel:
            raise ParameterError(f"downconv: images of {shape[1]} x {shape[2]} pixels are below kernel={kernel}")
        return DownconvNetwork(
            shape[0],
            outputs,
            filters=whole(self.params, "filters"),
            kernel=kernel,
            stride=whole(self.params, "stride"),
            dropout=number(self.params, "dropout"),
        )


class DownconvNetwork(DenseNetwork):
    """The network of `Downconv`.

    Args:
        channels: C.
        outputs: K.
        filters: of the convolution.
        kernel: its side.
        stride: between its places.
        dropout: of what it gives.
    """

    def __init__(
        self, channels: int, outputs: int, *, filters: int, kernel: int, stride: int, dropout: float
    ) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(channels, filters, kernel, stride), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Conv2d(filters, outputs, 1)

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, filters, h, w), h = (H - kernel) // stride + 1."""
        maps: torch.Tensor = self.down(x)
        return maps
