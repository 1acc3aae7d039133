"""What the page shows of scores along labels, bag size, census error, redraws: lines, and a table of slopes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from eobench.leaderboard._page_figures import text
from eobench.leaderboard._reported import REPORTED
from eobench.leaderboard._slopes import PAIR, Axis, Curve, Slope, curves, mean_interval

MAX_PLACES = 60
"""More make the page heavy; the Parquet has them all."""


def curve_data(frame: pd.DataFrame, metrics: Sequence[str], title: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return, for each axis, data set and level, the means of its methods with intervals, and their slopes.

    Args:
        frame: results of a board.
        metrics: names of those that the page shows; but for labels `acc_p` and `acc_h` come first.
        title: heading of a metric.
    """
    known = [*(m for m in PAIR if m in metrics), *(m for m in metrics if m not in PAIR)]
    places: dict[tuple[Axis, str], list[Curve]] = {}
    for curve in curves(frame, known):
        words = (curve.dataset, f"{curve.supervision} {curve.given}".strip())
        places.setdefault((curve.axis, " · ".join(words)), []).append(curve)
    found = []
    for (axis, place), ours in list(places.items())[:MAX_PLACES]:
        percent = {m: all(np.abs(c.y).max() <= 1 for c in ours if c.metric == m) for m in known}
        ordered = metrics if axis.ending else known
        filled = [m for m in ordered if any(c.metric == m for c in ours)]
        found.append(
            {
                "along": axis.title,
                "unit": axis.unit,
                "log": axis.log,
                "place": place,
                "metrics": [title(m) for m in filled],
                "pair": [title(m) for m in PAIR] if set(PAIR) <= set(filled) and not axis.ending else [],
                "percent": [title(m) for m in filled if percent[m]],
                "lines": [_line(c, title(c.metric), 100 if percent[c.metric] else 1) for c in ours],
                "reported": _reported(axis, ours, filled, title),
            }
        )
    return found


def _line(curve: Curve, metric: str, scale: int) -> dict[str, Any]:
    means, halves, counts, at = [], [], [], np.unique(curve.x)
    for x in at:
        values = curve.y[curve.x == x]
        mean, half = mean_interval(values)
        means.append(round(scale * mean, 3))
        halves.append(None if half is None else round(scale * half, 3))
        counts.append(len(values))
    name = curve.method + (f" · {curve.base_model}" if curve.base_model else "")
    return {
        "name": name,
        "label": text(name),
        "metric": metric,
        "x": at.tolist(),
        "mean": means,
        "half": halves,
        "n": counts,
        "slope": _slope(curve.fit(), scale),
    }


def _reported(
    axis: Axis, ours: Sequence[Curve], metrics: Sequence[str], title: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Slopes of papers' own tables, where their method stands in the place."""
    levels = {(c.method.split("[")[0].split(" ")[0], c.supervision.split("[")[0]) for c in ours}
    told = []
    for reported in REPORTED:
        if reported.column == axis.column and (reported.method, reported.supervision) in levels:
            fits = {title(m): fit for m in metrics if (fit := reported.fit(axis, m)) is not None}
            slopes = {metric: _slope(fit, 100) for metric, fit in fits.items()}
            told.append({"name": f"{reported.method}, {reported.where}", "slopes": slopes})
    return told


def _slope(fit: Slope, scale: int) -> dict[str, Any]:
    def scaled(value: float | None) -> float | None:
        return None if value is None else round(scale * value, 3)

    return {"slope": scaled(fit.slope), "low": scaled(fit.low), "high": scaled(fit.high), "points": fit.points}
