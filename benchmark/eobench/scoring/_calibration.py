"""Expected calibration error."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from eobench.plugin import Metric, Scoring

BINS = 15


class CalibrationError(Metric):
    """ECE (Guo et al. 2017, Eq 3): 15 bins (low, high] of equal width over the largest probability.

    In each bin |mean confidence - accuracy|, weighted by the bin's share of the scored samples or pixels. The
    accuracy is that of the most probable class.
    """

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `ece`."""
        probabilities = scoring.predictions.probabilities
        known = scoring.truth >= 0
        if probabilities is None or not known.any():
            return {"ece": None}
        confidence = probabilities.max(axis=1)[known].astype(np.float64)
        right = probabilities.argmax(axis=1)[known] == scoring.truth[known]
        bins = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
        gap = np.bincount(bins, weights=confidence - right, minlength=BINS)
        return {"ece": float(np.abs(gap).sum() / known.sum())}
