"""MLSTM-FCN (Karim et al. 2019): convolutions with squeeze-and-excitation beside an LSTM over the bands."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from eobench.plugin import BaseModel
from eobench_base_models._network import HeadedNetwork
from eobench_base_models.options import number, whole

KERNELS = (7, 5, 3)
REDUCTION = 16
FEWEST = 4


class MLSTMFCN(BaseModel):
    """MLSTM-FCN on series (Karim, Majumdar, Darabi, Harford 2019; baseline of Vincent et al., METHODS 5.3).

    Three convolutions of `width`, 2 * `width`, `width` filters (lengths 7, 5, 3) with batch norm and ReLU, a
    squeeze-and-excitation after the first two, mean over time; beside them an LSTM that reads the transposed
    series, one band a step with all T values at once, whose last output is dropped out by 0.8. Both together go
    through a linear head. D = width + hidden. 489,919 parameters for PASTIS (T 406, C 10, K 19); the paper
    reports 490 thousand. T is fixed when the network is built.

    Vincent et al. give no training recipe: it is the method's.
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, T) series and K outputs."""
        return MLSTMFCNNetwork(
            shape[0],
            shape[1],
            outputs,
            width=whole(self.params, "width"),
            hidden=whole(self.params, "hidden"),
            dropout=number(self.params, "dropout"),
        )


class MLSTMFCNNetwork(HeadedNetwork):
    """The network of `MLSTMFCN`.

    Args:
        channels: C.
        steps: T.
        outputs: K.
        width: filters of the first and the last convolution; the middle one has twice as many.
        hidden: of the LSTM.
        dropout: after the LSTM.
    """

    def __init__(
        self, channels: int, steps: int, outputs: int, *, width: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        widths = (channels, width, 2 * width, width)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(widths[i], widths[i + 1], kernel, padding=kernel // 2, bias=False)
            for i, kernel in enumerate(KERNELS)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(filters) for filters in widths[1:])
        self.excitations = nn.ModuleList(SqueezeExcitation(filters) for filters in widths[1:3])
        self.lstm = nn.LSTM(steps, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width + hidden, outputs)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean of the convolutions beside the LSTM's last output, (B, width + hidden)."""
        outputs, _ = self.lstm(x.contiguous())
        seen = x
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            seen = functional.relu(norm(convolution(seen)))
            if i < len(self.excitations):
                seen = self.excitations[i](seen)
        return torch.cat([seen.mean(dim=2), self.dropout(outputs[:, -1])], dim=1)


class SqueezeExcitation(nn.Module):
    """Weigh channels by a gate that sees their means over time (Hu et al. 2018): (B, C, T) -> (B, C, T).

    Args:
        channels: C; the gate's inner layer has a 16th of it, at least four, so that not all of it starts dead.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(FEWEST, channels // REDUCTION)
        self.squeeze = nn.Linear(channels, inner, bias=False)
        self.excite = nn.Linear(inner, channels, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the weighted channels."""
        gate = torch.sigmoid(self.excite(functional.relu(self.squeeze(x.mean(dim=2)))))
        return x * gate[:, :, None]
