"""Error of predicted class shares."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eobench.data import Bags
from eobench.plugin import Metric, Scoring


class ProportionError(Metric):
    """Mean absolute error of class shares, per bag and over all scored rows.

    A bag's predicted shares are counted from the predicted classes of its rows (or pixels), as paper 002 does by
    default (METHODS 3.3); a method that gives proportions only has them averaged. Rows without truth are left
    out, as they are left out of the true shares. A bag with no scored row is left out.
    """

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return `proportion_mae_bag` (None without bags) and `proportion_mae_overall`."""
        shares = _row_shares(scoring)
        if shares is None:
            return {"proportion_mae_bag": None, "proportion_mae_overall": None}
        truth = _counts(scoring.truth, scoring.truth, len(scoring.classes)).sum(axis=0)
        predicted = shares.sum(axis=0)
        overall = None
        if truth.sum() > 0 and predicted.sum() > 0:
            overall = float(np.abs(predicted / predicted.sum() - truth / truth.sum()).mean())
        return {
            "proportion_mae_bag": None if scoring.bags is None else _bag_error(scoring.bags, shares),
            "proportion_mae_overall": overall,
        }


def _row_shares(scoring: Scoring) -> NDArray[np.float64] | None:
    """(n, K): what each scored row adds to each class; zero rows are not scored."""
    classes, proportions = scoring.predictions.classes, scoring.predictions.proportions
    if classes is not None:
        return _counts(classes, scoring.truth, len(scoring.classes))
    if proportions is None:
        return None
    known = (scoring.truth >= 0).reshape(len(scoring.truth), -1).sum(axis=1)
    shares: NDArray[np.float64] = proportions.astype(np.float64) * known[:, None]
    return shares


def _counts(classes: NDArray[np.integer], truth: NDArray[np.integer], count: int) -> NDArray[np.float64]:
    """(n, K) number of scored pixels of each class in each row (one-hot where a row is one sample)."""
    rows = len(truth)
    known = (truth >= 0).reshape(rows, -1)
    which, _ = np.nonzero(known)
    cells = which * count + classes.reshape(rows, -1)[known].astype(np.int64)
    return np.bincount(cells, minlength=rows * count).reshape(rows, count).astype(np.float64)


def _bag_error(bags: Bags, shares: NDArray[np.float64]) -> float | None:
    partition = bags.partition(0)
    sums = np.vstack([np.zeros((1, shares.shape[1])), np.cumsum(shares[partition.rows], axis=0)])
    totals = sums[partition.offsets[1:]] - sums[partition.offsets[:-1]]
    sizes = totals.sum(axis=1)
    kept = sizes > 0
    if not kept.any():
        return None
    return float(np.abs(totals[kept] / sizes[kept, None] - partition.proportions[kept]).mean())
