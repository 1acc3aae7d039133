"""MLP + LTAE: a pixel's spectra embedded step by step, lightweight temporal attention, a small decoder."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from eobench.plugin import BaseModel, ParameterError
from eobench_base_models._attention import LightweightAttention, head_positions
from eobench_base_models._network import HeadedNetwork
from eobench_base_models.options import number, whole


class MLPLTAE(BaseModel):
    """MLP and lightweight temporal attention encoder (Garnot and Landrieu 2020, as a baseline in Vincent et al.).

    Each step: linear layer to `width` with batch norm, LayerNorm, linear layer to `d_model`; LayerNorm over
    steps and channels together; positions; attention of `heads` learned queries with keys of `d_k`
    (`LightweightAttention`); linear layer to `width` with batch norm and ReLU, dropout, LayerNorm; a decoder of
    `width` / 2 and `width` / 4 with batch norm and ReLU, a linear head. D = width / 4. 320,403 parameters for
    PASTIS (T 406, C 10, K 19), the paper's 320 thousand (METHODS 5.3, 9). T is fixed when the network is built.

    The paper feeds missing dates as zeros and attends to them: `fill=zero` of the method, `missing=attended` here.
    `missing=masked` gives no attention to steps whose channels are all 0; they still take part in the LayerNorm
    over steps. Use it with `fill=zero`, and with `mask=channel` where an observed spectrum can be 0 as well.

    Deviations: positions by the step's number, not its day (with the paper's daily steps they are the same);
    gradients are zeroed at each step, which the official loop never does.
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, T) series and K outputs.

        Raises:
            ParameterError: `heads` does not divide `d_model`.
        """
        d_model, heads = whole(self.params, "d_model"), whole(self.params, "heads")
        if d_model % heads:
            raise ParameterError(f"mlp-ltae: d_model={d_model} cannot be split over heads={heads}")
        return MLPLTAENetwork(
            shape[0],
            shape[1],
            outputs,
            width=whole(self.params, "width"),
            d_model=d_model,
            heads=heads,
            key=whole(self.params, "d_k"),
            dropout=number(self.params, "dropout"),
            masked=self.params["missing"] == "masked",
        )


class MLPLTAENetwork(HeadedNetwork):
    """The network of `MLPLTAE`.

    Args:
        channels: C.
        steps: T.
        outputs: K.
        width: of a step's embedding, and of a series'.
        d_model: of a step in the attention.
        heads: of the attention; must divide `d_model`.
        key: d_k.
        dropout: of the series' embedding.
        masked: no attention to steps whose channels are all 0.
    """

    positions: torch.Tensor

    def __init__(
        self,
        channels: int,
        steps: int,
        outputs: int,
        *,
        width: int,
        d_model: int,
        heads: int,
        key: int,
        dropout: float,
        masked: bool,
    ) -> None:
        super().__init__()
        self.masked = masked
        self.embed, self.embed_norm = nn.Linear(channels, width), nn.BatchNorm1d(width)
        self.step_norm = nn.LayerNorm(width)
        self.widen, self.series_norm = nn.Linear(width, d_model), nn.LayerNorm((steps, d_model))
        self.register_buffer("positions", head_positions(steps, d_model, heads), persistent=False)
        self.attention = LightweightAttention(d_model, heads, key)
        self.gather, self.gather_norm = nn.Linear(d_model, width), nn.BatchNorm1d(width)
        self.dropout, self.out_norm = nn.Dropout(dropout), nn.LayerNorm(width)
        half, quarter = max(1, width // 2), max(1, width // 4)
        self.decoder = nn.Sequential(
            nn.Linear(width, half),
            nn.BatchNorm1d(half),
            nn.ReLU(),
            nn.Linear(half, quarter),
            nn.BatchNorm1d(quarter),
            nn.ReLU(),
        )
        self.head = nn.Linear(quarter, outputs)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the decoder's last hidden layer, (B, width / 4)."""
        seen: torch.Tensor = self.decoder(self.encode(x))
        return seen

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the encoder's embedding of (B, C, T) series, (B, width)."""
        missing = (x == 0).all(dim=1) if self.masked else None
        spectra = self.embed(x.transpose(1, 2))
        spectra = self.embed_norm(spectra.flatten(0, 1)).view_as(spectra)
        steps = self.series_norm(self.widen(self.step_norm(spectra))) + self.positions
        gathered, _ = self.attention(steps, missing)
        gathered = functional.relu(self.gather_norm(self.gather(gathered)))
        embedding: torch.Tensor = self.out_norm(self.dropout(gathered))
        return embedding
