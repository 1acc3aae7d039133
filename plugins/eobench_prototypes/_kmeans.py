"""k-means on series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eobench.data import Inputs, UnsupportedError, View
from eobench.plugin import Method, RunContext
from eobench_prototypes._features import Features, chunks, fit_features
from eobench_prototypes._predictor import LEAST_MASS, NearestPrototype

_ROWS_AT_ONCE = 8192


class KMeansClustering(Method):
    """k-means of filled, standardised series, 32 clusters as in Vincent et al. (Table 3).

    Deviation: the paper trains centres by mini-batch gradient with reassignment of empty clusters, on train,
    validation and test; here Lloyd's algorithm (scikit-learn) runs on the view's rows, of which at most
    `fit_rows` are drawn. It minimises the same loss, and the statement of inputs is the task's (`transductive`).
    `distance=masked` goes on from there with steps weighted by how well they were observed, which is the paper's
    L_rec. Clusters are named by the scorer, by a majority vote on train. Its published count of parameters holds
    128 clusters; ours holds what is used.
    """

    def fit(self, view: View, run: RunContext) -> NearestPrototype:
        """Return the centres of a `none` view.

        Raises:
            UnsupportedError: there are fewer rows than clusters.
        """
        features = fit_features(view.inputs, self.params["scaling"], self.params["fill"])
        cap = self.params["fit_rows"]
        options = Clustering(
            clusters=int(self.params["clusters"] or 0),
            masked=self.params["distance"] == "masked",
            init=str(self.params["init"]),
            restarts=int(self.params["restarts"] or 1),
            iterations=int(self.params["iterations"] or 1),
            fit_rows=None if cap is None else int(cap),
        )
        return NearestPrototype(
            features, cluster(view.inputs, features, options, run, "kmeans"), None, masked=options.masked
        )


@dataclass(frozen=True, slots=True)
class Clustering:
    """How centres are found; the card's options.

    Attributes:
        clusters: K.
        masked: weigh steps by how well they were observed.
        init: `k-means++` or `random`.
        restarts: from other first centres.
        iterations: at most.
        fit_rows: rows clustered at most; None: all.
    """

    clusters: int = 32
    masked: bool = False
    init: str = "k-means++"
    restarts: int = 1
    iterations: int = 300
    fit_rows: int | None = 100_000


def cluster(
    inputs: Inputs, features: Features, options: Clustering, run: RunContext, method: str
) -> NDArray[np.float64]:
    """Return the centres (K, C*T).

    Raises:
        UnsupportedError: there are fewer rows than clusters; the message names the method.
    """
    count, cap = options.clusters, options.fit_rows
    require_rows(len(inputs), count, method)
    rows = np.arange(len(inputs))
    if cap is not None and len(rows) > max(cap, count):
        rows = np.sort(run.generator("rows").choice(rows, max(cap, count), replace=False))
    values = np.concatenate([features.values(inputs, chunk) for chunk in chunks(inputs, rows)])
    centres = lloyd(values, options, run)
    if not options.masked:
        return centres
    weights = np.concatenate([features.weighted(inputs, chunk)[1] for chunk in chunks(inputs, rows)])
    return refined(values, weights, centres, options.iterations)


def require_rows(rows: int, clusters: int, method: str) -> None:
    """Check that there is a row for each cluster.

    Raises:
        UnsupportedError: there are fewer; the message names the method.
    """
    if rows < clusters:
        raise UnsupportedError(
            f"{method}[clusters={clusters}] needs at least {clusters} rows; the view has {rows}"
        )


def lloyd(values: NDArray[np.float32], options: Clustering, run: RunContext) -> NDArray[np.float64]:
    """Return the centres (K, D) of K-means (scikit-learn) on all rows of (n, D), n of at least K."""
    from sklearn.cluster import KMeans

    model = KMeans(
        n_clusters=options.clusters,
        init=options.init,
        n_init=options.restarts,
        max_iter=options.iterations,
        random_state=run.number("init") % 2**32,
        algorithm="lloyd",
    ).fit(values)
    run.log("inertia per row", float(model.inertia_) / len(values), 0)
    centres: NDArray[np.float64] = model.cluster_centers_.astype(np.float64)
    return centres


def refined(
    values: NDArray[np.float32], weights: NDArray[np.float32], centres: NDArray[np.float64], iterations: int
) -> NDArray[np.float64]:
    """Return centres after Lloyd's algorithm on the weighted loss L_rec, from given ones.

    A series is of the centre with the least sum of m (x - p)^2; a centre is the mean of its series with weights
    m[t] / sum(m), which is where the gradient of L_rec vanishes. A centre that loses all its series stays.

    Args:
        values: (n, D).
        weights: (n, D), 0 or more.
        centres: (K, D).
        iterations: at most; it ends when no series changes its centre.
    """
    last: NDArray[np.int64] | None = None
    for _ in range(iterations):
        nearest = np.empty(len(values), np.int64)
        above, below = np.zeros_like(centres), np.zeros_like(centres)
        for start in range(0, len(values), _ROWS_AT_ONCE):
            x, m = (a[start : start + _ROWS_AT_ONCE].astype(np.float64) for a in (values, weights))
            found = (m @ (centres**2).T - 2 * ((m * x) @ centres.T)).argmin(axis=1)
            nearest[start : start + len(x)] = found
            m /= np.maximum(m.sum(axis=1, keepdims=True), LEAST_MASS)
            member = (found[:, None] == np.arange(len(centres))).astype(np.float64).T
            above += member @ (m * x)
            below += member @ m
        if last is not None and np.array_equal(nearest, last):
            break
        last = nearest
        centres = np.where(below > 0, above / np.where(below > 0, below, 1), centres)
    return centres
