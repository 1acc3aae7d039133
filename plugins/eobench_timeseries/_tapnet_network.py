"""TapNet's network: convolutions of groups of bands and an LSTM, and an attention for each class."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

GROUPS = 3
CONVOLUTIONS = ((256, 8), (256, 5), (128, 3))
STATE, HIDDEN, EMBEDDING, ATTENTION = 128, 500, 300, 128
ROWS_AT_ONCE = 1024


def random_groups(channels: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return (3, int(C / 1.5)) band indices, drawn without repetition within a group; at least one band each."""
    width = max(1, int(channels / 1.5))
    return np.stack([np.sort(generator.permutation(channels)[:width]) for _ in range(GROUPS)])


class TapNetwork(nn.Module):
    """The embedding, and an attention for each class.

    The first convolution is a group's own; the others, and all normalisations, are shared by the groups, which
    gives the published number of parameters. The LSTM runs over the bands, whose features are their T values.

    Args:
        steps: T.
        classes: K.
        groups: (3, G) band indices.
    """

    groups: torch.Tensor

    def __init__(self, steps: int, classes: int, groups: NDArray[np.int64]) -> None:
        super().__init__()
        self.register_buffer("groups", torch.from_numpy(groups))
        (width, kernel), *others = CONVOLUTIONS
        self.first = nn.ModuleList(_convolution(groups.shape[1], width, kernel) for _ in groups)
        layers: list[nn.Module] = [nn.BatchNorm1d(width), nn.LeakyReLU()]
        for channels, kernel in others:
            layers += [_convolution(width, channels, kernel), nn.BatchNorm1d(channels), nn.LeakyReLU()]
            width = channels
        self.shared = nn.Sequential(*layers)
        self.recurrent = nn.LSTM(steps, STATE, batch_first=True)
        self.mapping = nn.Sequential(
            nn.Linear(len(groups) * width + STATE, HIDDEN),
            nn.BatchNorm1d(HIDDEN),
            nn.LeakyReLU(),
            nn.Linear(HIDDEN, EMBEDDING),
        )
        self.attention = nn.ModuleList(
            nn.Sequential(nn.Linear(EMBEDDING, ATTENTION), nn.Tanh(), nn.Linear(ATTENTION, 1))
            for _ in range(classes)
        )

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, 300) embeddings of (B, C, T) series."""
        branches = zip(self.groups, self.first, strict=True)
        seen = [self.shared(own(x[:, bands])).mean(dim=2) for bands, own in branches]
        seen.append(self.recurrent(x)[0].mean(dim=1))
        embedded: torch.Tensor = self.mapping(torch.cat(seen, dim=1))
        return embedded

    def batch_logits(
        self, x: torch.Tensor, labels: torch.Tensor, *, kernel: bool, apart: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (B, k) logits over the classes of a batch, and each series' place among them.

        Args:
            x: (B, C, T).
            labels: (B,).
            kernel: logits are exp(-d^2 / 2) instead of -d^2.
            apart: compare a series with its class's prototype without itself, where the class has others.
        """
        embedded = self.features(x)
        present, targets = torch.unique(labels, return_inverse=True)
        own = torch.eye(len(x), dtype=torch.bool, device=x.device)
        distances = []
        for place, k in enumerate(present.tolist()):
            mine = targets == place
            score = self.attention[k](embedded)[:, 0].masked_fill(~mine, -torch.inf)
            if apart and int(mine.sum()) > 1:
                weights = score.expand(len(x), -1).masked_fill(own, -torch.inf).softmax(dim=1)
            else:
                weights = score.softmax(dim=0)[None]
            distances.append((embedded - weights @ embedded).square().sum(dim=1))
        return as_logits(torch.stack(distances, dim=1), kernel=kernel), targets

    @torch.no_grad()
    def class_prototypes(self, series: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (k, 300) prototypes of the classes that have series, and those classes (k,)."""
        embedded = torch.cat([self.features(x) for x in torch.split(series, ROWS_AT_ONCE)])
        present = torch.unique(labels)
        found = []
        for k in present.tolist():
            mine = embedded[labels == k]
            found.append(self.attention[k](mine)[:, 0].softmax(dim=0) @ mine)
        return torch.stack(found), present


def as_logits(squares: torch.Tensor, *, kernel: bool) -> torch.Tensor:
    """Return logits of squared distances: minus them, or exp(-d^2 / 2)."""
    return torch.exp(-0.5 * squares) if kernel else -squares


def _convolution(width: int, channels: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConstantPad1d(((kernel - 1) // 2, kernel // 2), 0.0), nn.Conv1d(width, channels, kernel)
    )
