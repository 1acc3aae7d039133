"""kNN on embeddings."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Metric, Scoring

NEIGHBOURS = 25
TRAIN_ROWS = 20_000
_CHUNK_BYTES = 64_000_000


class NearestNeighbours(Metric):
    """Accuracy of a vote of the 25 nearest training embeddings (La Rosa et al., kNN with k = 25).

    Uniform votes; cosine similarity, since the paper's features have unit length (it does not state the metric);
    ties go to the lower class index. Labelled training rows are the neighbours, at most 20,000 of them, drawn
    with a fixed seed; with fewer than 25 all of them vote.
    """

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `knn25`; None where embeddings of train are not there."""
        train = scoring.train_predictions
        if train is None or scoring.train_truth is None:
            return {"knn25": None}
        queries, keys = scoring.predictions.embeddings, train.embeddings
        scored, known = np.flatnonzero(scoring.truth >= 0), np.flatnonzero(scoring.train_truth >= 0)
        if queries is None or keys is None or not len(scored) or not len(known):
            return {"knn25": None}
        if len(known) > TRAIN_ROWS:
            known = np.sort(np.random.default_rng(0).choice(known, TRAIN_ROWS, replace=False))
        voted = _vote(_unit(queries[scored]), _unit(keys[known]), scoring.train_truth[known], len(scoring.classes))
        return {"knn25": float((voted == scoring.truth[scored]).mean())}


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows of unit length; a zero row stays zero."""
    values = rows.astype(np.float32)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    length[length == 0] = 1
    unit: NDArray[np.float32] = values / length
    return unit


def _vote(
    queries: NDArray[np.float32], keys: NDArray[np.float32], labels: NDArray[np.integer], classes: int
) -> NDArray[np.int64]:
    """Most frequent label among the nearest keys of each query, chunk by chunk."""
    count = min(NEIGHBOURS, len(keys))
    chunk = max(1, _CHUNK_BYTES // (4 * len(keys)))
    voted = np.empty(len(queries), np.int64)
    for start in range(0, len(queries), chunk):
        similarity = queries[start : start + chunk] @ keys.T
        near = np.argpartition(-similarity, count - 1, axis=1)[:, :count]
        cells = np.arange(len(near))[:, None] * classes + labels[near]
        votes = np.bincount(cells.ravel(), minlength=len(near) * classes).reshape(len(near), classes)
        voted[start : start + chunk] = votes.argmax(axis=1)
    return voted
