"""A trained network that predicts classes, probabilities and embeddings, of samples or of their pixels."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from eobench.data import DataError, Inputs
from eobench.plugin import BaseModel, Predictions, Predictor, Value
from eobench_base_models._network import DenseNetwork, HeadedNetwork
from eobench_base_models._scaling import Preparation, Source
from eobench_base_models.options import FillName

FORMAT = "eobench-network/1"
ROWS_AT_ONCE = {"cpu": 512, "cuda": 8192}
PIXEL_STEPS_AT_ONCE = {"cpu": 2**18, "cuda": 2**23}
"""Pixels of images, times their steps, that go through a network together: its maps are many times larger."""
SLICE = 16_384
"""Rows that are prepared together, so that predicting a large set takes little memory."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What a network is rebuilt from."""

    load: str
    params: dict[str, Value]
    shape: tuple[int, ...]
    outputs: int


class NetworkPredictor(Predictor):
    """A trained network; made by `fit_network` or `load`.

    Attributes:
        network: the module, on its device.
        preparation: filling and scaling of its inputs.
    """

    def __init__(
        self, network: nn.Module, preparation: Preparation, recipe: _Recipe, steps: int | None = None
    ) -> None:
        self.network, self.preparation, self._recipe, self.steps = network.eval(), preparation, recipe, steps
        self.parameters = sum(p.numel() for p in network.parameters())

    @classmethod
    def of(
        cls,
        network: nn.Module,
        base_model: BaseModel,
        shape: tuple[int, ...],
        outputs: int,
        preparation: Preparation,
        steps: int | None = None,
    ) -> NetworkPredictor:
        """Return the predictor of a network that `base_model.build(preparation.shape(shape), outputs)` gave."""
        kind = type(base_model)
        recipe = _Recipe(f"{kind.__module__}:{kind.__qualname__}", dict(base_model.params), tuple(shape), outputs)
        return cls(network, preparation, recipe, steps)

    def flops(self) -> int:
        """Return the floating-point operations of the network on one sample; preparing it is not counted."""
        from eobench_base_models._flops import count_flops

        return count_flops(self.network, self.preparation.shape(self._recipe.shape))

    def predict(self, inputs: Inputs) -> Predictions:
        """Predict classes (n,), probabilities (n, K) and embeddings (n, D), D being the features' width.

        A network for maps gives classes (n, h, w), probabilities (n, K, h, w) and embeddings of whole images.

        Raises:
            DataError: the samples are of another shape than those it learned from.
        """
        if inputs.shape != self._recipe.shape:
            raise DataError(
                f"the network learned from samples of shape {self._recipe.shape}; these are {inputs.shape}"
            )
        device = next(self.network.parameters()).device
        probabilities, embeddings = [], []
        for start in range(0, len(inputs), SLICE):
            rows = np.arange(start, min(start + SLICE, len(inputs)))
            source = Source(inputs, rows, self.preparation, device)
            features, logits = _features_and_logits(self.network, source)
            probabilities.append(logits.softmax(dim=1).cpu().numpy())
            embeddings.append(features.cpu().numpy())
        if not probabilities:
            return self._nothing()
        shares = np.concatenate(probabilities)
        return Predictions(
            classes=shares.argmax(axis=1), probabilities=shares, embeddings=np.concatenate(embeddings)
        )

    def _nothing(self) -> Predictions:
        return Predictions(
            classes=np.zeros(0, np.int64),
            probabilities=np.zeros((0, self._recipe.outputs), np.float32),
            embeddings=np.zeros((0, 0), np.float32),
        )

    def save(self, folder: Path) -> None:
        """Write `network.safetensors` and `network.json`."""
        state = {name: value.detach().cpu().contiguous() for name, value in self.network.state_dict().items()}
        save_file(state, folder / "network.safetensors")
        text = {
            "format": FORMAT,
            "base_model": self._recipe.load,
            "params": self._recipe.params,
            "shape": self._recipe.shape,
            "outputs": self._recipe.outputs,
            "fill": self.preparation.fill,
            "mean": [float(v) for v in self.preparation.mean],
            "deviation": [float(v) for v in self.preparation.deviation],
            "by_series": self.preparation.by_series,
            "mask": self.preparation.mask,
            "steps": self.steps,
        }
        (folder / "network.json").write_text(json.dumps(text, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> NetworkPredictor:
        """Return the predictor that `save` wrote, on the CPU; nothing is unpickled.

        Raises:
            DataError: the folder holds something else.
        """
        text = json.loads((folder / "network.json").read_text(encoding="utf-8"))
        if text.get("format") != FORMAT:
            raise DataError(f"{folder}: network.json is not of format {FORMAT}")
        recipe = _Recipe(text["base_model"], text["params"], tuple(text["shape"]), int(text["outputs"]))
        preparation = Preparation(
            cast("FillName", text["fill"]),
            np.asarray(text["mean"], np.float32),
            np.asarray(text["deviation"], np.float32),
            bool(text["by_series"]),
            bool(text["mask"]),
        )
        with torch.random.fork_rng(devices=[]):
            network = _family(recipe.load)(recipe.params).build(preparation.shape(recipe.shape), recipe.outputs)
        network.load_state_dict(load_file(folder / "network.safetensors"))
        return cls(network, preparation, recipe, text["steps"])


def _family(load: str) -> type[BaseModel]:
    module, _, name = load.partition(":")
    try:
        family = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise DataError(f"the network's family {load!r} is not installed: {error}") from error
    if not (isinstance(family, type) and issubclass(family, BaseModel)):
        raise DataError(f"{load!r} is not a family of networks (a BaseModel)")
    return family


def predict_rows(network: nn.Module, source: Source) -> torch.Tensor:
    """Return the logits (n, K) of all rows of a source, without gradients, in evaluation mode."""
    network.eval()
    size = rows_at_once(network, source)
    with torch.inference_mode():
        return torch.cat([network(x) for x in source.batches(size)])


def rows_at_once(network: nn.Module, source: Source) -> int:
    """Return how many rows go through a network together: fixed for series, bound by their pixels for images."""
    device = next(network.parameters()).device.type
    if source.kind == "series":
        return ROWS_AT_ONCE.get(device, 512)
    return max(1, PIXEL_STEPS_AT_ONCE.get(device, 2**18) // max(1, source.pixel_steps))


def _features_and_logits(network: nn.Module, source: Source) -> tuple[torch.Tensor, torch.Tensor]:
    network.eval()
    features, logits = [], []
    with torch.inference_mode():
        for x in source.batches(rows_at_once(network, source)):
            if isinstance(network, DenseNetwork):
                maps = network.maps(x)
                features.append(maps.mean(dim=(2, 3)))
                logits.append(network.head(maps))
                continue
            seen = network.features(x) if isinstance(network, HeadedNetwork) else _features(network, x)
            features.append(seen)
            logits.append(network.head(seen) if isinstance(network, HeadedNetwork) else network(x))
    return torch.cat(features), torch.cat(logits)


def _features(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Call `features` of a network that a `BaseModel` of another plugin built."""
    features: torch.Tensor = network.features(x)  # type: ignore[operator]
    return features
