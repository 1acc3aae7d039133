"""k-means on series."""

from __future__ import annotations

import numpy as np

from eobench.data import UnsupportedError, View
from eobench.plugin import Method, RunContext
from eobench_prototypes._features import chunks, fit_features
from eobench_prototypes._predictor import NearestPrototype


class KMeansClustering(Method):
    """k-means of filled, standardised series, 32 clusters as in Vincent et al. (Table 3).

    Deviation: the paper trains centres by mini-batch gradient with reassignment of empty clusters, on train,
    validation and test; here Lloyd's algorithm (scikit-learn) runs on the view's rows, of which at most
    `fit_rows` are drawn. It minimises the same loss, and the statement of inputs is the task's (`transductive`).
    Clusters are named by the scorer, by a majority vote on train. Its published count of parameters holds 128
    clusters; ours holds what is used.
    """

    def fit(self, view: View, run: RunContext) -> NearestPrototype:
        """Return the centres of a `none` view.

        Raises:
            UnsupportedError: there are fewer rows than clusters.
        """
        from sklearn.cluster import KMeans

        count, cap = int(self.params["clusters"] or 0), self.params["fit_rows"]
        if len(view) < count:
            raise UnsupportedError(
                f"kmeans[clusters={count}] needs at least {count} rows; the view has {len(view)}"
            )
        features = fit_features(view.inputs, self.params["scaling"], self.params["fill"])
        rows = np.arange(len(view))
        if cap is not None and len(rows) > max(int(cap), count):
            rows = np.sort(run.generator("rows").choice(rows, max(int(cap), count), replace=False))
        values = np.concatenate([features.values(view.inputs, chunk) for chunk in chunks(view.inputs, rows)])
        model = KMeans(
            n_clusters=count,
            init=self.params["init"],
            n_init=self.params["restarts"],
            max_iter=self.params["iterations"],
            random_state=run.number("init") % 2**32,
            algorithm="lloyd",
        ).fit(values)
        run.log("inertia per row", float(model.inertia_) / len(rows), int(model.n_iter_))
        return NearestPrototype(features, model.cluster_centers_.astype(np.float64), None)
