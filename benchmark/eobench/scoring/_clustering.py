"""Agreement of clusters, or of classes taken as clusters, with the truth."""

from __future__ import annotations

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

    With more clusters than classes the unmatched ones count as wrong; with fewer, the unmatched classes do.
    """

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `acc_h`."""
        from scipy.optimize import linear_sum_assignment

        scored = _scored(scoring)
        if scored is None:
            return {"acc_h": None}
        truth, groups = scored
        table = confusion_matrix(truth, groups, len(scoring.classes), int(groups.max()) + 1)
        rows, columns = linear_sum_assignment(table, maximize=True)
        return {"acc_h": float(table[rows, columns].sum() / table.sum())}


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
    """NMI, arithmetic normalisation (scikit-learn's default; the papers do not state theirs)."""

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `nmi`."""
        from sklearn.metrics import normalized_mutual_info_score

        scored = _scored(scoring)
        return {"nmi": None if scored is None else float(normalized_mutual_info_score(*scored))}


class RandIndex(Metric):
    """ARI (Hubert and Arabie), as in scikit-learn."""

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `ari`."""
        from sklearn.metrics import adjusted_rand_score

        scored = _scored(scoring)
        return {"ari": None if scored is None else float(adjusted_rand_score(*scored))}
