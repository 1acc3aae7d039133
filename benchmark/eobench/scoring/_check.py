"""Predictions are checked before they are scored: a wrong length or a NaN is a failed row with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.data import EobenchError
from eobench.plugin import Output, Predictions

_DIMENSIONS: dict[str, tuple[int, ...]] = {
    "classes": (1, 3),
    "clusters": (1, 3),
    "probabilities": (2, 4),
    "proportions": (2,),
    "embeddings": (2,),
    "reconstruction": (1,),
}
_SUM_TOLERANCE = 1e-2  # stored predictions may be half precision


class PredictionError(EobenchError):
    """A predictor gave something that is not a prediction of the asked samples; the message says what."""


def check_predictions(predictions: Predictions, count: int, classes: int, outputs: Sequence[Output]) -> None:
    """Check predictions against what was asked and what the method's card declares.

    Args:
        predictions: of `count` samples.
        count: n; for pixel predictions of dense targets the number of pixels.
        classes: K.
        outputs: that the method's card declares; each must be there. Others may be there and are checked too.

    Raises:
        PredictionError: a declared output is missing, or an output has a wrong type, shape or length, a class
            index outside the classes, a NaN or infinity, or rows of probabilities that do not sum to one.
    """
    if not isinstance(predictions, Predictions):
        raise PredictionError(
            f"predict() returned {type(predictions).__name__}; it must return eobench.plugin.Predictions"
        )
    given = predictions.given()
    missing = [o for o in outputs if o not in given]
    if missing:
        raise PredictionError(
            f"the card declares {', '.join(missing)} among its outputs, but the predictor gave only "
            f"{', '.join(given) or 'nothing'}"
        )
    for name, values in given.items():
        _check_shape(name, values, count, classes)
        if name in ("classes", "clusters"):
            _check_indices(name, values, classes if name == "classes" else None)
        else:
            _check_finite(name, values)
        if name in ("probabilities", "proportions"):
            _check_simplex(name, values)


def _check_shape(name: str, values: NDArray[Any], count: int, classes: int) -> None:
    if not isinstance(values, np.ndarray):
        raise PredictionError(f"{name} is a {type(values).__name__}; it must be a NumPy array")
    if values.ndim not in _DIMENSIONS[name]:
        allowed = " or ".join(str(d) for d in _DIMENSIONS[name])
        raise PredictionError(f"{name} has shape {values.shape}; it must have {allowed} axes")
    if len(values) != count:
        raise PredictionError(f"{name} has {len(values)} rows for {count} samples")
    if name in ("probabilities", "proportions") and values.shape[1] != classes:
        raise PredictionError(f"{name} has {values.shape[1]} columns for {classes} classes")


def _check_indices(name: str, values: NDArray[Any], classes: int | None) -> None:
    if values.dtype.kind not in "iu":
        raise PredictionError(f"{name} has type {values.dtype}; it must be an integer type")
    if not values.size:
        return
    low, high = int(values.min()), int(values.max())
    if low < 0:
        raise PredictionError(f"{name} holds {low}; every sample must get an index of 0 or more")
    if classes is not None and high >= classes:
        raise PredictionError(f"{name} holds {high}; the {classes} classes have indices 0 to {classes - 1}")


def _check_finite(name: str, values: NDArray[Any]) -> None:
    if values.dtype.kind != "f":
        raise PredictionError(f"{name} has type {values.dtype}; it must be a floating-point type")
    finite = np.isfinite(values)
    if not finite.all():
        bad = np.flatnonzero(~finite.reshape(len(values), -1).all(axis=1))
        raise PredictionError(
            f"{name} holds NaN or infinity in {len(bad)} of {len(values)} samples, first in sample {bad[0]}"
        )


def _check_simplex(name: str, values: NDArray[Any]) -> None:
    if not values.size:
        return
    if float(values.min()) < -_SUM_TOLERANCE:
        raise PredictionError(f"{name} holds {float(values.min()):g}; none may be negative")
    worst = float(np.abs(values.sum(axis=1, dtype=np.float64) - 1).max())
    if worst > _SUM_TOLERANCE:
        raise PredictionError(f"{name} of a sample must sum to one; the worst is off by {worst:g}")
