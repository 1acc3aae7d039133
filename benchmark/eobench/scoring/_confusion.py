"""Everything that one confusion matrix says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Metric, Scoring


def confusion_matrix(
    truth: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], classes: int, columns: int | None = None
) -> NDArray[np.int64]:
    """Count pairs of truth and prediction.

    Args:
        truth: class indices of any shape; negative ones are left out.
        predicted: indices of the same shape.
        classes: K, number of rows.
        columns: number of predicted indices (clusters); default K.

    Returns:
        (K, columns) counts: row true class, column predicted index.

    Raises:
        ValueError: shapes differ, or an index lies outside the matrix.
    """
    width = classes if columns is None else columns
    if truth.shape != predicted.shape:
        raise ValueError(f"truth has shape {truth.shape}, predictions {predicted.shape}")
    known = truth >= 0
    rows = truth[known].astype(np.int64)
    cells = predicted[known].astype(np.int64)
    if rows.size and (rows.max() >= classes or cells.min() < 0 or cells.max() >= width):
        raise ValueError(
            f"indices outside the matrix: truth up to {rows.max()} of {classes} classes, predictions "
            f"{cells.min()} to {cells.max()} of {width}"
        )
    counts = np.bincount(rows * width + cells, minlength=classes * width)
    return counts.reshape(classes, width)


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quotients, NaN where the whole is empty."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _mean(values: NDArray[np.float64]) -> float | None:
    """Mean over what is not NaN; None where nothing is left."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


class Classification(Metric):
    """OA, MA, macro-F1, kappa, recall, precision and the confusion matrix, over all scored samples or pixels.

    MA is the mean recall over the classes present in the truth (METHODS 6; Eq 16 of Vincent et al. is printed as
    a binary formula, its text says this). Macro-F1 is over the classes present in the truth or predicted, as in
    scikit-learn: a class that is only predicted counts 0. Kappa is None where chance agreement is complete.
    """

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return the seven columns."""
        classes = scoring.predictions.classes
        if classes is None:
            return dict.fromkeys(("oa", "ma", "macro_f1", "kappa", "recall", "precision", "confusion"))
        counts = confusion_matrix(scoring.truth, classes, len(scoring.classes))
        table = counts.astype(np.float64)
        total, right = table.sum(), np.diag(table)
        true, predicted = table.sum(axis=1), table.sum(axis=0)
        recall, precision = _share(right, true), _share(right, predicted)
        chance = float(true @ predicted) / total**2 if total else 1.0
        oa = float(right.sum() / total) if total else None
        return {
            "oa": oa,
            "ma": _mean(recall),
            "macro_f1": _mean(_share(2 * right, true + predicted)),
            "kappa": None if oa is None or chance >= 1 else (oa - chance) / (1 - chance),
            "recall": recall,
            "precision": precision,
            "confusion": counts,
        }


class MeanIoU(Metric):
    """Mean intersection over union of dense targets, from one matrix over the test set (METHODS 6, paper 003).

    Averaged over the classes present in the truth or predicted; not the per-image average of paper 002.
    """

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `miou`."""
        classes = scoring.predictions.classes
        if classes is None:
            return {"miou": None}
        table = confusion_matrix(scoring.truth, classes, len(scoring.classes)).astype(np.float64)
        right = np.diag(table)
        return {"miou": _mean(_share(right, table.sum(axis=0) + table.sum(axis=1) - right))}
