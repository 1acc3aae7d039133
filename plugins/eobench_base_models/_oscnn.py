"""OS-CNN (Tang et al. 2022): convolutions of all prime lengths, so that every receptive field is there."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from eobench.plugin import BaseModel
from eobench_base_models._network import HeadedNetwork
from eobench_base_models.options import whole

LAST_LENGTHS = (1, 2)


class OSCNN(BaseModel):
    """Omni-scale CNN on series (Tang, Long, Liu, Zhou, Blumenstein, Jiang, ICLR 2022; METHODS 5.3).

    A layer holds convolutions of the lengths 1, 2, 3, 5, 7, ... up to min(T / 4, `longest`), as many filters of
    each as its budget of weights allows, batch norm and ReLU. One band: two such layers (`first_budget`,
    `second_budget`), a last one of lengths 1 and 2, mean over time, linear head; D is the last layer's width.
    Several bands: each has two layers of its own, which together give at most `channel_limit` channels, and
    another three layers see all of them (`first_budget` once for each of their channels, half of
    `second_budget`), as in the official multivariate form, which AgriITSC uses. For PASTIS (T 406, C 10,
    K 19) 4,709,994 parameters; the paper's 4,729 thousand count ten linear layers besides, which its forward
    never uses.

    The convolutions of a layer are one, of the greatest length, whose weights are zero beyond each filter's own:
    the mask is a buffer. Zeros are not all computed: filters go together with those of up to twice their length,
    with the same numbers. Bands are groups of one convolution. Deviations: the recipe (Adam 1e-3, plateau,
    batches of 16, up to 2000 epochs) is the method's; a layer has one filter of each length at least, where the
    official code stops on budgets that allow none.
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, T) series and K outputs."""
        return OSCNNNetwork(
            shape[0],
            shape[1],
            outputs,
            first=whole(self.params, "first_budget"),
            second=whole(self.params, "second_budget"),
            longest=whole(self.params, "longest"),
            limit=whole(self.params, "channel_limit"),
        )


@dataclass(frozen=True, slots=True)
class Layer:
    """What a layer is made of.

    Attributes:
        channels: of its input, for each group.
        filters: of each length.
        lengths: of its convolutions.
    """

    channels: int
    filters: int
    lengths: tuple[int, ...]

    @property
    def width(self) -> int:
        """Channels that it gives, for each group."""
        return self.filters * len(self.lengths)


def one_and_primes(longest: int) -> tuple[int, ...]:
    """Return 1 and all primes up to `longest`."""
    return tuple(n for n in range(1, max(1, longest) + 1) if all(n % d for d in range(2, n)))


def plan_layers(channels: int, longest: int, first: int, second: int) -> list[Layer]:
    """Return three layers for inputs of some channels.

    Args:
        channels: of the input.
        longest: convolution of the first two layers.
        first: weights of the first layer, for each channel of the input.
        second: weights of the second layer.
    """
    lengths = one_and_primes(longest)
    total = sum(lengths)
    one = Layer(channels, max(1, first // total), lengths)
    two = Layer(one.width, max(1, second // (one.width * total)), lengths)
    return [one, two, Layer(two.width, one.width, LAST_LENGTHS)]


class OSCNNNetwork(HeadedNetwork):
    """The network of `OSCNN`.

    Args:
        channels: C.
        steps: T.
        outputs: K.
        first: weights of the first layer for each channel of its input.
        second: weights of the second layer.
        longest: convolution, at most; T / 4 where that is less.
        limit: channels that the layers of single bands give together, at most (but one of each length).
    """

    def __init__(
        self, channels: int, steps: int, outputs: int, *, first: int, second: int, longest: int, limit: int
    ) -> None:
        super().__init__()
        reach = max(1, min(steps // 4, longest))
        layers = plan_layers(1, reach, first, second)
        self.bands = nn.ModuleList()
        if channels > 1:
            one, two, _ = layers
            if channels * two.width > limit:
                two = Layer(two.channels, max(1, limit // (channels * len(two.lengths))), two.lengths)
            self.bands.extend(OSConv(layer, groups=channels) for layer in (one, two))
            layers = plan_layers(channels * two.width, reach + 1, first, second // 2)
        self.layers = nn.ModuleList(OSConv(layer) for layer in layers)
        self.head = nn.Linear(layers[-1].width, outputs)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean over time of the last layer, (B, D)."""
        for layer in (*self.bands, *self.layers):
            x = layer(x)
        return x.mean(dim=2)


class OSConv(nn.Module):
    """Convolutions of several lengths at once, batch norm, ReLU: (B, groups * channels, T) -> (B, D, T).

    Each filter starts as a convolution of its own length would, and stays zero beyond it. The output has T steps
    ("same" padding, an even length reaching one step further forward).

    Args:
        layer: lengths and widths, of each group.
        groups: equal parts of the channels, each with filters of its own.
    """

    mask: torch.Tensor

    def __init__(self, layer: Layer, groups: int = 1) -> None:
        super().__init__()
        greatest = max(layer.lengths)
        self.before, self.groups = (greatest - 1) // 2, groups
        self.layer, self.blocks = layer, _blocks(layer)
        mask, bound = torch.zeros(layer.width, 1, greatest), torch.zeros(layer.width)
        for i, length in enumerate(layer.lengths):
            own = slice(i * layer.filters, (i + 1) * layer.filters)
            start = self.before - (length - 1) // 2
            mask[own, :, start : start + length] = 1
            bound[own] = (layer.channels * length) ** -0.5
        mask, bound = mask.repeat(groups, 1, 1), bound.repeat(groups)
        self.register_buffer("mask", mask, persistent=False)
        drawn = torch.rand(len(bound), layer.channels, greatest) * 2 - 1
        self.weight = nn.Parameter(drawn * bound[:, None, None] * mask)
        self.bias = nn.Parameter((torch.rand(len(bound)) * 2 - 1) * bound)
        self.norm = nn.BatchNorm1d(len(bound))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the layer's output."""
        groups, width = self.groups, self.layer.width
        weight, bias = (
            (self.weight * self.mask).view(groups, width, -1, self.mask.shape[2]),
            self.bias.view(groups, -1),
        )
        parts = []
        for filters, length in self.blocks:
            before = (length - 1) // 2
            taps = slice(self.before - before, self.before - before + length)
            part = functional.conv1d(
                functional.pad(x, (before, length // 2)),
                weight[:, filters, :, taps].flatten(0, 1),
                bias[:, filters].flatten(),
                groups=groups,
            )
            parts.append(part.view(len(x), groups, -1, x.shape[2]))
        return functional.relu(self.norm(torch.cat(parts, dim=2).flatten(1, 2)))


def _blocks(layer: Layer) -> list[tuple[slice, int]]:
    """Return which filters of a group are computed together, and their greatest length.

    Going down from the longest, a block ends where a filter has no more than half of its greatest length.
    """
    found: list[tuple[slice, int]] = []
    end = len(layer.lengths)
    while end:
        greatest = layer.lengths[end - 1]
        start = next(i for i, length in enumerate(layer.lengths) if 2 * length > greatest)
        found.insert(0, (slice(start * layer.filters, end * layer.filters), greatest))
        end = start
    return found
