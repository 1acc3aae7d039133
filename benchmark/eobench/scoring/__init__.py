"""Predictions to metrics: classification, clustering, neighbours, proportions, calibration, segmentation.

The module is itself a plugin: its metrics come in through the same hook as anybody's.
"""

from eobench.plugin import MetricCard, hookimpl
from eobench.scoring._cards import CARDS
from eobench.scoring._check import PredictionError, check_predictions
from eobench.scoring._confusion import confusion_matrix
from eobench.scoring._maps import resize_maps
from eobench.scoring._naming import name_clusters
from eobench.scoring._score import applies, score

__all__ = [
    "PredictionError",
    "applies",
    "check_predictions",
    "confusion_matrix",
    "name_clusters",
    "resize_maps",
    "score",
]


@hookimpl
def eobench_metrics() -> list[MetricCard]:
    """Return the built-in metrics."""
    return list(CARDS)
