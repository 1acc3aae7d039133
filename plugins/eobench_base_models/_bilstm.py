"""Bidirectional LSTM, the form of BreizhCrops (METHODS 2.3)."""

from __future__ import annotations

import torch
from torch import nn

from eobench.plugin import BaseModel
from eobench_base_models._network import HeadedNetwork
from eobench_base_models.options import number, whole


class BiLSTM(BaseModel):
    """Bidirectional LSTM on series (Rußwurm et al. 2020, BreizhCrops; base model of Patnala et al.).

    LayerNorm over the channels of each step, LSTM without biases in both directions, the final *cell* states of
    all layers and directions concatenated, LayerNorm, linear head. D = 2 * layers * hidden.

    Deviations: logits instead of log-softmax; no LayerNorm over the channels of one-band series, which it would
    turn into constants.
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, T) series and K outputs."""
        return BiLSTMNetwork(
            shape[0],
            outputs,
            hidden=whole(self.params, "hidden"),
            layers=whole(self.params, "layers"),
            dropout=number(self.params, "dropout"),
        )


class BiLSTMNetwork(HeadedNetwork):
    """The network of `BiLSTM`.

    Args:
        channels: C.
        outputs: K.
        hidden: size of each direction's state.
        layers: stacked LSTM layers.
        dropout: between the layers (without effect where there is one).
    """

    def __init__(self, channels: int, outputs: int, *, hidden: int, layers: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.input_norm = nn.LayerNorm(channels) if channels > 1 else nn.Identity()
        self.lstm = nn.LSTM(
            channels, hidden, layers, bias=False, bidirectional=True, dropout=dropout if layers > 1 else 0.0
        )
        self.cell_norm = nn.LayerNorm(2 * layers * hidden)
        self.head = nn.Linear(2 * layers * hidden, outputs)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the normalised final cell states, (B, 2 * layers * hidden)."""
        steps_first = self.input_norm(x.permute(2, 0, 1))
        _, (_, cells) = self.lstm(steps_first)
        states: torch.Tensor = self.cell_norm(cells.transpose(0, 1).flatten(1))
        return states
