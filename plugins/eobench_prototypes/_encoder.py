"""The encoder of deformable prototypes."""

from __future__ import annotations

import torch
from torch import nn

from eobench_prototypes._fast_encoder import FastEncoder, Moments

FEATURES = 128
FILTERS = ((128, 8), (256, 5), (128, 3))
"""Filters of each layer, and their steps."""


class Encoder(nn.Module):
    """Three convolutions (128, 256, 128 filters of 8, 5, 3 steps), batch norm, ReLU; mean over time; linear.

    "Same" padding; of the even kernel's seven steps three stand before and four after (torch's rule). On
    processors the same numbers come from `FastEncoder`.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for after, kernel in FILTERS:
            if kernel % 2 == 0:  # torch's own "same" warns, and pads so
                layers.append(nn.ConstantPad1d((kernel // 2 - 1, kernel // 2), 0.0))
            inside = kernel // 2 if kernel % 2 else 0
            layers += [
                nn.Conv1d(before, after, kernel, padding=inside),
                nn.BatchNorm1d(after),
                nn.ReLU(inplace=True),
            ]
            before = after
        self.layers = nn.Sequential(*layers)
        self.last = nn.Linear(before, FEATURES)

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        """Return (B, 128) of (B, C, T)."""
        if self.training and raw.shape[0] * raw.shape[2] == 1:
            raw = torch.cat([raw, raw])  # batch norm needs two values
            return self._encoded(raw)[:1]
        return self._encoded(raw)

    def _encoded(self, raw: torch.Tensor) -> torch.Tensor:
        learning = torch.is_grad_enabled()
        exact = raw.dtype == torch.float32 and not torch.is_autocast_enabled(raw.device.type)
        fast = raw.device.type == "cpu" and exact and (self.training or not learning)
        features: torch.Tensor = self.last(self._fast(raw) if fast else self.layers(raw).mean(dim=2))
        return features

    def _fast(self, raw: torch.Tensor) -> torch.Tensor:
        convolutions = [layer for layer in self.layers if isinstance(layer, nn.Conv1d)]
        norms = [layer for layer in self.layers if isinstance(layer, nn.BatchNorm1d)]
        pairs = list(zip(convolutions, norms, strict=True))
        weights = [w for c, n in pairs for w in (c.weight, n.weight, n.bias)]
        running = None if self.training else [_running(c, n) for c, n in pairs]
        pooled: torch.Tensor
        pooled, *moments = FastEncoder.apply(raw, running, norms[0].eps, *weights)
        if self.training:
            count = raw.shape[0] * raw.shape[2]
            for (convolution, norm), mean, variance in zip(pairs, moments[::2], moments[1::2], strict=True):
                _follow(convolution, norm, mean, variance * (count / (count - 1)))
        return pooled


def _running(convolution: nn.Conv1d, norm: nn.BatchNorm1d) -> Moments:
    """Running mean and variance of what the convolution gives without its bias."""
    mean, variance, bias = norm.running_mean, norm.running_var, convolution.bias
    if mean is None or variance is None or bias is None:
        raise RuntimeError("the encoder's layers have running statistics and biases")
    return mean - bias, variance


@torch.no_grad()
def _follow(convolution: nn.Conv1d, norm: nn.BatchNorm1d, mean: torch.Tensor, variance: torch.Tensor) -> None:
    """Let the running statistics follow a batch's, as batch norm does."""
    bias, share = convolution.bias, norm.momentum
    if norm.running_mean is None or norm.running_var is None or bias is None or share is None:
        raise RuntimeError("the encoder's layers have running statistics and biases")
    norm.running_mean.lerp_(mean + bias, share)
    norm.running_var.lerp_(variance, share)
    if norm.num_batches_tracked is not None:
        norm.num_batches_tracked += 1
