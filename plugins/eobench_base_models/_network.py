"""What our families share: a network is `features` and a linear head, or `maps` and a convolution."""

from __future__ import annotations

import torch
from torch import nn


class HeadedNetwork(nn.Module):
    """A network whose logits are a linear map of its features.

    The papers' implementations end in log-softmax; ours give logits, since losses (`cross_entropy`, label
    proportions) need them for stability. Softmax of the one is the exponential of the other.

    Attributes:
        head: D -> K.
    """

    head: nn.Linear

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, D) features of a (B, C, T) float32 batch without NaN."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, K) logits."""
        logits: torch.Tensor = self.head(self.features(x))
        return logits


class DenseNetwork(nn.Module):
    """A network for maps, whose logits are a convolution of its last hidden maps.

    Attributes:
        head: (B, D, H, W) -> (B, K, H, W).
    """

    head: nn.Module

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last hidden maps, (B, D, H, W), of a float32 batch without NaN."""
        raise NotImplementedError

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, D) features: the mean over all pixels of the hidden maps."""
        return self.maps(x).mean(dim=(2, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, K, H, W) logits."""
        logits: torch.Tensor = self.head(self.maps(x))
        return logits
