"""A base model behind an encoder that learns with it."""

from __future__ import annotations

import importlib
import json

import torch
from torch import nn

from eobench.plugin import BaseModel
from eobench_contrastive.networks import DateEncoder


class FineTuned(BaseModel):
    """A family whose networks read an encoder's features; built for a run, it is on no card.

    Its options: `family` (`module:Class`), `options` (JSON), `channels`, `width`, `outputs`, and the
    family's `lr`.
    """

    encoder: DateEncoder | None = None

    @classmethod
    def of(cls, base_model: BaseModel, encoder: DateEncoder) -> FineTuned:
        """Return the family that starts from this encoder."""
        kind = type(base_model)
        made = cls(
            {
                "family": f"{kind.__module__}:{kind.__qualname__}",
                "options": json.dumps(dict(base_model.params)),
                "channels": len(encoder.mean),
                "width": encoder.backbone.first.out_features,
                "outputs": encoder.outputs,
                "lr": base_model.params.get("lr"),
            }
        )
        made.encoder = encoder
        return made

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a network for samples (C, T), or (C + 1, T) with a mask."""
        module, _, name = str(self.params["family"]).partition(":")
        family = getattr(importlib.import_module(module), name)
        channels, width, features = (int(str(self.params[name])) for name in ("channels", "width", "outputs"))
        inner = family(json.loads(str(self.params["options"]))).build(
            (features + shape[0] - channels, *shape[1:]), outputs
        )
        encoder = DateEncoder(channels, width, features)
        if self.encoder is not None:
            encoder.load_state_dict(self.encoder.state_dict())
        return EncodedNetwork(encoder, inner)


class EncodedNetwork(nn.Module):
    """A network for series behind an encoder of each of their dates.

    Args:
        encoder: (B, C) -> (B, features).
        network: for series of features.
    """

    def __init__(self, encoder: DateEncoder, network: nn.Module) -> None:
        super().__init__()
        self.encoder, self.network = encoder, network

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the network's features of (B, C, T)."""
        found: torch.Tensor = self.network.features(self._encoded(x))  # type: ignore[operator]
        return found

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, K) logits of (B, C, T)."""
        logits: torch.Tensor = self.network(self._encoded(x))
        return logits

    def _encoded(self, x: torch.Tensor) -> torch.Tensor:
        channels = len(self.encoder.mean)
        dates = x[:, :channels].transpose(1, 2)
        found = self.encoder(dates.reshape(-1, channels)).view(*dates.shape[:2], -1).transpose(1, 2)
        return torch.cat([found, x[:, channels:]], dim=1)
