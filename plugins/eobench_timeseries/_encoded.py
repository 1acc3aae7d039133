"""K-means on what a network makes of a series: the form of USRL + K-means and of DTAN + K-means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from eobench.data import DataError, Inputs
from eobench.plugin import Predictions, Predictor, RunContext
from eobench_base_models.training import Preparation
from eobench_prototypes.clustering import Clustering, lloyd
from eobench_timeseries._series import pack, tensors, unpack

_ARRAYS, _OPTIONS = "encoder.safetensors", "encoder.json"
_ROWS_AT_ONCE = 512


class Encoder(nn.Module):
    """A network that makes a vector of a series.

    Attributes:
        recipe: the arguments that build it again, plain numbers.
    """

    recipe: dict[str, int]

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, D) of (B, C, T) series."""
        raise NotImplementedError


@torch.no_grad()
def encoded(encoder: Encoder, series: torch.Tensor) -> torch.Tensor:
    """Return (n, D) vectors of (n, C, T) prepared series, in evaluation mode."""
    encoder.eval()
    return torch.cat([encoder.encode(x) for x in torch.split(series, _ROWS_AT_ONCE)])


def centres_of(vectors: torch.Tensor, clusters: int, run: RunContext) -> torch.Tensor:
    """Return (K, D) centres of K-means, float32 on the device of the vectors."""
    centres = lloyd(vectors.cpu().numpy(), Clustering(clusters=clusters), run)
    return torch.from_numpy(centres.astype(np.float32)).to(vectors.device)


class EncodedClusters(Predictor):
    """Gives each series to the centre that is nearest to its vector. Subclasses name their network.

    Attributes:
        encoder: in evaluation mode.
        centres: (K, D).
        preparation: how series are filled and scaled.
    """

    network: type[Encoder]

    def __init__(
        self, encoder: Encoder, centres: torch.Tensor, preparation: Preparation, *, steps: int | None = None
    ) -> None:
        self.encoder, self.centres, self.preparation, self.steps = encoder.eval(), centres, preparation, steps
        self.parameters = sum(p.numel() for p in encoder.parameters()) + centres.numel()

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> Predictions:
        """Return `clusters` and `embeddings` (the vectors) of n series."""
        nearest, vectors = [], []
        for chunk in tensors(inputs, self.preparation, self.centres.device):
            for x in torch.split(chunk, _ROWS_AT_ONCE):
                found = self.encoder.encode(x)
                squares = self.centres.double().square().sum(dim=1) - 2 * found.double() @ self.centres.double().T
                nearest.append(squares.argmin(dim=1).cpu().numpy())
                vectors.append(found.cpu().numpy())
        if not nearest:
            empty = np.zeros((0, self.centres.shape[1]), np.float32)
            return Predictions(clusters=np.zeros(0, np.int64), embeddings=empty)
        return Predictions(clusters=np.concatenate(nearest), embeddings=np.concatenate(vectors))

    def save(self, folder: Path) -> None:
        """Write encoder.safetensors and encoder.json."""
        from safetensors.torch import save_file

        state = {f"network.{name}": value for name, value in self.encoder.state_dict().items()}
        state["centres"] = self.centres
        save_file({name: value.cpu().contiguous() for name, value in state.items()}, folder / _ARRAYS)
        options = {"recipe": self.encoder.recipe, "steps": self.steps, "preparation": pack(self.preparation)}
        (folder / _OPTIONS).write_text(json.dumps(options))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the predictor that `save` wrote, on the CPU.

        Raises:
            DataError: the files are not those that `save` writes.
        """
        from safetensors.torch import load_file

        try:
            arrays = load_file(folder / _ARRAYS)
            options: dict[str, Any] = json.loads((folder / _OPTIONS).read_text())
            start = "network."
            state = {name.removeprefix(start): v for name, v in arrays.items() if name.startswith(start)}
            with torch.random.fork_rng(devices=[]):
                encoder = cls.network(**options["recipe"])
            encoder.load_state_dict(state)
            return cls(encoder, arrays["centres"], unpack(options["preparation"]), steps=options["steps"])
        except Exception as error:
            raise DataError(
                f"{folder}: no saved encoder with centres ({type(error).__name__}: {error})"
            ) from error
