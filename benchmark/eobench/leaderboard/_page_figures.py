"""What the page's figures show, as plain data: the page draws it in the reader's theme."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from eobench.leaderboard._format import models, texts
from eobench.leaderboard._summary import Summary, given_texts
from eobench.leaderboard._wins import SLICE_COLUMNS, part_matrix

# More matrices than this make the page heavy; the Parquet has them all.
MAX_SLICES = 120
# A box of so many points says as much as one of all of them.
MAX_POINTS = 2_000


def text(value: object) -> str:
    """Return a text for a plotly label, which understands some HTML: escaped."""
    return html.escape(str(value), quote=False)


def win_data(wins: pd.DataFrame, title: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return the slices of the win matrix: metric, label of the slice, names, shares (%), wins, ties, n."""
    found: list[dict[str, Any]] = []
    for metric in wins["metric"].unique():
        ours = wins[wins["metric"] == metric]
        for values, part in ours.groupby(["slice", *SLICE_COLUMNS], dropna=False, sort=False):
            where = {c: v for c, v in zip(SLICE_COLUMNS, values[1:], strict=True) if not pd.isna(v)}
            made = part_matrix(part).met
            if not made.names:
                continue
            found.append(
                {
                    "metric": title(str(metric)),
                    "label": _slice_label(where),
                    "names": [text(n) for n in made.names],
                    "share": [[None if np.isnan(s) else round(100 * s, 1) for s in row] for row in made.share],
                    "wins": made.wins.tolist(),
                    "ties": made.ties.tolist(),
                    "n": made.n.tolist(),
                }
            )
    return found[:MAX_SLICES]


def _slice_label(where: dict[str, Any]) -> str:
    words = [f"bags of {v}" if c == "bag_size" else str(v) for c, v in where.items()]
    return " · ".join(words) or "whole board"


def gain_data(gains: pd.DataFrame, title: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return, for each metric and method, the ratios (%) and differences of its blocks, with a label for each."""
    found = []
    for (metric, method), part in gains.groupby(["metric", "method"], sort=False):
        if len(part) > MAX_POINTS:
            part = part.iloc[np.linspace(0, len(part) - 1, MAX_POINTS).astype(int)]
        words = zip(
            texts(part["dataset_label"]),
            (" ".join(w) for w in zip(part["supervision"], given_texts(part), strict=True)),
            models(part),
            (f"seed {seed}" for seed in part["seed"]),
            strict=True,
        )
        found.append(
            {
                "metric": title(str(metric)),
                "method": text(method),
                "ratio": [None if pd.isna(v) else round(100 * v, 2) for v in part["ratio"]],
                "difference": [round(v, 5) for v in part["difference"]],
                "text": [text(" · ".join(w.strip() for w in some if w)) for some in words],
                "n": len(part),
                "median": float(part["difference"].median()),
            }
        )
    order = {metric: k for k, metric in enumerate(dict.fromkeys(g["metric"] for g in found))}
    return sorted(found, key=lambda g: (order[g["metric"]], -g["median"]))


def score_data(summaries: Sequence[Summary], title: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return, for each metric and data set, one trace a method and family over what it was given."""
    found = []
    for summary in summaries:
        for dataset in dict.fromkeys(r.dataset for r in summary.rows):
            rows = [r for r in summary.rows if r.dataset == dataset and r.mean is not None]
            if not rows:
                continue
            places = dict.fromkeys((r.supervision, r.given) for r in summary.rows if r in rows)
            traces: dict[str, dict[str, Any]] = {}
            for r in rows:
                name = text(r.method + (f" · {r.base_model}" if r.base_model else ""))
                trace = traces.setdefault(
                    name, {"method": r.method, "base": r.base_model or "", "x": [], "y": [], "sd": [], "text": []}
                )
                trace["x"].append(text(" ".join((r.supervision, r.given)).strip()))
                trace["y"].append(round(r.mean or 0.0, 5))
                trace["sd"].append(0 if r.sd is None else round(r.sd, 5))
                trace["text"].append(text(f"{r.coverage} cells"))
            found.append(
                {
                    "metric": title(summary.metric),
                    "dataset": dataset,
                    "places": [text(" ".join(p).strip()) for p in places],
                    "traces": [{"name": name, **trace} for name, trace in sorted(traces.items())],
                }
            )
    return found
