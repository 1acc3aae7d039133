"""Base models under a projector, and base models that start from weights."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from eobench.data import EobenchError
from eobench.plugin import BaseModel
from eobench_contrastive._pretraining import ENCODER


class Initialised(BaseModel):
    """A family whose networks start from pre-trained weights; built for a run, it is on no card.

    Its options: `family` (`module:Class`), `options` (JSON), and the family's `lr`.
    """

    state: Mapping[str, torch.Tensor] | None = None

    @classmethod
    def by(cls, base_model: BaseModel, checkpoint: Mapping[str, NDArray[Any]]) -> Initialised:
        """Return the family that starts from a checkpoint's encoder; its head is not taken."""
        made = cls(described(base_model))
        made.state = {
            name.removeprefix(ENCODER): torch.from_numpy(np.array(array))
            for name, array in checkpoint.items()
            if name.startswith(ENCODER) and not name.startswith(f"{ENCODER}head.")
        }
        return made

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a network of the family.

        Raises:
            EobenchError: the weights are of samples of another shape.
        """
        module, _, name = str(self.params["family"]).partition(":")
        family = getattr(importlib.import_module(module), name)
        network: nn.Module = family(json.loads(str(self.params["options"]))).build(shape, outputs)
        if self.state is not None:
            try:
                missing = network.load_state_dict(dict(self.state), strict=False).missing_keys
            except RuntimeError as error:
                raise EobenchError(
                    f"the encoder was pre-trained on samples of another shape than {shape}: "
                    "pre-train on a data set with the same bands and dates "
                    f"({str(error).splitlines()[-1].strip()})"
                ) from error
            if any(not key.startswith("head.") for key in missing):
                raise EobenchError(f"the pre-trained encoder lacks {missing[0]!r}: it is of another base model")
        return network


class Projected(BaseModel):
    """A family whose networks give projections of their features; for pre-training, on no card."""

    inner: BaseModel | None = None

    @classmethod
    def around(cls, base_model: BaseModel, *, width: int, lr: float) -> Projected:
        """Return the family under a projector of this width, trained at this rate."""
        made = cls({**described(base_model), "width": width, "lr": lr})
        made.inner = base_model
        return made

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a network that maps samples to (B, width)."""
        if self.inner is None:
            raise EobenchError("a projected network is made for pre-training, and is not saved")
        return ProjectedNetwork(self.inner.build(shape, outputs), shape, int(str(self.params["width"])))


class ProjectedNetwork(nn.Module):
    """An encoder's features under two layers (Chen et al. 2020, 2.1).

    Args:
        encoder: with `features`.
        shape: of a sample.
        width: of the projector's layers.
    """

    def __init__(self, encoder: nn.Module, shape: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.encoder = encoder
        with torch.no_grad():
            encoder.eval()
            features = self.features(torch.zeros(2, *shape)).shape[1]
            encoder.train()
        self.project = nn.Sequential(
            nn.Linear(features, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width)
        )

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the encoder's (B, D) features."""
        found: torch.Tensor = self.encoder.features(x)  # type: ignore[operator]
        return found

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, width) projections."""
        projected: torch.Tensor = self.project(self.features(x))
        return projected


def described(base_model: BaseModel) -> dict[str, Any]:
    """Return a family and its options, so that a saved network can be built again."""
    kind = type(base_model)
    return {
        "family": f"{kind.__module__}:{kind.__qualname__}",
        "options": json.dumps(dict(base_model.params), sort_keys=True),
        "lr": base_model.params.get("lr"),
    }
