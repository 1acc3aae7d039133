"""The win matrix: how often is one method strictly better than another?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eobench.data import EobenchError, unknown
from eobench.leaderboard._blocks import Cells, Codes, codes_of
from eobench.leaderboard._format import scalar_metrics, texts

METRICS = ("oa", "ma", "macro_f1")
SLICES: tuple[tuple[str, ...], ...] = (
    (),
    ("dataset",),
    ("supervision",),
    ("base_model",),
    ("dataset", "base_model"),
    ("dataset", "supervision"),
)
SLICE_COLUMNS = ("dataset", "supervision", "labels", "bag_size", "base_model")
# What each part of a slice is made of.
_PARTS: dict[str, tuple[str, ...]] = {
    "dataset": ("dataset",),
    "supervision": ("supervision", "labels", "bag_size"),
    "base_model": ("base_model",),
}


@dataclass(frozen=True, slots=True, eq=False)
class WinMatrix:
    """One slice of the win matrix.

    Attributes:
        names: C contenders.
        wins: (C, C); `wins[i, j]` counts the blocks in which i is strictly better than j.
        ties: (C, C).
        n: (C, C) blocks that both have; on the diagonal the cells that the contender itself has.
    """

    names: tuple[str, ...]
    wins: NDArray[np.int64]
    ties: NDArray[np.int64]
    n: NDArray[np.int64]

    @property
    def share(self) -> NDArray[np.float64]:
        """(C, C) W of Eq. 2: wins / n; NaN where the two never meet; 0 on the diagonal."""
        share = np.full(self.wins.shape, np.nan)
        np.divide(self.wins, self.n, out=share, where=self.n > 0)
        np.fill_diagonal(share, 0.0)
        return share

    @property
    def met(self) -> WinMatrix:
        """The part of those contenders that share a block with another one."""
        return self._part(np.flatnonzero(self.n.sum(axis=1) > np.diag(self.n)))

    def _part(self, index: NDArray[np.int64]) -> WinMatrix:
        cut = np.ix_(index, index)
        return WinMatrix(tuple(self.names[i] for i in index), self.wins[cut], self.ties[cut], self.n[cut])


def chosen_metrics(frame: pd.DataFrame, metrics: Sequence[str] | None) -> dict[str, bool]:
    """Return metric -> whether higher is better.

    Args:
        frame: of `read_results`.
        metrics: names; None: those of `METRICS` that have values, else the first metric that has.

    Raises:
        EobenchError: an unknown metric, or one without a better side.
    """
    known = scalar_metrics(frame)
    if metrics is None:
        filled = [name for name in known if frame[name].notna().any()]
        metrics = [m for m in METRICS if m in filled] or filled[:1]
    for name in metrics:
        if name not in known:
            raise EobenchError(unknown("metric", name, known))
    return {name: known[name].better == "higher" for name in metrics}


def win_matrix(frame: pd.DataFrame, metrics: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the win matrix of Patnala et al., Eq. 2, in long form.

    W_ij = wins / n is the share of the blocks that i and j both have in which i is strictly better. Ties count
    for neither, so W_ij + W_ji <= 1, and stand apart. What a block is, says `Cells.pairs`.

    Deviations from the paper: accuracy there, any metric with a better side here; all pairs of methods share N
    there, each pair has its own n here, since cells fail and methods do not accept every level.

    Args:
        frame: of `read_results` or `Board.results`; only rows with status `ok` compete.
        metrics: names; None: see `chosen_metrics`.

    Returns:
        One row for each slice, metric and ordered pair of contenders. `slice` names what is held fixed (`all`,
        `dataset`, `supervision`, `base_model`, `dataset+base_model`, `dataset+supervision`); of the columns
        `dataset, supervision, labels, bag_size, base_model` those that it does not hold fixed are null. On the
        diagonal n counts the contender's own cells, all of them ties.

    Raises:
        EobenchError: an unknown metric, or a board that mixes data or protocol versions.
    """
    cells = Cells.of(frame)
    sides = chosen_metrics(frame, metrics)
    left, right = cells.pairs()
    parts = slice_values(cells.frame)
    found: list[pd.DataFrame] = []
    for names in SLICES:
        keys, codes = _slice(parts, names, len(cells))
        # A method without a base model has code -1 for its family; the other one of the pair knows.
        pair_codes = np.maximum(codes[left], codes[right])
        for metric, higher in sides.items():
            values = cells.frame[metric].to_numpy(np.float64, na_value=np.nan)
            counts = _count(cells, codes, pair_codes, left, right, values if higher else -values, len(keys))
            found.append(_long("+".join(names) or "all", keys, metric, cells.names, *counts))
    columns = ["slice", *SLICE_COLUMNS, "metric", "i", "j", "wins", "ties", "n"]
    if not found:
        return pd.DataFrame(columns=columns)
    return pd.concat(found, ignore_index=True)[columns]


def as_matrix(
    wins: pd.DataFrame, metric: str, where: Mapping[str, object] | None = None, order: Iterable[str] | None = None
) -> WinMatrix:
    """Return one slice as matrices.

    Args:
        wins: of `win_matrix` or read from `win_matrix.parquet`.
        metric: name.
        where: values of the slice columns, such as `{"dataset": "us_s2_cdl[split=zone]"}`; None: the whole board.
        order: contenders; None: best mean share first, those that meet each other together.

    Raises:
        EobenchError: there is no such slice.
    """
    where = dict(where or {})
    kept = wins["metric"] == metric
    for column in SLICE_COLUMNS:
        value = where.pop(column, None)
        kept &= wins[column].isna() if value is None else (wins[column] == value).fillna(False).astype(bool)
    if where:
        raise EobenchError(unknown("slice column", next(iter(where)), SLICE_COLUMNS))
    part = wins[kept]
    if part.empty:
        raise EobenchError(f"the win matrix has no such slice for metric {metric!r}")
    return part_matrix(part, order)


def part_matrix(part: pd.DataFrame, order: Iterable[str] | None = None) -> WinMatrix:
    """Return the rows of one slice and metric as matrices; see `as_matrix`."""
    place = {name: k for k, name in enumerate(dict.fromkeys(part["i"].tolist()))}
    at = ([place[i] for i in part["i"].tolist()], [place[j] for j in part["j"].tolist()])
    tables = []
    for column in ("wins", "ties", "n"):
        table = np.zeros((len(place), len(place)), np.int64)
        table[at] = part[column].to_numpy(np.int64)
        tables.append(table)
    return _ordered(WinMatrix(tuple(place), *tables), order)


def _ordered(made: WinMatrix, order: Iterable[str] | None) -> WinMatrix:
    if order is None:
        share = made.share
        np.fill_diagonal(share, np.nan)
        known = np.isfinite(share)
        mean = np.where(known, share, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        group = _groups(known)
        best = np.array([mean[group == g].max() for g in group])
        index = np.lexsort((-mean, group, -best, -np.bincount(group)[group]))
    else:
        index = np.array([made.names.index(name) for name in order if name in made.names], np.int64)
    return made._part(index)


def _groups(met: NDArray[np.bool_]) -> Codes:
    """(C,) contenders that meet, directly or through others, carry the same number."""
    group = np.arange(len(met), dtype=np.int64)
    for _ in range(len(met)):
        reached = np.where(met, group[None, :], len(met)).min(axis=1, initial=len(met))
        group = np.minimum(group, reached)
    return group


def slice_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the slice columns of every row; a data set scored elsewhere is named with both."""
    dataset = texts(frame["dataset_label"])
    away = frame["test_on"].notna().to_numpy(bool)
    dataset[away] += " → " + texts(frame["test_on"])[away]
    first = pd.Series(dataset, index=frame.index, dtype=object)
    return pd.DataFrame({"dataset": first, **{c: frame[c] for c in SLICE_COLUMNS[1:]}})


def _slice(parts: pd.DataFrame, names: tuple[str, ...], rows: int) -> tuple[pd.DataFrame, Codes]:
    """The distinct values that a slice holds fixed, and each row's place among them (-1: in none)."""
    columns = [c for name in names for c in _PARTS[name]]
    if not columns:
        return pd.DataFrame(index=range(1)), np.zeros(rows, np.int64)
    codes = codes_of(parts, columns)
    first = np.unique(codes, return_index=True)[1]
    order = np.argsort(first)  # in order of appearance
    keys, codes = parts[columns].iloc[first[order]], np.argsort(order)[codes].astype(np.int64)
    if "base_model" in columns:
        # Rows without a base model are in no slice by family of their own: they join those of others.
        named = keys["base_model"].notna().to_numpy(bool)
        codes = np.where(named, np.cumsum(named) - 1, -1)[codes].astype(np.int64)
        keys = keys[named]
    return keys.reset_index(drop=True), codes


def _count(
    cells: Cells, own: Codes, codes: Codes, left: Codes, right: Codes, values: NDArray[np.float64], slices: int
) -> tuple[Codes, Codes, Codes]:
    """Wins, ties and n, each (slices, C, C)."""
    count = len(cells.names)
    shape = (slices, count, count)
    a, b = values[left], values[right]
    met: NDArray[np.bool_] = np.logical_and(codes >= 0, ~np.isnan(a + b))
    a, b, where = a[met], b[met], codes[met]
    i, j = cells.contender[left[met]], cells.contender[right[met]]

    def tally(chosen: NDArray[np.bool_], first: Codes, second: Codes) -> Codes:
        place = (where[chosen] * count + first[chosen]) * count + second[chosen]
        return np.bincount(place, minlength=int(np.prod(shape))).reshape(shape).astype(np.int64)

    wins = tally(a > b, i, j) + tally(a < b, j, i)
    ties = tally(a == b, i, j)
    n = tally(np.ones(len(a), bool), i, j)
    ties, n = ties + ties.transpose(0, 2, 1), n + n.transpose(0, 2, 1)
    mine: NDArray[np.bool_] = np.logical_and(own >= 0, ~np.isnan(values))
    alone = np.bincount(own[mine] * count + cells.contender[mine], minlength=slices * count)
    diagonal = np.arange(count)
    ties[:, diagonal, diagonal] = n[:, diagonal, diagonal] = alone.reshape(slices, count)
    return wins, ties, n


def _long(
    name: str, keys: pd.DataFrame, metric: str, names: tuple[str, ...], wins: Codes, ties: Codes, n: Codes
) -> pd.DataFrame:
    """Only contenders that have a cell, or meet one, in a slice stand in it; its matrix is complete."""
    present: NDArray[np.bool_] = np.asarray(n.any(axis=2))
    s, i, j = np.nonzero(present[:, :, None] & present[:, None, :])
    labels = np.array(names, object)
    made = pd.DataFrame(
        {"slice": name, "metric": metric, "i": labels[i], "j": labels[j]}
        | {"wins": wins[s, i, j], "ties": ties[s, i, j], "n": n[s, i, j]}
    )
    for column in SLICE_COLUMNS:
        kind: Any = "Int64" if column == "bag_size" else object
        made[column] = (
            keys[column].astype(kind).take(s).reset_index(drop=True)
            if column in keys.columns
            else pd.Series([None] * len(s), dtype=kind)
        )
    return made
