"""Transformer encoder with sinusoidal positions, the form of BreizhCrops' PETransformer (METHODS 2.3)."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from eobench.plugin import BaseModel, ParameterError
from eobench_base_models._network import HeadedNetwork
from eobench_base_models.options import number, whole


class Transformer(BaseModel):
    """Transformer encoder on series (Rußwurm et al. 2020, BreizhCrops; base model of Patnala et al.).

    Linear(C, d_model), sinusoidal positions by step index, dropout, encoder layers (feed-forward of 2 * d_model,
    ReLU, normalised after each block), LayerNorm, maximum over time, ReLU, linear head. D = d_model.

    Deviations: logits instead of log-softmax; positions for any T instead of at most 150 steps; each layer
    starts from weights of its own (`nn.TransformerEncoder` copies one layer).
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, T) series and K outputs.

        Raises:
            ParameterError: `heads` does not divide `d_model`.
        """
        d_model, heads = whole(self.params, "d_model"), whole(self.params, "heads")
        if d_model % heads:
            raise ParameterError(f"transformer: d_model={d_model} cannot be split over heads={heads}")
        return TransformerNetwork(
            shape[0],
            outputs,
            steps=shape[1],
            d_model=d_model,
            heads=heads,
            layers=whole(self.params, "layers"),
            dropout=number(self.params, "dropout"),
        )


class TransformerNetwork(HeadedNetwork):
    """The network of `Transformer`.

    Args:
        channels: C.
        outputs: K.
        steps: T that positions are prepared for; longer series get theirs when they come.
        d_model: width of a step's embedding, divisible by `heads`.
        heads: attention heads.
        layers: encoder layers.
        dropout: after the positions and within the layers.
    """

    def __init__(
        self, channels: int, outputs: int, *, steps: int, d_model: int, heads: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(channels, d_model)
        self.register_buffer("positions", sinusoidal_positions(steps, d_model), persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(d_model, heads, 2 * d_model, dropout, batch_first=True)
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, outputs)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maximum over time of the encoded steps, (B, d_model)."""
        steps = self.embed(x.transpose(1, 2))
        positions = self.get_buffer("positions")
        if x.shape[2] != len(positions):
            positions = sinusoidal_positions(x.shape[2], positions.shape[1]).to(positions.device)
        steps = self.dropout(steps + positions)
        for layer in self.layers:
            steps = layer(steps)
        return functional.relu(self.norm(steps).amax(dim=1))


def sinusoidal_positions(steps: int, width: int) -> torch.Tensor:
    """Return (steps, width) sinusoidal positions (Vaswani et al. 2017, section 3.5)."""
    step = torch.arange(steps, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10_000.0) / width))
    positions = torch.zeros(steps, width)
    positions[:, 0::2] = torch.sin(step * rate)
    positions[:, 1::2] = torch.cos(step * rate[: width // 2])
    return positions
