"""How predictions of the same samples are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Predictions

TOLERANCE = 1e-4
"""Of floats that may be computed in another order: in other batches, in other chunks."""


def difference(one: Predictions, other: Predictions, tolerance: float = 0.0) -> str | None:
    """Return in what two predictions of the same samples differ; None: in nothing.

    Args:
        one: predictions.
        other: of the same samples.
        tolerance: of floats, beside 1 or their own size; 0: every bit counts. With a tolerance, a class may
            differ where the probabilities of the two best are as near.
    """
    first, second = one.given(), other.given()
    if first.keys() != second.keys():
        return f"{', '.join(first)} and {', '.join(second)}"
    found = []
    for name, values in first.items():
        text = _array_difference(values, second[name], tolerance)
        if text and not (name == "classes" and tolerance and _only_ties(one, other, tolerance)):
            found.append(f"{name} {text}")
    return "; ".join(found) or None


def _array_difference(one: NDArray[Any], other: NDArray[Any], tolerance: float) -> str | None:
    if one.shape != other.shape:
        return f"of shape {one.shape} and {other.shape}"
    if not tolerance or one.dtype.kind != "f":
        unlike = one != other
    else:
        unlike = ~np.isclose(one, other, rtol=tolerance, atol=tolerance)
    if not unlike.any():
        return None
    rows = int(unlike.reshape(len(one), -1).any(axis=1).sum())
    far = ""
    if one.dtype.kind == "f":
        far = f", by up to {float(np.abs(one.astype(np.float64) - other).max()):.2g}"
    return f"of {rows} of {len(one)} samples{far}"


def _only_ties(one: Predictions, other: Predictions, tolerance: float) -> bool:
    shares = one.probabilities
    if shares is None or one.classes is None or other.classes is None or shares.shape[1] < 2:
        return False
    best = np.sort(shares, axis=1)
    near = best[:, -1] - best[:, -2] <= 2 * tolerance
    return near.shape == one.classes.shape and bool(near[one.classes != other.classes].all())
