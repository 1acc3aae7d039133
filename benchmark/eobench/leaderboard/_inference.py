"""Paired inference between methods: Wilcoxon's test with Holm's correction, bootstrap intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from eobench.leaderboard._blocks import Cells
from eobench.leaderboard._wins import chosen_metrics

RESAMPLES = 10_000


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted by Holm's step-down procedure (Holm 1979); NaN is left out of the count.

    The k-th smallest of m becomes the largest of (m - i + 1) p_i over i <= k, at most 1: comparing it with alpha
    rejects exactly what stepping down does.
    """
    values = np.asarray(p, np.float64)
    adjusted = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * values[order]), 1.0)
    return adjusted


def bootstrap_interval(
    values: ArrayLike, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean.

    Args:
        values: (n,) one a block; resampled with replacement.
        level: of confidence.
        resamples: number of resamples.
        seed: of the resampling.
    """
    known = np.asarray(values, np.float64)
    if len(known) == 0:
        return (float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    step = max(1, 2_000_000 // len(known))  # bounds the memory of the drawn indices
    sizes = [min(step, resamples - done) for done in range(0, resamples, step)]
    means = np.concatenate([known[rng.integers(len(known), size=(s, len(known)))].mean(axis=1) for s in sizes])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def compare(frame: pd.DataFrame, metric: str | None = None, level: float = 0.95, seed: int = 0) -> pd.DataFrame:
    """Compare every two methods over the blocks that both have.

    Seeds are averaged within a block first, so that repeating a seed does not feign independent blocks. Then a
    two-sided Wilcoxon signed-rank test of the differences (SciPy's: exact where it can, zero differences dropped),
    p-values adjusted by Holm over all pairs of the board, and a bootstrap interval of the mean difference.

    Args:
        frame: of `read_results` or `Board.results`.
        metric: name; None: the first of `chosen_metrics`.
        level: confidence of the interval.
        seed: of the bootstrap.

    Returns:
        One row for each pair that shares a block: `i, j, metric, n` (blocks), `mean_difference` (i - j), `low`,
        `high`, `p`, `p_holm`.

    Raises:
        EobenchError: an unknown metric, or a board that mixes data or protocol versions.
    """
    chosen = list(chosen_metrics(frame, [metric] if metric else None))
    columns = ["i", "j", "metric", "n", "mean_difference", "low", "high", "p", "p_holm"]
    if not chosen:
        return pd.DataFrame(columns=columns)
    cells = Cells.of(frame)
    left, right = cells.pairs()
    values = cells.frame[chosen[0]].to_numpy(np.float64, na_value=np.nan)
    difference = values[left] - values[right]
    kept = ~np.isnan(difference)
    left, right, difference = left[kept], right[kept], difference[kept]
    # A block without its seed: what remains of the two cells' places once the seed is gone.
    place = pd.DataFrame(
        {"i": cells.contender[left], "j": cells.contender[right], "task": cells.task[left]}
        | {"base": np.maximum(cells.base[left], cells.base[right])}
        | {f"pair{k}": np.maximum(c[left], c[right]) for k, c in enumerate(cells.pair.T)}
    )
    means = pd.Series(difference).groupby([place[c] for c in place.columns]).mean()
    rows = []
    places = means.index.to_frame(index=False)
    for code, index in places.groupby(places["i"] * len(cells.names) + places["j"]).indices.items():
        i, j = divmod(int(str(code)), len(cells.names))
        blocks = means.to_numpy(np.float64)[index]
        low, high = bootstrap_interval(blocks, level, seed=seed)
        names = (cells.names[i], cells.names[j], chosen[0])
        rows.append((*names, len(blocks), float(blocks.mean()), low, high, _wilcoxon(blocks), np.nan))
    made = pd.DataFrame(rows, columns=columns)
    return made.assign(p_holm=holm(made["p"].to_numpy(np.float64)))


def _wilcoxon(differences: NDArray[np.float64]) -> float:
    """Two-sided p; 1 where no block differs."""
    from scipy.stats import wilcoxon

    if not np.any(differences):
        return 1.0
    return float(wilcoxon(differences, zero_method="wilcox", alternative="two-sided").pvalue)
