"""A confusion matrix as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_figure(table: list[list[int]], classes: list[str]) -> Figure:
    """Return a confusion matrix as a figure, shaded by the share of each true class.

    Args:
        table: (K, K) counts, rows true classes, columns predicted.
        classes: K names; numbers stand in where there are none.
    """
    # Figure alone, without pyplot: pyplot's state is global and this runs in a thread.
    import numpy as np
    from matplotlib.figure import Figure

    counts = np.asarray(table, np.float64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = len(counts)
    names = classes if len(classes) == size else [str(k) for k in range(size)]
    figure = Figure(figsize=(3.2 + 0.42 * size, 2.8 + 0.42 * size), dpi=90, layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="BuGn", vmin=0, vmax=1)
    axes.set_xticks(range(size), names, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(size), names, fontsize=8)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    if size <= 20:
        for i, j in zip(*np.nonzero(counts), strict=True):
            shade = "white" if share[i, j] > 0.6 else "black"
            axes.text(j, i, f"{counts[i, j]:.0f}", ha="center", va="center", fontsize=7, color=shade)
    return figure
