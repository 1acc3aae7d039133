"""How an encoder's features reach a base model: standardised, scaled as raw bands are, or fewer of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.data import Inputs, View
from eobench_contrastive._dates import feature_series
from eobench_contrastive.networks import DateEncoder

STATISTICS_DATES = 65_536
"""Observed dates that statistics of features are taken from; a view's rows stand in random order."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMap:
    """An affine map of the features of a date.

    The first layer of a base model starts and learns by its number of inputs and their size: `width` features of
    deviation 1 have together `width / bands` times the squared norm of standardised bands, and under Adam, whose
    step does not depend on the gradient's size, that layer's output moves by as much more in a step.

    Attributes:
        mean: (W,) that is subtracted first.
        matrix: (W, D) that follows.
    """

    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]

    @classmethod
    def of(cls, values: NDArray[np.float32], how: str, bands: int, *, standardise: bool) -> FeatureMap:
        """Return the map that features of some dates ask for.

        Args:
            values: (M, W) features of observed dates.
            how: `unit`, as they are; `bands`, with together the variance of so many bands of deviation 1;
                `principal`, that many principal components, scaled likewise; `whitened`, those components at
                deviation 1 each.
            bands: C of the raw dates.
            standardise: bring every feature to mean 0 and deviation 1 first.
        """
        rows, width = values[:STATISTICS_DATES].astype(np.float64), values.shape[1]
        if how == "unit" and not standardise:
            return cls(np.zeros(width, np.float32), np.eye(width, dtype=np.float32))
        mean = rows.mean(axis=0) if len(rows) else np.zeros(width)
        deviation = rows.std(axis=0) if len(rows) else np.ones(width)
        flat = deviation <= 1e-6 * np.maximum(np.abs(mean), 1e-6)
        matrix = np.diag(1 / np.where(flat, 1.0, deviation)) if standardise else np.eye(width)
        if how != "unit":
            matrix = _as_bands((rows - mean) @ matrix, matrix, bands, how)
        return cls(mean.astype(np.float32), matrix.astype(np.float32))

    def view(self, view: View) -> View:
        """Return a view of features under this map, with its validation rows."""
        validation = view.validation
        if validation is not None:
            validation = replace(validation, inputs=self._inputs(validation.inputs))
        return replace(view, inputs=self._inputs(view.inputs), validation=validation)

    def folded(self, encoder: DateEncoder) -> DateEncoder:
        """Return an encoder that gives the mapped features: its last layer takes the map in."""
        channels, width = len(encoder.mean), encoder.backbone.first.out_features
        with torch.random.fork_rng(devices=[]):
            made = DateEncoder(channels, width, self.matrix.shape[1])
        state = encoder.state_dict()
        mean, matrix = (torch.from_numpy(a).to(encoder.mean.device) for a in (self.mean, self.matrix))
        weight, bias = (f"backbone.last.2.{name}" for name in ("weight", "bias"))
        state |= {weight: matrix.T @ state[weight], bias: (state[bias] - mean) @ matrix}
        made.load_state_dict(state)
        return made.to(encoder.mean.device).eval().requires_grad_(False)

    def _inputs(self, inputs: Inputs) -> Inputs:
        (found,) = inputs.modalities
        mapped = np.asarray((np.asarray(found.values, np.float32) - self.mean) @ self.matrix, np.float32)
        return feature_series(mapped, np.asarray(found.valid), np.asarray(found.days))


def observed_features(inputs: Inputs) -> NDArray[np.float32]:
    """Return (M, W) features of the observed dates of a series of features."""
    (found,) = inputs.modalities
    return np.asarray(found.values[np.asarray(found.valid)], np.float32)


def _as_bands(rows: NDArray[np.float64], matrix: NDArray[np.float64], bands: int, how: str) -> NDArray[np.float64]:
    """The matrix scaled, and narrowed to principal components of the mapped rows (M, W)."""
    covariance = rows.T @ rows / max(1, len(rows))
    variance = np.full(1, np.trace(covariance))
    if how != "bands":
        values, vectors = np.linalg.eigh(covariance)
        kept, variance = vectors[:, ::-1][:, :bands], values[::-1][:bands]
        # An eigenvector has no sign of its own: its largest element is made positive.
        largest = kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])]
        matrix = matrix @ (kept * np.where(largest < 0, -1.0, 1.0))
    if how == "whitened":
        known = variance > 1e-6 * max(variance[0], 1e-12)
        return matrix / np.sqrt(np.where(known, variance, np.inf))
    total = float(variance.sum())
    return matrix * np.sqrt(bands / total) if total > 0 else matrix
