"""Agreement of clusters, or of classes taken as clusters, with the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Metric, Predictions, Scoring
from eobench.scoring._confusion import confusion_matrix
from eobench.scoring._naming import name_clusters

Indices = NDArray[np.integer[Any]]


def _groups(predictions: Predictions | None) -> Indices | None:
    """Clusters where the method gives them, else its classes."""
    if predictions is None:
        return None
    return predictions.classes if predictions.clusters is None else predictions.clusters


def _accuracy(truth: Indices, predicted: Indices) -> float | None:
    known = truth >= 0
    return float((truth[known] == predicted[known]).mean()) if known.any() else None


def _scored(scoring: Scoring) -> tuple[Indices, Indices] | None:
    """Truth and groups of the scored samples, flat; None where there are none."""
    groups = _groups(scoring.predictions)
    known = scoring.truth >= 0
    return None if groups is None or not known.any() else (scoring.truth[known], groups[known])


class PrototypeAccuracy(Metric):
    """AccP (La Rosa et al.): share of samples whose best prototype k has the index of their class.

    Methods give the class of the best prototype as `classes`, so this equals OA; it stands beside AccH, which
    is never lower. A method that gives clusters only has no prototype k for class k: None at level `none`.
    """

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `acc_p`."""
        classes = scoring.predictions.classes
        return {"acc_p": None if classes is None else _accuracy(scoring.truth, classes)}


class HungarianAccuracy(Metric):
    """AccH (La Rosa et al.): accuracy after the one-to-one matching of groups to classes that is best on test.

    With more clusters than classes the unmatched ones count as wrong; with fewer, the unmatched classes do. Which
    cluster each class was matched to stands beside it: where AccP is far below AccH, it tells which were swapped.
    """

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `acc_h` and `matched`."""
        from scipy.optimize import linear_sum_assignment

        scored = _scored(scoring)
        if scored is None:
            return {"acc_h": None, "matched": None}
        truth, groups = scored
        table = confusion_matrix(truth, groups, len(scoring.classes), int(groups.max()) + 1)
        rows, columns = linear_sum_assignment(table, maximize=True)
        matched: list[int | None] = [None] * len(scoring.classes)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if table[row, column]:  # else the two share no sample, and the match says nothing
                matched[row] = column
        return {"acc_h": float(table[rows, columns].sum() / table.sum()), "matched": matched}


class MajorityAccuracy(Metric):
    """Accuracy after naming each cluster by the majority of its training rows (Vincent et al., unsupervised)."""

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `acc_majority`; None where there are no predictions on train."""
        groups, train = _groups(scoring.predictions), _groups(scoring.train_predictions)
        truth = scoring.train_truth
        if groups is None or train is None or truth is None or not (truth >= 0).any():
            return {"acc_majority": None}
        named = name_clusters(groups, train, truth, len(scoring.classes))
        return {"acc_majority": _accuracy(scoring.truth, named)}


class MutualInformation(Metric):
    """NMI, arithmetic normalisation (scikit-learn's default; the papers do not state theirs).

    1 where both sides are one group, 0 where one of them is.
    """

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `nmi`."""
        table = _contingency(scoring)
        return {"nmi": None if table is None else _normalised_information(table)}


class RandIndex(Metric):
    """ARI (Hubert and Arabie), as in scikit-learn; 1 where both sides are the same grouping."""

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `ari`."""
        table = _contingency(scoring)
        return {"ari": None if table is None else _adjusted_rand(table)}


# scikit-learn's functions take labels and check them for about 1 ms a call, whatever their number, and their
# import costs each worker half a second. From the table they are a few lines, bit by bit the same (tests say so).


def _contingency(scoring: Scoring) -> NDArray[np.int64] | None:
    """Counts of (class, group) of the scored samples, without empty rows and columns."""
    scored = _scored(scoring)
    if scored is None:
        return None
    truth, groups = scored
    table = confusion_matrix(truth, groups, int(truth.max()) + 1, int(groups.max()) + 1)
    return table[table.any(axis=1)][:, table.any(axis=0)]


def _adjusted_rand(table: NDArray[np.int64]) -> float:
    """Pairs, counted in Python's integers: products of four counts overflow 64 bits."""
    total = int(table.sum())
    together = int((table**2).sum())
    rows, columns = int((table.sum(axis=1) ** 2).sum()), int((table.sum(axis=0) ** 2).sum())
    both, only_group, only_class = together - total, columns - together, rows - together
    neither = total**2 - only_group - only_class - together
    if only_group == only_class == 0:
        return 1.0
    shares = (both + only_class) * (only_class + neither) + (both + only_group) * (only_group + neither)
    return 2.0 * (both * neither - only_class * only_group) / shares


def _normalised_information(table: NDArray[np.int64]) -> float:
    if table.shape == (1, 1):
        return 1.0
    if 1 in table.shape:
        return 0.0
    total = math.log(table.sum())
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    at_rows, at_columns = np.nonzero(table)
    counts = table[at_rows, at_columns]
    share = counts / table.sum()
    expected = -np.log(rows[at_rows] * columns[at_columns]) + total + total
    terms = share * (np.log(counts) - total) + share * expected
    information = max(0.0, float(np.where(np.abs(terms) < np.finfo(terms.dtype).eps, 0.0, terms).sum()))
    return information / float(np.mean([_entropy(rows), _entropy(columns)])) if information else 0.0


def _entropy(counts: NDArray[np.int64]) -> float:
    share = counts / counts.sum()
    return float(-np.sum(share * (np.log(counts) - math.log(counts.sum()))))
