"""The board in a few lines: means over seeds and draws, with how many of the cells they rest on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eobench.data import EobenchError, unknown
from eobench.leaderboard._blocks import contenders
from eobench.leaderboard._format import scalar_metrics, texts
from eobench.leaderboard._wins import chosen_metrics, slice_values

BY = ("dataset", "supervision", "base_model")


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One method in one group.

    Attributes:
        dataset: label, with the data set it was scored on where that is another.
        supervision: level.
        given: label budget, bag size, regions, source of the vector and the task's knobs, in words.
        method: contender: the method without the options that pair blocks.
        base_model: family; None where it needs none, or where families are not told apart.
        mean: of the metric over seeds, draws and paired options; None where no cell has it.
        sd: sample standard deviation; None below two cells.
        n: cells with a value.
        of: cells that were planned for it, without those that cannot be (`unsupported`).
        fit_seconds: mean; None where unknown.
        statuses: number of cells of each status that is not `ok`.
        best: whether it is the best of those in its group that have all their cells; means over other sets of
            cells are never ranked.
    """

    dataset: str
    supervision: str
    given: str
    method: str
    base_model: str | None
    mean: float | None
    sd: float | None
    n: int
    of: int
    fit_seconds: float | None
    statuses: dict[str, int]
    best: bool = False

    @property
    def complete(self) -> bool:
        """Whether the mean rests on every planned cell."""
        return self.n == self.of

    @property
    def coverage(self) -> str:
        """`n/N`, with what became of the others: `2/3 (1 failed)`."""
        rest = dict(self.statuses)
        if silent := self.of - self.n - sum(rest.values()):
            rest["without a value"] = silent  # it ran, but the metric does not apply
        return f"{self.n}/{self.of}" + (f" ({', '.join(f'{v} {k}' for k, v in rest.items())})" if rest else "")


@dataclass(frozen=True, slots=True)
class Summary:
    """The rows of a board's summary, groups together, best first within a group.

    Attributes:
        metric: name of the metric.
        higher: whether higher is better.
        rows: of all groups.
    """

    metric: str
    higher: bool
    rows: tuple[SummaryRow, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Headings for `text_rows`."""
        return ("data set", "level", "given", "method", "base model", self.metric, "±", "cells", "fit s")

    @property
    def right(self) -> tuple[str, ...]:
        """Headings whose columns are right-aligned."""
        return (self.metric, "±", "fit s")

    def text_rows(self) -> list[tuple[str, ...]]:
        """Return the rows as texts for a terminal; `*` marks the best of a group."""
        return [
            (
                r.dataset,
                r.supervision,
                r.given,
                r.method,
                r.base_model or "",
                ("" if r.mean is None else f"{r.mean:.4f}") + ("*" if r.best else " "),
                "" if r.sd is None else f"{r.sd:.4f}",
                r.coverage,
                "" if r.fit_seconds is None else f"{r.fit_seconds:.1f}",
            )
            for r in self.rows
        ]


def summary_table(frame: pd.DataFrame, metric: str | None = None, by: Sequence[str] = BY) -> Summary:
    """Return what each method reaches on each data set at each level.

    Args:
        frame: of `read_results` or `Board.results`.
        metric: name; None: the first of `chosen_metrics`.
        by: what is told apart, among `dataset`, `supervision` (with all that the level was given) and
            `base_model` (the family). Leaving one out averages over it: the coverage says over how many cells.

    Raises:
        EobenchError: an unknown metric or column.
    """
    known = scalar_metrics(frame)
    chosen = metric or next(iter(chosen_metrics(frame, None)), None) or next(iter(known), None)
    if chosen is None:
        raise EobenchError(unknown("metric", str(chosen), known))
    return summarise(frame, (chosen,), by)[chosen]


def summarise(frame: pd.DataFrame, metrics: Sequence[str], by: Sequence[str] = BY) -> dict[str, Summary]:
    """Return `summary_table` of several metrics; rows are grouped once."""
    for name in by:
        if name not in BY:
            raise EobenchError(unknown("column", name, BY))
    known = scalar_metrics(frame)
    groups = list(_groups(frame, by))
    made = {}
    for metric in metrics:
        if metric not in known:
            raise EobenchError(unknown("metric", metric, known))
        higher = known[metric].better == "higher"
        values = frame[metric].to_numpy(np.float64, na_value=np.nan)
        rows: dict[tuple[str, ...], list[SummaryRow]] = {}
        for group in groups:
            row = group.row(values)
            if row.of:
                rows.setdefault((row.dataset, row.supervision, row.given), []).append(row)
        made[metric] = Summary(metric, higher, tuple(r for some in rows.values() for r in _ranked(some, higher)))
    return made


GIVEN_COLUMNS = ("labels", "bag_size", "regions", "source", "census_error", "redraws", "knobs")


def given_texts(frame: pd.DataFrame) -> list[str]:
    """Return what the level of each row was given, in words: `20/class`, `bags of 32`, `by tile, from table`."""
    columns = [texts(frame[c]) for c in GIVEN_COLUMNS]
    known: dict[tuple[str, ...], str] = {}
    return [known[k] if k in known else known.setdefault(k, _given(*k)) for k in zip(*columns, strict=True)]


def _given(labels: str, bag: str, regions: str, source: str, error: str, redraws: str, knobs: str) -> str:
    words = [
        labels,
        bag and f"bags of {bag}",
        regions and f"by {regions}",
        f"from {source}" if source not in ("", "train") else "",
        error and f"error {error}",
        f"{redraws} redraws" if redraws not in ("", "1") else "",
        *_knob_words(knobs),
    ]
    return ", ".join(w for w in words if w)


def _knob_words(knobs: str) -> list[str]:
    """`{"classes":["soybean","corn"],"transductive":true}` -> `classes soybean + corn`, `transductive`."""
    found = []
    for name, value in json.loads(knobs or "{}").items():
        words = name.replace("_", " ")
        if isinstance(value, list):
            value = " + ".join(map(str, value))
        found.append(words if value is True else f"{words} {value}")
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The rows of one method in one group, without those that cannot be."""

    names: tuple[str, str, str, str, str]
    rows: NDArray[np.int64]
    ok: NDArray[np.bool_]
    statuses: dict[str, int]
    fit_seconds: float | None

    def row(self, metric: NDArray[np.float64]) -> SummaryRow:
        values = metric[self.rows[self.ok]]
        values = values[~np.isnan(values)]
        dataset, supervision, words, method, base = self.names
        return SummaryRow(
            dataset=dataset,
            supervision=supervision,
            given=words,
            method=method,
            base_model=base or None,
            mean=float(values.mean()) if len(values) else None,
            sd=float(values.std(ddof=1)) if len(values) > 1 else None,
            n=len(values),
            of=len(self.rows),
            fit_seconds=self.fit_seconds,
            statuses=self.statuses,
        )


def _groups(frame: pd.DataFrame, by: Sequence[str]) -> Iterator[_Group]:
    blank = [""] * len(frame)
    columns = (
        texts(slice_values(frame)["dataset"]) if "dataset" in by else blank,
        texts(frame["supervision"]) if "supervision" in by else blank,
        given_texts(frame) if "supervision" in by else blank,
        texts(contenders(frame)),
        texts(frame["base_model"]) if "base_model" in by else blank,
    )
    status = texts(frame["status"])
    seconds = frame["fit_seconds"].to_numpy(np.float64, na_value=np.nan)
    places: dict[tuple[str, str, str, str, str], list[int]] = {}
    for row, names in enumerate(zip(*columns, strict=True)):
        places.setdefault(names, []).append(row)
    for names, found in places.items():
        rows = np.array([r for r in found if status[r] != "unsupported"], np.int64)
        ok = np.array([status[r] == "ok" for r in rows], bool)
        fit = seconds[rows[ok]] if len(rows) else np.zeros(0)
        fit = fit[~np.isnan(fit)]
        counts = Counter(str(status[r]) for r in rows[~ok]) if len(rows) else Counter[str]()
        yield _Group(names, rows, ok, dict(counts), float(fit.mean()) if len(fit) else None)


def _ranked(rows: list[SummaryRow], higher: bool) -> list[SummaryRow]:
    def key(row: SummaryRow) -> tuple[bool, float]:
        return (row.mean is None, (-row.mean if higher else row.mean) if row.mean is not None else 0.0)

    rows = sorted(rows, key=key)
    whole = [r for r in rows if r.complete and r.mean is not None]
    if len(whole) < 2:
        return rows
    return [_marked(r) if r in whole and r.mean == whole[0].mean else r for r in rows]


def _marked(row: SummaryRow) -> SummaryRow:
    return replace(row, best=True)
