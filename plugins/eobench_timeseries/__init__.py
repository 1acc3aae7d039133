"""Classifiers and clusterings of series. Cards only; what they describe is imported when used."""

from eobench.plugin import MethodCard, hookimpl
from eobench_timeseries._cards import (
    DTAN_KMEANS,
    KMEANS_DTW,
    ONE_NEAREST,
    ONE_NEAREST_DTW,
    RANDOM_FOREST,
    SVM,
    TAPNET,
    USRL_KMEANS,
)


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return the methods on series that need no base model."""
    return [RANDOM_FOREST, SVM, ONE_NEAREST, ONE_NEAREST_DTW, TAPNET, KMEANS_DTW, USRL_KMEANS, DTAN_KMEANS]
