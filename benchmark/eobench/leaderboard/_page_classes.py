"""What the page shows of single classes: recall and precision of every method, and its confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eobench.leaderboard._blocks import contenders
from eobench.leaderboard._format import models
from eobench.leaderboard._page_figures import text
from eobench.leaderboard._summary import given_texts
from eobench.leaderboard._wins import slice_values

MAX_CLASSES = 60
MAX_PLACES = 60
"""More make the page heavy; the Parquet has them all."""


def class_data(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return, for each data set and what was given, the confusion matrices of its methods.

    Matrices are sums over seeds, draws and paired options: counts (K, K) with true classes in rows, from which the
    rates of a class follow.
    """
    if not {"confusion", "classes"} <= set(frame.columns):
        return []
    kept = ((frame["status"] == "ok") & frame["confusion"].notna() & frame["classes"].notna()).to_numpy(bool)
    if not kept.any():
        return []
    names = contenders(frame).to_numpy(object)
    datasets, given = slice_values(frame)["dataset"].to_numpy(object), given_texts(frame)
    levels, families = frame["supervision"].to_numpy(object), models(frame)
    found: dict[tuple[str, tuple[str, ...]], dict[str, NDArray[np.int64]]] = {}
    for row in np.flatnonzero(kept):
        classes = tuple(str(c) for c in frame["classes"].iloc[row])
        counts = _matrix(frame["confusion"].iloc[row], len(classes))
        if counts is None:
            continue
        place = f"{datasets[row]} · {levels[row]} {given[row]}".strip()
        name = f"{names[row]} · {families[row]}" if families[row] else str(names[row])
        matrices = found.setdefault((place, classes), {})
        matrices[name] = matrices[name] + counts if name in matrices else counts
    return [
        {
            "place": text(place),
            "classes": [text(c) for c in classes],
            "names": [text(name) for name in matrices],
            "confusion": [counts.tolist() for counts in matrices.values()],
        }
        for (place, classes), matrices in list(found.items())[:MAX_PLACES]
    ]


def _matrix(value: Any, classes: int) -> NDArray[np.int64] | None:
    """Counts (K, K), or None where there are too many, or the table is of another shape (a stranger's)."""
    try:
        counts = np.array([list(line) for line in value], np.float64)
    except (TypeError, ValueError):
        return None
    if counts.shape != (classes, classes) or classes > MAX_CLASSES or not np.isfinite(counts).all():
        return None
    return counts.astype(np.int64)
