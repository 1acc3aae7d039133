"""`index.html`: a page that works without network, with figures in the reader's light or dark theme."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from eobench import __version__
from eobench.leaderboard._blocks import contenders
from eobench.leaderboard._format import models, scalar_metrics, texts
from eobench.leaderboard._page_classes import class_data
from eobench.leaderboard._page_curves import curve_data
from eobench.leaderboard._page_figures import gain_data, score_data, win_data
from eobench.leaderboard._summary import Summary, SummaryRow, given_texts, summarise
from eobench.leaderboard._wins import slice_values
from eobench.results import FAILURES, STATUSES

if TYPE_CHECKING:
    from eobench.leaderboard._board import Board

# What readers of the field look for first; other metrics follow in the order of their plugins.
FIRST = ("oa", "ma", "macro_f1", "kappa", "miou", "acc_majority", "acc_h", "knn25")
TITLES = {
    "oa": "OA",
    "ma": "MA",
    "macro_f1": "F1",
    "kappa": "kappa",
    "miou": "mIoU",
    "ece": "ECE",
    "nmi": "NMI",
    "acc_p": "AccP",
    "acc_h": "AccH",
}


def title(metric: str) -> str:
    """Return the heading of a metric."""
    return TITLES.get(metric, metric.replace("_", " "))


def plotly_script() -> Path:
    """Return the path of the figures' script, as the plotly package ships it."""
    from importlib.util import find_spec

    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("plotly is not installed")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def render(board: Board) -> str:
    """Return the page. All texts are escaped: rows may come from strangers."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    page = Environment(
        loader=PackageLoader("eobench.leaderboard", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return page.get_template("index.html.j2").render(**_context(board))


def _context(board: Board) -> dict[str, Any]:
    frame = board.results
    filled = {name: c for name, c in scalar_metrics(frame).items() if frame[name].notna().any()}
    metrics = {name: filled[name] for name in sorted(filled, key=lambda n: FIRST.index(n) if n in FIRST else 99)}
    main = next((m for m in board.wins["metric"].unique()), None) or next(iter(metrics), None)
    summaries = summarise(frame, tuple(metrics))
    counts = board.statuses
    return {
        "name": board.name,
        "made": datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        "version": __version__,
        "protocol": ", ".join(str(v) for v in frame["protocol"].dropna().unique()) or "none",
        "statuses": [(s, counts[s]) for s in STATUSES if s in counts],
        "facts": _facts(frame),
        "warnings": board.warnings,
        "metrics": [{"name": m, "title": title(m), "doc": c.doc, "better": c.better} for m, c in metrics.items()],
        "main": main,
        "main_title": title(main) if main else "",
        "standings": _standings([summaries[main], *summaries.values()], frame) if main else [],
        "rows": _rows(frame, list(metrics)),
        "problems": _problems(frame),
        "baseline": board.baseline,
        "data": {
            "wins": win_data(board.wins, title),
            "gains": gain_data(board.gains, title),
            "scores": score_data(list(summaries.values()), title),
            "curves": curve_data(frame, tuple(metrics), title),
            "classes": class_data(frame),
        },
    }


def _facts(frame: pd.DataFrame) -> list[tuple[str, int]]:
    facts = [
        ("cells", len(frame)),
        ("methods", frame["method"].nunique()),
        ("data sets", frame["dataset_label"].nunique()),
        ("levels", frame["supervision"].nunique()),
        ("base models", frame["base_model"].nunique()),
        ("seeds", frame["seed"].nunique()),
    ]
    return [(what, int(count)) for what, count in facts if count]


def _standings(summaries: list[Summary], frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A card for each data set. The first metric counts wherever it can."""
    present = {r.dataset for summary in summaries for r in summary.rows if r.mean is not None}
    datasets = [d for d in dict.fromkeys(slice_values(frame)["dataset"]) if d in present]
    return [{"dataset": dataset, "tables": _standing(dataset, summaries)} for dataset in datasets]


def _standing(dataset: str, summaries: list[Summary]) -> list[dict[str, Any]]:
    """Tables, methods down, what they were given across; methods that share no column stand in tables apart."""
    scores = {
        (s.metric, r.supervision, r.given, r.method, r.base_model): r
        for s in summaries
        for r in s.rows
        if r.dataset == dataset
    }
    heads = _heads([s for s in summaries if s.higher or s is summaries[0]], dataset)
    named = [(h.metric, h.level, h.given) for h in heads]
    known = {k for k, r in scores.items() if r.mean is not None}
    methods = dict.fromkeys(k[3:] for k in scores if k in known and k[:3] in named)
    filled = {m: {k for k, n in enumerate(named) if (*n, *m) in known} for m in methods}
    tables = []
    for columns in _apart(list(filled.values())):
        lines = [
            _Line(method, base or "", [scores.get((*named[k], method, base)) for k in columns])
            for (method, base), places in filled.items()
            if not places.isdisjoint(columns)
        ]
        ours = [heads[k] for k in columns]
        for place, head in enumerate(ours):
            for line, shade in zip(
                lines, _shades([line.cells[place] for line in lines], head.higher), strict=True
            ):
                line.shades.append(shade)
        lines.sort(key=lambda line: line.order(ours))
        levels = list(Counter(head.level for head in ours).items())
        tables.append({"levels": levels, "heads": ours, "lines": lines})
    return tables


def _apart(sets: list[set[int]]) -> list[list[int]]:
    """Columns that some method joins, directly or through others, sorted; in the order of their first column."""
    groups: list[set[int]] = []
    for places in sets:
        touching = [g for g in groups if not g.isdisjoint(places)]
        groups = [g for g in groups if g.isdisjoint(places)] + [places.union(*touching)]
    return sorted(sorted(g) for g in groups if g)


@dataclass(frozen=True, slots=True)
class _Head:
    """One column of a standing; `note` names the metric where it is not the page's."""

    level: str
    given: str
    metric: str
    higher: bool
    note: str


def _heads(summaries: list[Summary], dataset: str) -> list[_Head]:
    """All columns, in the order of the plan, levels together; the first metric with values fills each."""
    found: dict[tuple[str, str], _Head] = {}
    planned = dict.fromkeys(
        (r.supervision, r.given) for s in summaries[:1] for r in s.rows if r.dataset == dataset
    )
    for summary in summaries:
        for r in summary.rows:
            if r.dataset == dataset and r.mean is not None:
                note = "" if summary is summaries[0] else title(summary.metric)
                head = _Head(r.supervision, r.given, summary.metric, summary.higher, note)
                found.setdefault((r.supervision, r.given), head)
    levels = list(dict.fromkeys(level for level, _ in planned))
    order = sorted((p for p in planned if p in found), key=lambda p: levels.index(p[0]))
    return [found[place] for place in order]


@dataclass(slots=True)
class _Line:
    """One method in a standing: its cells, and where each lies between the worst and the best of its column."""

    method: str
    base: str
    cells: list[SummaryRow | None]
    shades: list[int] = field(default_factory=list)

    def order(self, heads: list[_Head]) -> tuple[int, float]:
        """By the first column that it has a value in, then by that value."""
        for place, cell in enumerate(self.cells):
            if cell is not None and cell.mean is not None:
                return place, -cell.mean if heads[place].higher else cell.mean
        return len(self.cells), 0.0


def _shades(cells: list[SummaryRow | None], higher: bool) -> list[int]:
    """0 to 100: where each mean lies between the worst and the best of its column."""
    means = [c.mean for c in cells if c is not None and c.mean is not None]
    low, high = min(means, default=0.0), max(means, default=0.0)
    shades = []
    for cell in cells:
        if cell is None or cell.mean is None or high <= low:
            shades.append(0)
        else:
            place = (cell.mean - low) / (high - low)
            shades.append(round(100 * (place if higher else 1 - place)))
    return shades


def _rows(frame: pd.DataFrame, metrics: list[str]) -> list[dict[str, Any]]:
    slices = slice_values(frame)
    shown = frame.assign(dataset_shown=slices["dataset"], given=given_texts(frame))
    columns = [
        "cell",
        "method_label",
        "method_params",
        "dataset_shown",
        "supervision",
        "given",
        "base_model_params",
        "seed",
        "status",
        "reason",
        "warning",
        "fit_seconds",
        "peak_memory",
        *metrics,
    ]
    rows = []
    for values, base in zip(
        shown[columns].astype(object).itertuples(index=False, name=None), models(frame), strict=True
    ):
        row = {c: None if _missing(v) else v for c, v in zip(columns, values, strict=True)}
        row["base"] = base
        row["scores"] = [row[m] for m in metrics]
        rows.append(row)
    return rows


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def _problems(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows that are not ok, one line for each reason: what failed first."""
    rows = frame[frame["status"] != "ok"]
    if rows.empty:
        return []
    labels = contenders(frame)[rows.index]
    silent = {"not-run": "not run yet: `eobench run` goes on where it stopped"}
    stated = zip(texts(rows["reason"]), texts(rows["status"]), strict=True)
    reason = [why or silent.get(status, "no reason given") for why, status in stated]
    made = rows.assign(label=labels, reason=reason, dataset_shown=slice_values(rows)["dataset"])
    found = []
    for (status, why), group in made.groupby(["status", "reason"], sort=False):
        found.append(
            {
                "status": status,
                "reason": why,
                "count": len(group),
                "methods": list(dict.fromkeys(group["label"])),
                "datasets": list(dict.fromkeys(group["dataset_shown"])),
                "cells": [str(c)[:12] for c in group["cell"]][:3],
            }
        )
    order = [*FAILURES, "skipped", "not-run", "unsupported"]
    return sorted(found, key=lambda p: (order.index(p["status"]), -p["count"]))
