"""Relative gains over a baseline, block by block."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from eobench.data import EobenchError, unknown
from eobench.leaderboard._blocks import BASE, TASK, Cells, contenders
from eobench.leaderboard._wins import chosen_metrics

BASELINES = ("supervised", "random-forest", "mean-proportion", "mean-proportion-maps")
GAIN_COLUMNS = (*TASK, *BASE, "seed", "pair", "method", "baseline", "metric", "value", "baseline_value")


def choose_baseline(frame: pd.DataFrame, baseline: str | None = None) -> str | None:
    """Return the contender that gains are measured against; None on an empty board.

    Args:
        frame: of `read_results` or `Board.results`.
        baseline: a contender; None: the first of `BASELINES` that shares a block with another contender, else the
            contender with most shared blocks; where none share any, the first of `BASELINES`, else the shortest
            label. Of several with other options, the shortest label.

    Raises:
        EobenchError: the baseline has no cell on the board.
    """
    finished = (frame["status"] == "ok").to_numpy(bool)
    ok = frame[finished]
    labels = contenders(frame)[finished]  # named as on the whole board, where budgets may tell two apart
    names: list[str] = sorted(labels.unique(), key=lambda name: (len(name), name))
    if baseline is not None:
        if baseline not in names:
            raise EobenchError(unknown("baseline", baseline, names))
        return baseline
    shared = _shared(frame)
    for least in (1, 0):
        for method in BASELINES:
            of_method = set(labels[(ok["method"] == method).to_numpy(bool)])
            if found := [name for name in names if name in of_method and shared.get(name, 0) >= least]:
                return found[0]
        if any(shared.values()):
            return max(names, key=lambda name: shared.get(name, 0))
    return names[0] if names else None


def _shared(frame: pd.DataFrame) -> dict[str, int]:
    """Pairs of cells that each contender is compared in."""
    cells = Cells.of(frame)
    sides = np.concatenate([cells.contender[side] for side in cells.pairs()])
    return dict(zip(cells.names, np.bincount(sides, minlength=len(cells.names)).tolist(), strict=True))


def gains(frame: pd.DataFrame, baseline: str | None = None, metrics: Sequence[str] | None = None) -> pd.DataFrame:
    """Return every method's gain over the baseline, in long form.

    For value a of a method and b of the baseline in one block: ratio (a - b) / b, which Patnala et al. report, and
    difference a - b. Both are as measured: for a metric where lower is better, a negative gain is an improvement.

    Args:
        frame: of `read_results` or `Board.results`.
        baseline: see `choose_baseline`.
        metrics: names; None: see `chosen_metrics`.

    Returns:
        One row for each block that the two share, and metric: columns `GAIN_COLUMNS`, `ratio` (null where b is 0)
        and `difference`. `pair` holds the values of the options that pair the block, JSON.

    Raises:
        EobenchError: an unknown baseline or metric, or a board that mixes data or protocol versions.
    """
    chosen = choose_baseline(frame, baseline)
    sides = chosen_metrics(frame, metrics)
    cells = Cells.of(frame)
    left, right = cells.pairs()
    code = cells.names.index(chosen) if chosen in cells.names else -1
    flipped = cells.contender[left] == code
    kept = flipped | (cells.contender[right] == code)
    method, base = np.where(flipped, right, left)[kept], np.where(flipped, left, right)[kept]
    blocks = _blocks(cells, method, base)
    labels = np.array(cells.names, object)[cells.contender[method]]
    found = []
    for metric in sides:
        values = cells.frame[metric].to_numpy(np.float64, na_value=np.nan)
        a, b = values[method], values[base]
        both = ~np.isnan(a) & ~np.isnan(b)
        part = blocks[both].assign(method=labels[both], baseline=chosen, metric=metric)
        ratio = np.divide(a - b, b, out=np.full(len(a), np.nan), where=b != 0)
        found.append(
            part.assign(value=a[both], baseline_value=b[both], ratio=ratio[both], difference=(a - b)[both])
        )
    columns = [*GAIN_COLUMNS, "ratio", "difference"]
    return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)


def _blocks(cells: Cells, method: np.ndarray, base: np.ndarray) -> pd.DataFrame:
    """The columns of the blocks; base model and paired options are those of whichever of the two has them."""
    concrete = np.where(cells.base[method] >= 0, method, base)
    rows = cells.frame[[*TASK, "seed"]].take(method).reset_index(drop=True)
    drawn = cells.frame[list(BASE)].take(concrete).reset_index(drop=True)
    texts: list[str] = []
    for a, b in zip(method.tolist(), base.tolist(), strict=True) if cells.options else ():
        texts.append(json.dumps(cells.pairing(b) | cells.pairing(a), sort_keys=True))
    pair = pd.Series(texts if cells.options else [None] * len(rows), dtype=object)
    return pd.concat([rows, drawn], axis=1).assign(pair=pair.where(pair != "{}", None))
