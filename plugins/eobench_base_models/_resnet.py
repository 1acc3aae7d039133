"""ResNet-18 (He et al. 2016) for small patches, any number of bands."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from eobench.plugin import BaseModel
from eobench_base_models._network import HeadedNetwork
from eobench_base_models.options import whole

STAGES, BLOCKS = 4, 2


class ResNet18(BaseModel):
    """ResNet-18 with a first convolution of stride 1, for the 21 x 21 patches of La Rosa et al. (METHODS 1.1).

    7 x 7 convolution, 3 x 3 maximum pooling of stride 2, four stages of two basic blocks of `width` to 8 `width`
    channels, mean over what is left. The paper states the stride alone: kernel and pooling are kept as they were,
    so 21 pixels become 11, 11, 6, 3 and 2. `width=64` is the paper's (106 patches a second on two cores); fewer
    channels learn in minutes. Weights are drawn (He, for ReLU), never fetched. D = 8 `width`.
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, H, W) patches and K outputs."""
        return ResNet18Network(
            shape[0], outputs, width=whole(self.params, "width"), first_stride=whole(self.params, "first_stride")
        )


class ResNet18Network(HeadedNetwork):
    """The network of `ResNet18`.

    Args:
        channels: C.
        outputs: K.
        width: channels of the first stage.
        first_stride: of the first convolution.
    """

    def __init__(self, channels: int, outputs: int, *, width: int, first_stride: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, width, 7, first_stride, 3, bias=False)
        self.stem_norm = nn.BatchNorm2d(width)
        widths = [width * 2**stage for stage in range(STAGES)]
        self.blocks = nn.Sequential(
            *(
                _Block(
                    widths[max(0, stage - 1)] if block == 0 else widths[stage],
                    widths[stage],
                    2 if stage and not block else 1,
                )
                for stage in range(STAGES)
                for block in range(BLOCKS)
            )
        )
        self.head = nn.Linear(widths[-1], outputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, 8 width), the mean over the last maps, of (B, C, H, W) patches."""
        x = functional.relu(self.stem_norm(self.stem(x)))
        x = functional.max_pool2d(x, 3, 2, 1)
        maps: torch.Tensor = self.blocks(x)
        return maps.mean(dim=(2, 3))


class _Block(nn.Module):
    """Two 3 x 3 convolutions and the way around them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.around: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.around = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, outputs, h, w)."""
        seen = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(seen)) + self.around(x))
