"""Proportions of classes in bags, by bag size: how much they still tell once bags are large."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.data import SampleFolder
from eobench.datasheet._classes import Labels

SIZES: Final = (32, 64, 128, 256, 512, 1024, 2048)
IMAGES: Final = (1, 4, 16, 64)
"""Images a bag where pixels carry the labels; a bag of one image is that image's own proportions."""
ENDS: Final = (5, 95)
"""Percentiles of a box's whiskers."""
_BAGS: Final = 400  # of one size, over several partitions where one has fewer
_PARTITIONS: Final = 50
_CLASSES: Final = 12  # that are drawn, the most frequent


def bag_shares(folder: SampleFolder, labels: Labels) -> list[dict[str, Any]]:
    """Return, for each split, how the share of each class is distributed over bags of its training samples.

    Bags are drawn as the level `bags` draws them: labelled rows of train are shuffled and cut, an incomplete last
    bag is dropped. Where one partition has fewer bags than a box needs, several are drawn.

    Returns:
        For each split of two classes or more and one full bag: `split`; `classes`: indices, the most frequent
        first; `of`: how many classes there are; `overall`: their shares of all those samples, %; and `sizes`: for
        each `size`, `bags` (number in one partition) and (K,) `low`, `q1`, `median`, `q3`, `high` in %.
    """
    found = []
    for split in folder.header.splits.values():
        rows = np.flatnonzero(folder.column(split.column)[labels.rows] == "train")
        ours = labels.counts[rows]
        ours = ours[ours.sum(axis=1) > 0]
        total = ours.sum(axis=0)
        common = np.argsort(-total, kind="stable")[: min(_CLASSES, int((total > 0).sum()))]
        sizes = [n for n in (IMAGES if labels.pixels else SIZES) if n <= len(ours)]
        if len(common) < 2 or not sizes:
            continue
        found.append(
            {
                "split": split.name,
                "classes": common.tolist(),
                "of": int((total > 0).sum()),
                "overall": _percent(total[common] / total.sum()),
                "sizes": [_boxes(ours, n, common) for n in sizes],
            }
        )
    return found


def _boxes(counts: NDArray[np.int64], size: int, common: NDArray[np.int64]) -> dict[str, Any]:
    bags = len(counts) // size
    generator = np.random.default_rng(0)
    shares = []
    for _ in range(min(_PARTITIONS, -(-_BAGS // bags))):
        order = generator.permutation(len(counts))[: bags * size]
        summed = counts[order].reshape(bags, size, -1).sum(axis=1)
        shares.append(summed[:, common] / summed.sum(axis=1, keepdims=True))
    levels = np.percentile(np.concatenate(shares), (ENDS[0], 25, 50, 75, ENDS[1]), axis=0)
    boxes = dict(zip(("low", "q1", "median", "q3", "high"), map(_percent, levels), strict=True))
    return {"size": size, "bags": bags, **boxes}


def _percent(shares: NDArray[np.float64]) -> list[float]:
    return [round(100 * float(s), 2) for s in shares]
