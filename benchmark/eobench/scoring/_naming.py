"""Clusters are named after classes by a majority vote learned on the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.scoring._confusion import confusion_matrix


def name_clusters(
    clusters: NDArray[np.integer[Any]],
    train_clusters: NDArray[np.integer[Any]],
    train_truth: NDArray[np.integer[Any]],
    classes: int,
) -> NDArray[np.int16]:
    """Return the class of each sample's cluster: the most frequent true class of its training rows.

    As in Vincent et al.: learned on train, applied to test, several clusters may share a class. Ties go to the
    lower class index. Deviation: a cluster without labelled training rows gets the most frequent training class;
    their code gives it class 0, the argmax of an empty column.

    Args:
        clusters: cluster numbers of the scored samples, any shape.
        train_clusters: of the training rows, any shape.
        train_truth: their true classes, same shape; -1 = unlabelled.
        classes: K.

    Raises:
        ValueError: no training row is labelled.
    """
    if not (train_truth >= 0).any():
        raise ValueError("no training row is labelled, so clusters cannot be named")
    count = 1 + max(int(clusters.max(initial=0)), int(train_clusters.max(initial=0)))
    votes = confusion_matrix(train_truth, train_clusters, classes, count)
    names = votes.argmax(axis=0)
    names[votes.sum(axis=0) == 0] = votes.sum(axis=1).argmax()
    named: NDArray[np.int16] = names.astype(np.int16)[clusters]
    return named
