"""TempCNN (Pelletier et al. 2019), the form of BreizhCrops."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from eobench.plugin import BaseModel
from eobench_base_models._inceptiontime import odd
from eobench_base_models._network import HeadedNetwork
from eobench_base_models.options import number, whole

CONVOLUTIONS = 3


class TempCNN(BaseModel):
    """TempCNN on series (Pelletier, Webb, Petitjean 2019), as in BreizhCrops.

    Three convolutions of `hidden` filters over time, each with batch norm, ReLU and dropout; all T * hidden values
    go through a dense layer of 4 * hidden with batch norm, ReLU and dropout, then a linear head. D = 4 * hidden.
    T is fixed when the network is built. `hidden=64,kernel=5,dropout=0.5` is the article's own network.

    Deviations from BreizhCrops: logits instead of log-softmax; kernels are made odd; no biases before batch
    norms, which would take them out again.
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, T) series and K outputs."""
        return TempCNNNetwork(
            shape[0],
            shape[1],
            outputs,
            hidden=whole(self.params, "hidden"),
            kernel=whole(self.params, "kernel"),
            dropout=number(self.params, "dropout"),
        )


class TempCNNNetwork(HeadedNetwork):
    """The network of `TempCNN`.

    Args:
        channels: C.
        steps: T.
        outputs: K.
        hidden: filters of each convolution.
        kernel: length in steps, made odd.
        dropout: after each layer but the head.
    """

    def __init__(
        self, channels: int, steps: int, outputs: int, *, hidden: int, kernel: int, dropout: float
    ) -> None:
        super().__init__()
        length = odd(kernel)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(hidden if i else channels, hidden, length, padding=length // 2, bias=False)
            for i in range(CONVOLUTIONS)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(hidden) for _ in range(CONVOLUTIONS))
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(hidden * steps, 4 * hidden, bias=False)
        self.dense_norm = nn.BatchNorm1d(4 * hidden)
        self.head = nn.Linear(4 * hidden, outputs)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the dense layer's output, (B, 4 * hidden)."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = self.dropout(functional.relu(norm(convolution(x))))
        seen: torch.Tensor = self.dropout(functional.relu(self.dense_norm(self.dense(x.flatten(1)))))
        return seen
