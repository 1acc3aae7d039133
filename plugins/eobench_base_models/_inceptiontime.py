"""InceptionTime (Ismail Fawaz et al. 2020), with every layer registered and trained."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from eobench.plugin import BaseModel
from eobench_base_models._network import HeadedNetwork
from eobench_base_models.options import whole

RESIDUAL_EVERY = 3


class InceptionTime(BaseModel):
    """InceptionTime on series (Ismail Fawaz et al. 2020; base model of Patnala et al.).

    A module: 1x1 bottleneck, three convolutions of `kernel`, `kernel / 2`, `kernel / 4` (one added where even)
    beside max-pooling of 3 and a 1x1 convolution, concatenated, batch norm, ReLU. A residual connection (1x1
    convolution and batch norm) closes every third module. Mean over time, linear head. D = 4 * hidden.

    `hidden` is the number of filters of each of a module's four branches, as `hidden_dims` in BreizhCrops and
    `nb_filters` in the original: `inceptiontime[hidden=32,layers=6,kernel=40]` is the original network.

    Deviations from BreizhCrops, whose modules stood in plain Python lists so that only the head trained:
    everything is registered; residuals every third module as in the original, not around each; a bottleneck of
    `bottleneck` channels (original: 32; BreizhCrops: 1); no linear layer before the first module; logits
    instead of log-softmax. Series shorter than a kernel are fine: zeros stand beside them ("same" padding), and
    the taps that could only ever meet zeros are left out of the computation.
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, T) series and K outputs."""
        return InceptionTimeNetwork(
            shape[0],
            outputs,
            hidden=whole(self.params, "hidden"),
            layers=whole(self.params, "layers"),
            kernel=whole(self.params, "kernel"),
            bottleneck=whole(self.params, "bottleneck"),
        )


class InceptionTimeNetwork(HeadedNetwork):
    """The network of `InceptionTime`.

    Args:
        channels: C.
        outputs: K.
        hidden: filters a branch.
        layers: modules.
        kernel: longest kernel, in steps.
        bottleneck: channels of the bottleneck.
    """

    def __init__(
        self, channels: int, outputs: int, *, hidden: int, layers: int, kernel: int, bottleneck: int = 32
    ) -> None:
        super().__init__()
        width = 4 * hidden
        self.inceptions = nn.ModuleList(
            InceptionModule(channels if i == 0 else width, hidden, kernel, bottleneck) for i in range(layers)
        )
        self.shortcuts = nn.ModuleList(
            nn.Sequential(nn.Conv1d(channels if i == 0 else width, width, 1, bias=False), nn.BatchNorm1d(width))
            for i in range(layers // RESIDUAL_EVERY)
        )
        self.head = nn.Linear(width, outputs)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean over time of the last module, (B, 4 * hidden)."""
        start = x
        for i, inception in enumerate(self.inceptions):
            x = inception(x)
            if i % RESIDUAL_EVERY == RESIDUAL_EVERY - 1:
                x = functional.relu(x + self.shortcuts[i // RESIDUAL_EVERY](start))
                start = x
        return x.mean(dim=2)


class InceptionModule(nn.Module):
    """One module: (B, channels, T) -> (B, 4 * filters, T).

    Args:
        channels: of its input.
        filters: of each branch.
        kernel: longest kernel; the others are a half and a quarter of it; all are made odd.
        bottleneck: channels that the long convolutions see; there is none where the input has one channel.
    """

    def __init__(self, channels: int, filters: int, kernel: int, bottleneck: int) -> None:
        super().__init__()
        several = channels > 1
        self.bottleneck = nn.Conv1d(channels, bottleneck, 1, bias=False) if several else nn.Identity()
        seen = bottleneck if several else 1
        self.convolutions = nn.ModuleList(
            SameConv1d(seen, filters, odd(kernel // divisor)) for divisor in (1, 2, 4)
        )
        self.pool = nn.MaxPool1d(3, stride=1, padding=1)
        self.pooled = nn.Conv1d(channels, filters, 1, bias=False)
        self.norm = nn.BatchNorm1d(4 * filters)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the module's output."""
        narrow = self.bottleneck(x)
        branches = [convolution(narrow) for convolution in self.convolutions]
        branches.append(self.pooled(self.pool(x)))
        return functional.relu(self.norm(torch.cat(branches, dim=1)))


class SameConv1d(nn.Conv1d):
    """A convolution of odd length, without bias, zero-padded to keep T.

    With T steps only the 2T - 1 middle taps can meet data; the others are cut off before computing, which gives
    the same numbers (and zero gradients for them).
    """

    def __init__(self, channels: int, filters: int, kernel: int) -> None:
        super().__init__(channels, filters, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, filters, T)."""
        centre, reach = self.kernel_size[0] // 2, x.shape[-1] - 1
        if reach >= centre:
            return functional.conv1d(x, self.weight, padding=centre)
        return functional.conv1d(x, self.weight[:, :, centre - reach : centre + reach + 1], padding=reach)


def odd(kernel: int) -> int:
    """Return the kernel length itself where odd, else one more; at least 1."""
    return kernel + 1 - kernel % 2
