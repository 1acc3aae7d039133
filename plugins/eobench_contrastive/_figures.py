"""A picture of labelled rows in the plane of their features' first two principal components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 1000


def mean_features(values: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return (n, D) means of features (n, T, D) over the observed dates (n, T); 0 where none was."""
    weights = valid / np.maximum(valid.sum(axis=1, keepdims=True), 1)
    means: NDArray[np.float32] = np.einsum("ntd,nt->nd", values, weights.astype(np.float32))
    return means


def principal_plane(rows: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (n, 2) coordinates of rows (n, D) and the (2,) shares of variance that they hold.

    Signs are set so that the largest loading of each component is positive. Fewer than two rows: zeros.
    """
    centred = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    coordinates, shares = np.zeros((len(rows), 2)), np.zeros(2)
    if len(rows) < 2:
        return coordinates, shares
    left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    count = min(2, len(sizes))
    signs = np.sign(right[np.arange(count), np.abs(right[:count]).argmax(axis=1)])
    coordinates[:, :count] = left[:, :count] * sizes[:count] * signs
    total = float(np.square(sizes).sum())
    shares[:count] = np.square(sizes[:count]) / total if total > 0 else 0.0
    return coordinates, shares


def plane_figure(rows: NDArray[np.float32], labels: NDArray[np.int16], classes: Sequence[str]) -> Any:
    """Return a plotly figure of rows (n, D), coloured by class."""
    from plotly.graph_objects import Figure, Scatter

    coordinates, shares = principal_plane(rows)
    figure = Figure()
    for number, name in enumerate(classes):
        own = coordinates[labels == number]
        figure.add_trace(Scatter(x=own[:, 0], y=own[:, 1], mode="markers", name=name, marker={"size": 5}))
    figure.update_layout(
        template="plotly_white",
        title="Features of labelled rows, mean over dates",
        xaxis_title=f"component 1 ({shares[0]:.0%} of the variance)",
        yaxis_title=f"component 2 ({shares[1]:.0%})",
    )
    return figure
