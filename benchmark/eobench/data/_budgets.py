"""Label budgets: nested, seeded, stratified draws of rows or of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eobench.data._order import mix, order_by
from eobench.data._request import LabelBudget

_PIXEL_BLOCK = 1 << 22


def class_counts(truth: NDArray[np.int16], classes: int) -> NDArray[np.int64]:
    """Return how many labels of each class there are, (K,); -1 is not counted."""
    counts: NDArray[np.int64] = np.bincount(truth[truth >= 0].reshape(-1), minlength=classes)
    return counts


def budget_counts(budget: LabelBudget, available: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many labels of each class a budget grants, (K,).

    `N/class` grants N, and all where a class has fewer; `p%` grants p % of each class (rounded), and at least one
    of each class that is there, so that its total can lie a little above p %.

    Args:
        budget: what `few` asks for.
        available: (K,) labels of each class.
    """
    if budget.per_class is not None:
        return np.minimum(available, budget.per_class)
    wanted = np.floor(available * ((budget.percent or 0.0) / 100.0) + 0.5).astype(np.int64)
    granted: NDArray[np.int64] = np.minimum(np.maximum(wanted, 1), available)
    return granted


def validation_counts(
    budget: LabelBudget, granted: NDArray[np.int64], available: NDArray[np.int64], ratio: float
) -> NDArray[np.int64]:
    """Return how many validation labels of each class go with a budget: max(1, round(n * val / train)).

    Args:
        budget: what `few` asks for; n is its N where it counts per class, else what the class was granted.
        granted: (K,) train labels granted.
        available: (K,) validation labels of each class.
        ratio: validation rows per train row.
    """
    asked = granted if budget.per_class is None else np.full_like(granted, budget.per_class)
    wanted = np.floor(asked * ratio + 0.5).astype(np.int64)
    granted_too: NDArray[np.int64] = np.minimum(np.maximum(1, wanted), available)
    return granted_too


def draw_labels(
    truth: NDArray[np.int16], ids: NDArray[np.uint64], counts: NDArray[np.int64], seed: int
) -> NDArray[np.bool_]:
    """Return which rows are drawn: of each class the first `counts[k]` in a seeded order.

    A larger count draws the same rows and more: budgets are nested.

    Args:
        truth: (n,) classes; -1 is never drawn.
        ids: (n,) content hashes.
        counts: (K,) how many of each class.
        seed: the data seed.
    """
    order = np.lexsort((mix(ids, seed, "labels"), truth))
    ordered = truth[order]
    first = np.searchsorted(ordered, np.arange(len(counts)))
    rank = np.arange(len(truth)) - np.append(first, 0)[ordered]
    drawn = np.zeros(len(truth), np.bool_)
    drawn[order] = (ordered >= 0) & (rank < np.append(counts, 0)[ordered])
    return drawn


def draw_pixels(
    truth: NDArray[np.int16], ids: NDArray[np.uint64], counts: NDArray[np.int64], seed: int
) -> NDArray[np.bool_]:
    """Return which pixels are drawn over all images: of each class the first `counts[k]` in a seeded order.

    Images are read block by block, so that memory stays bounded by the drawn pixels and one block.

    Args:
        truth: (n, H, W) classes; -1 is never drawn.
        ids: (n,) content hashes of the images.
        counts: (K,) pixels of each class.
        seed: the data seed.

    Returns:
        (n, H, W) bool; budgets are nested.
    """
    pixels = int(np.prod(truth.shape[1:]))
    flat = truth.reshape(len(truth), pixels)
    images = mix(ids, seed, "pixels")
    offsets = mix(np.arange(pixels, dtype=np.uint64), 0, "pixel")
    best: list[NDArray[np.uint64]] = [np.zeros(0, np.uint64) for _ in counts]
    where: list[NDArray[np.int64]] = [np.zeros(0, np.int64) for _ in counts]
    step = max(1, _PIXEL_BLOCK // pixels)
    for start in range(0, len(flat), step):
        block = flat[start : start + step]
        keys = mix(images[start : start + step, None] ^ offsets, seed, "pixel")
        for k in range(len(counts)):
            place = np.flatnonzero(block == k)
            found = np.concatenate([best[k], keys.reshape(-1)[place]])
            index = np.concatenate([where[k], place + start * pixels])
            kept = order_by(found)[: counts[k]] if len(found) > counts[k] else slice(None)
            best[k], where[k] = found[kept], index[kept]
    drawn = np.zeros(flat.size, np.bool_)
    drawn[np.concatenate([np.zeros(0, np.int64), *where])] = True
    return drawn.reshape(truth.shape)
