"""Error with which a method rebuilds its inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Metric, Predictions, Scoring


class ReconstructionError(Metric):
    """L_rec of Vincent et al. (Table 4): the mean over rows of the error that the predictor states.

    Rows count alike, however many of their steps were observed. Each method standardises by its own view, so only
    methods with the same scaling and filling compare.
    """

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `reconstruction`, and `reconstruction_train` (None without predictions on train)."""
        return {
            "reconstruction": _mean(scoring.predictions, scoring.truth),
            "reconstruction_train": _mean(scoring.train_predictions, scoring.train_truth),
        }


def _mean(predictions: Predictions | None, truth: NDArray[np.integer] | None) -> float | None:
    if predictions is None or predictions.reconstruction is None or truth is None or not (truth >= 0).any():
        return None
    return float(predictions.reconstruction[truth >= 0].mean(dtype=np.float64))
