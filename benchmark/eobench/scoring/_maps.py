"""Maps of any size are brought to the size of the truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Predictions
from eobench.scoring._check import PredictionError


def resize_maps(predictions: Predictions, shape: tuple[int, ...]) -> Predictions:
    """Return predictions whose maps have the shape of the truth.

    Maps are resized by nearest neighbour of pixel centres (pixel i takes floor((i + 0.5) h / H)); the official
    code of Ramos-Pollan resizes the smaller of map and truth, here the truth is never touched. Pixel predictions
    (one row a pixel, row-major) are folded to maps.

    Args:
        predictions: with classes or clusters (n, h, w) or (n*H*W,), probabilities (n, K, h, w) or (n*H*W, K).
        shape: of the truth, (n, H, W); (n,) changes nothing.

    Raises:
        PredictionError: the predictions are neither maps of n samples nor one row a pixel.
    """
    if len(shape) != 3:
        return predictions
    changed: dict[str, Any] = {}
    if predictions.reconstruction is not None:  # never a map of its own: one error a pixel
        changed["reconstruction"] = _fold("reconstruction", predictions.reconstruction, shape)
    for name in ("classes", "clusters"):
        values = getattr(predictions, name)
        if values is not None:
            changed[name] = _fold(name, values, shape) if values.ndim == 1 else _nearest(name, values, shape)
    if (values := predictions.probabilities) is not None:
        if values.ndim == 2:
            folded = _fold("probabilities", values, shape)
            changed["probabilities"] = folded.transpose(0, 3, 1, 2)
        else:
            changed["probabilities"] = _nearest("probabilities", values, shape)
    return replace(predictions, **changed)


def _fold(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if len(values) != int(np.prod(shape)):
        raise PredictionError(
            f"{name} has {len(values)} rows; the truth has {shape[0]} maps of {shape[1]} x {shape[2]} pixels"
        )
    return values.reshape(*shape, *values.shape[1:])


def _nearest(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if len(values) != shape[0]:
        raise PredictionError(f"{name} has {len(values)} maps for {shape[0]} samples")
    height, width = values.shape[-2:]
    if (height, width) == tuple(shape[1:]):
        return values
    rows = ((np.arange(shape[1]) + 0.5) * height / shape[1]).astype(np.intp)
    columns = ((np.arange(shape[2]) + 0.5) * width / shape[2]).astype(np.intp)
    return values[..., rows[:, None], columns[None, :]]
