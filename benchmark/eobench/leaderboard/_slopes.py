"""Scores along a quantity of the supervision: labels, bag size, census error, redraws. Slopes, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from eobench.data import EobenchError, unknown
from eobench.leaderboard._blocks import contenders
from eobench.leaderboard._format import scalar_metrics, texts
from eobench.leaderboard._summary import given_texts
from eobench.leaderboard._wins import chosen_metrics, slice_values

CONFIDENCE: Final = 0.95
PAIR: Final = ("acc_p", "acc_h")
"""Shown first where rows have them: how far they lie apart is what swapped clusters cost."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A quantity that scores are followed along.

    Attributes:
        column: of the results.
        title: in words.
        unit: what a slope is counted per.
        log: whether it is counted in doublings.
        step: number of axis units in one `unit`.
        ending: of a column of texts: those that end so count, by the number before it.
    """

    column: str
    title: str
    unit: str
    log: bool
    step: float = 1.0
    ending: str = ""

    @property
    def name(self) -> str:
        """The column, and what is counted where the column has several: `labels/class`."""
        return self.column + self.ending

    def values(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return (n,) where each row stands; NaN where it does not."""
        column = frame[self.column]
        if not self.ending:
            return np.asarray(column.to_numpy(np.float64, na_value=np.nan))
        numbers = [v.removesuffix(self.ending) if v.endswith(self.ending) else "" for v in texts(column)]
        return np.asarray(pd.to_numeric(pd.Series(numbers, dtype=object), errors="coerce"), np.float64)

    def place(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return where values lie, in units of the slope."""
        x = np.asarray(values, np.float64)
        return np.asarray(np.log2(x) if self.log else x / self.step, np.float64)


AXES: Final = (
    Axis("labels", "labels per class", "doubling", log=True, ending="/class"),
    Axis("labels", "share of labels (%)", "doubling", log=True, ending="%"),
    Axis("bag_size", "bag size", "doubling", log=True),
    Axis("census_error", "census error", "0.1", log=False, step=0.1),
    Axis("redraws", "redraws", "doubling", log=True),
)


@dataclass(frozen=True, slots=True)
class Slope:
    """A line fitted by least squares.

    Attributes:
        slope: per unit of the axis.
        low: end of the 95 % interval (Student's t, two degrees of freedom less than points); None below three.
        high: the other end.
        points: number of values.
    """

    slope: float
    low: float | None
    high: float | None
    points: int


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The values of one method along one axis; all else that the level was given is the same.

    Attributes:
        axis: which.
        dataset: label, with the data set it was scored on where that is another.
        supervision: level.
        given: what else the level was given, in words.
        method: contender.
        base_model: family; None where it needs none.
        metric: name.
        x: (n,) values of the axis, each as often as it has cells.
        y: (n,) the metric: one value for each seed, draw and paired option.
    """

    axis: Axis
    dataset: str
    supervision: str
    given: str
    method: str
    base_model: str | None
    metric: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]

    def fit(self) -> Slope:
        """Return the slope; seeds are replicates."""
        return fit_slope(self.axis.place(self.x), self.y)


def fit_slope(x: ArrayLike, y: ArrayLike) -> Slope:
    """Return the least-squares slope of y over x, with its interval.

    Raises:
        EobenchError: x does not hold two different values.
    """
    places, values = np.asarray(x, np.float64), np.asarray(y, np.float64)
    centred = places - places.mean() if len(places) else places
    spread = float(centred @ centred)
    if not spread > 0:
        raise EobenchError(f"a slope needs two different places on its axis, found {np.unique(places).tolist()}")
    slope = float(centred @ values) / spread
    left = values - values.mean() - slope * centred
    half = _half_width(float(left @ left), len(values) - 2, 1 / spread)
    if half is None:
        return Slope(slope, None, None, len(values))
    return Slope(slope, slope - half, slope + half, len(values))


def mean_interval(y: ArrayLike) -> tuple[float, float | None]:
    """Return the mean and half the width of its 95 % interval (Student's t); None below two values."""
    values = np.asarray(y, np.float64)
    mean = float(values.mean())
    return mean, _half_width(float(((values - mean) ** 2).sum()), len(values) - 1, 1 / len(values))


def _half_width(squares: float, freedom: int, per: float) -> float | None:
    """From the sum of squared residuals; `per`: the estimate's variance in units of theirs."""
    if freedom < 1:
        return None
    from scipy.special import stdtrit  # scipy.stats takes ten times as long to import

    return float(stdtrit(freedom, 0.5 + CONFIDENCE / 2) * np.sqrt(squares / freedom * per))


def curve_metrics(frame: pd.DataFrame, axis: Axis) -> tuple[str, ...]:
    """Return `acc_p` and `acc_h` where rows have both and the axis is not labels, else the first metric chosen."""
    if not axis.ending and all(m in frame.columns and bool(frame[m].notna().any()) for m in PAIR):
        return PAIR
    return tuple(list(chosen_metrics(frame, None))[:1])


def curves(frame: pd.DataFrame, metrics: Sequence[str] | None = None) -> list[Curve]:
    """Return every method's values along every axis that it stands on at two places or more.

    Only `ok` cells count. Cells of one curve share data set, split, level, all else that the level was given,
    contender and family of base models.

    Args:
        frame: of `read_results` or `Board.results`.
        metrics: names; None: see `curve_metrics`.

    Raises:
        EobenchError: an unknown metric.
    """
    known = scalar_metrics(frame)
    for metric in metrics or ():
        if metric not in known:
            raise EobenchError(unknown("metric", metric, known))
    names = contenders(frame)
    found = []
    for axis in AXES:
        found += _along(frame, names, axis, curve_metrics(frame, axis) if metrics is None else metrics)
    return found


def _along(frame: pd.DataFrame, names: pd.Series, axis: Axis, metrics: Sequence[str]) -> list[Curve]:
    x = axis.values(frame)
    kept = (frame["status"] == "ok").to_numpy(bool) & np.isfinite(x) & ((x > 0) | (not axis.log))
    rows, x = frame[kept].reset_index(drop=True), x[kept]
    if len(np.unique(x)) < 2:
        return []
    keys = pd.DataFrame(
        {
            "dataset": texts(slice_values(rows)["dataset"]),
            "supervision": texts(rows["supervision"]),
            "given": given_texts(rows.assign(**{axis.column: None})),
            "method": texts(names[kept]),
            "base": texts(rows["base_model"]),
        }
    )
    found = []
    for group in keys.groupby(list(keys.columns), sort=False).indices.values():
        dataset, supervision, given, method, base = keys.iloc[group[0]].tolist()
        for metric in metrics:
            y = rows[metric].to_numpy(np.float64, na_value=np.nan)[group]
            has = np.isfinite(y)  # rows may come from strangers, and infinity is no JSON
            if len(np.unique(x[group][has])) > 1:
                found.append(
                    Curve(axis, dataset, supervision, given, method, base or None, metric, x[group][has], y[has])
                )
    return found


def slopes(frame: pd.DataFrame, metrics: Sequence[str] | None = None) -> pd.DataFrame:
    """Return how fast scores rise or fall along labels, bag size, census error and redraws.

    Ordinary least squares over the cells of a method, seeds as replicates: over log2 of label budgets, bag sizes
    and redraws (a slope per doubling), over census errors as they are (a slope per 0.1).

    Args:
        frame: of `read_results` or `Board.results`.
        metrics: names; None: `acc_p` and `acc_h` where rows have both, but for labels, else the first of
            `chosen_metrics`.

    Returns:
        One row for each curve: `along` (the column; for labels `labels/class` or `labels%`), `unit, dataset,
        supervision, given, method, base_model, metric, slope, low, high, points`; `low` and `high` are the 95 %
        interval (Student's t), null below three cells.

    Raises:
        EobenchError: an unknown metric.
    """
    columns = ["along", "unit", "dataset", "supervision", "given", "method", "base_model", "metric"]
    rows = []
    for c in curves(frame, metrics):
        s = c.fit()
        named = (c.axis.name, c.axis.unit, c.dataset, c.supervision, c.given, c.method, c.base_model, c.metric)
        rows.append((*named, s.slope, s.low, s.high, s.points))
    return pd.DataFrame(rows, columns=[*columns, "slope", "low", "high", "points"])
