"""An encoder under a projection to unit length and prototypes: the network of LLP-Co and of SwAV."""

from __future__ import annotations

import importlib
import json
from typing import cast

import torch
from torch import nn
from torch.nn.functional import linear, normalize

from eobench.data import DataError
from eobench.plugin import BaseModel, Value
from eobench_base_models.training import HeadedNetwork, whole


class PrototypeModel(BaseModel):
    """Wraps a family of networks; its params say which, so that a saved network can be built again.

    `params`: `encoder` (`module:Class`), `encoder_params` (JSON), `hidden`, `projection`, `prototypes` (0: one a
    class), `temperature`, `lr`.
    """

    @classmethod
    def around(
        cls,
        encoder: BaseModel,
        *,
        hidden: int,
        projection: int,
        temperature: float,
        lr: float,
        prototypes: int = 0,
        dropout: bool = False,
    ) -> PrototypeModel:
        """Return the model over an encoder's family and options.

        Args:
            encoder: a family with its options.
            hidden: width of the projection's hidden layer.
            projection: of the unit features.
            temperature: by which scores are divided.
            lr: learning rate.
            prototypes: their number; 0: one a class.
            dropout: as the encoder's options say; otherwise an option of that name is 0.
        """
        kind, options = type(encoder), dict(encoder.params)
        if not dropout and "dropout" in options:
            options["dropout"] = 0.0
        return cls(
            {
                "encoder": f"{kind.__module__}:{kind.__qualname__}",
                "encoder_params": json.dumps(options, sort_keys=True),
                "hidden": hidden,
                "projection": projection,
                "prototypes": prototypes,
                "temperature": temperature,
                "lr": lr,
            }
        )

    def encoder(self) -> BaseModel:
        """Return the encoder's family with its options.

        Raises:
            DataError: it is not installed.
        """
        module, _, name = str(self.params["encoder"]).partition(":")
        try:
            family = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise DataError(f"the encoder {self.params['encoder']!r} is not installed: {error}") from error
        if not (isinstance(family, type) and issubclass(family, BaseModel)):
            raise DataError(f"{self.params['encoder']!r} is not a family of networks (a BaseModel)")
        return family(cast("dict[str, Value]", json.loads(str(self.params["encoder_params"]))))

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network; its outputs are scores over the temperature."""
        encoder = self.encoder().build(shape, outputs)
        with torch.no_grad():
            encoder.eval()
            width = _features(encoder, torch.zeros(2, *shape)).shape[1]
            encoder.train()
        if isinstance(encoder, HeadedNetwork):
            encoder.head = cast("nn.Linear", nn.Identity())  # the prototypes stand in its place
        return PrototypeNetwork(
            encoder,
            width,
            whole(self.params, "prototypes") or outputs,
            hidden=whole(self.params, "hidden"),
            projection=whole(self.params, "projection"),
            temperature=float(cast("float", self.params["temperature"])),
        )


class PrototypeNetwork(HeadedNetwork):
    """Encoder, projection (linear, batch norm, ReLU, linear, as SwAV's), unit length, prototypes.

    Args:
        encoder: with `features`.
        width: of its features.
        prototypes: their number.
        hidden: width of the projection's hidden layer.
        projection: of the unit features.
        temperature: by which scores are divided.
    """

    def __init__(
        self, encoder: nn.Module, width: int, prototypes: int, *, hidden: int, projection: int, temperature: float
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.project = nn.Sequential(
            nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, projection)
        )
        self.head = Prototypes(projection, prototypes, temperature)

    def backbone(self, x: torch.Tensor) -> torch.Tensor:
        """Return the encoder's features."""
        return _features(self.encoder, x)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, projection) features of unit length."""
        return normalize(self.project(self.backbone(x)), dim=1)


class Prototypes(nn.Linear):
    """Cosines with unit prototypes, over a temperature.

    Args:
        width: of the features.
        count: of prototypes.
        temperature: tau.
    """

    def __init__(self, width: int, count: int, temperature: float) -> None:
        super().__init__(width, count, bias=False)
        self.temperature, self.frozen = temperature, False

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - the name of `nn.Linear`
        """Return (B, count) scores / tau of unit features; while `frozen`, prototypes get no gradient."""
        weight = self.weight.detach() if self.frozen else self.weight
        return linear(input, normalize(weight, dim=1)) / self.temperature


def _features(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    features: torch.Tensor = network.features(x)  # type: ignore[operator]
    return features
