"""The nearest of some prototypes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from eobench.data import DataError, Inputs
from eobench.plugin import Predictions, Predictor
from eobench_prototypes._features import Features, Fill, chunks

LEAST_MASS = 1e-6
"""Of a series that is divided by its weights: one without any observation has error 0."""
_ARRAYS, _OPTIONS = "prototypes.safetensors", "prototypes.json"


@dataclass(eq=False)
class NearestPrototype(Predictor):
    """Assigns each series to the nearest prototype, squared Euclidean.

    Attributes:
        features: how series become vectors.
        prototypes: (P, C*T) float64, standardised.
        names: (P,) class index of each prototype; None where they are clusters without names.
        masked: True where steps are weighted by how well they were observed.
        numbered: also tell the prototypes' numbers as clusters where they have names.
    """

    features: Features
    prototypes: NDArray[np.float64]
    names: NDArray[np.int64] | None
    masked: bool = False
    numbered: bool = False

    def __post_init__(self) -> None:
        # P * C * T, as the papers count them; the scaling's statistics are not counted
        self.parameters = int(self.prototypes.size)

    def predict(self, inputs: Inputs) -> Predictions:
        """Return `classes` (or `clusters`) and `reconstruction` of n series, gathered in chunks."""
        nearest, error = np.empty(len(inputs), np.int64), np.empty(len(inputs), np.float32)
        for rows in chunks(inputs):
            nearest[rows], error[rows] = self._nearest(inputs, rows)
        clusters = nearest if self.names is None or self.numbered else None
        classes = None if self.names is None else self.names[nearest]
        return Predictions(classes=classes, clusters=clusters, reconstruction=error)

    def _nearest(self, inputs: Inputs, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The argmin of |x - p|^2, and its mean square over the weighted values."""
        squares = self.prototypes**2
        if self.masked:
            values, weights = (a.astype(np.float64) for a in self.features.weighted(inputs, rows))
            distance = weights @ squares.T - 2 * ((weights * values) @ self.prototypes.T)
            own, mass = (weights * values**2).sum(axis=1), weights.sum(axis=1)
        else:
            values = self.features.values(inputs, rows).astype(np.float64)
            distance = squares.sum(axis=1) - 2 * (values @ self.prototypes.T)
            own, mass = (values**2).sum(axis=1), np.full(len(values), float(values.shape[1]))
        nearest: NDArray[np.int64] = distance.argmin(axis=1)  # |x|^2 is the same for all prototypes
        error = np.maximum(own + distance[np.arange(len(nearest)), nearest], 0) / np.maximum(mass, LEAST_MASS)
        return nearest, error

    def save(self, folder: Path) -> None:
        """Write prototypes.safetensors and prototypes.json."""
        from safetensors.numpy import save_file

        arrays: dict[str, NDArray[Any]] = {
            "prototypes": self.prototypes,
            "mean": self.features.mean,
            "deviation": self.features.deviation,
        }
        if self.names is not None:
            arrays["names"] = self.names
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, folder / _ARRAYS)
        options = {"fill": self.features.fill, "masked": self.masked, "numbered": self.numbered}
        (folder / _OPTIONS).write_text(json.dumps(options))

    @classmethod
    def load(cls, folder: Path) -> NearestPrototype:
        """Return the predictor that `save` wrote.

        Raises:
            DataError: the files are not those that `save` writes.
        """
        from safetensors.numpy import load_file

        try:
            arrays = load_file(folder / _ARRAYS)
            options = json.loads((folder / _OPTIONS).read_text())
            fill, masked = options["fill"], bool(options["masked"])
            features = Features(cast("Fill", fill), arrays["mean"], arrays["deviation"])
            return cls(features, arrays["prototypes"], arrays.get("names"), masked, bool(options["numbered"]))
        except Exception as error:
            raise DataError(f"{folder}: no saved prototypes ({type(error).__name__}: {error})") from error
