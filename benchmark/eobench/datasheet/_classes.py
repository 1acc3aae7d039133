"""Counts of classes in splits, and their proportions in regions."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.data import SampleFolder
from eobench.datasheet._pixels import some

SUBSETS: Final = ("train", "val", "test")
_MAPS: Final = 400  # class maps that are counted
_ROWS: Final = 300_000  # samples that are counted by region
_REGIONS: Final = 60  # regions in a heat map
_POINTS: Final = 3_000


class Labels:
    """Labels as counts per sample row: one each, or the pixels of some class maps.

    Attributes:
        classes: K.
        rows: the samples that are counted by region.
        counts: (n, K) of them.
        sampled: whether the counts of splits are not over all samples.
        pixels: whether pixels are counted.
    """

    def __init__(self, folder: SampleFolder) -> None:
        self._labels, self.classes = folder.labels(), len(folder.header.classes)
        self.pixels = self._labels.ndim > 1
        self.rows = some(np.arange(len(self._labels)), _MAPS if self.pixels else _ROWS)
        if self.pixels:
            self.counts = np.stack([_count(self._labels[row], self.classes) for row in self.rows])
        else:
            ours = self._labels[self.rows]
            self.counts = np.zeros((len(ours), self.classes), np.int64)
            self.counts[np.flatnonzero(ours >= 0), ours[ours >= 0]] = 1
        self.sampled = self.pixels and len(self.rows) < len(self._labels)

    def within(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return (K,) counts over the samples for which `chosen` (N,) is true."""
        if not self.pixels:
            return _count(self._labels[chosen], self.classes)
        total: NDArray[np.int64] = self.counts[chosen[self.rows]].sum(axis=0)
        return total


def split_counts(folder: SampleFolder, labels: Labels) -> list[dict[str, Any]]:
    """Return, for each split, its rows and its (K,) counts of classes by subset; the default split first."""
    header = folder.header
    found = []
    for split in sorted(header.splits.values(), key=lambda s: s.name != header.default_split):
        column = folder.column(split.column)
        chosen = {s: column == s for s in SUBSETS}
        found.append(
            {
                "name": split.name,
                "default": split.name == header.default_split,
                "whole": split.whole,
                "val": split.val,
                "rows": {s: int(chosen[s].sum()) for s in SUBSETS},
                "unused": int(len(column) - sum(int(c.sum()) for c in chosen.values())),
                "counts": {s: labels.within(chosen[s]).tolist() for s in SUBSETS if chosen[s].any()},
            }
        )
    return found


def region_shares(folder: SampleFolder, labels: Labels) -> list[dict[str, Any]]:
    """Return heat maps of class proportions: of every table, and of the samples in every group.

    Returns:
        For each its `name`, `of` (how many regions there are), `regions` (shown), `shares` (R, K) in percent,
        `n` samples of each (tables: none).
    """
    found = []
    for info in folder.header.tables.values():
        table = folder.table(info.name)
        kind = "exact" if info.exact else "inexact"
        maps = _heat(f"table {info.name} by {info.by} ({kind})", list(table), np.stack(list(table.values())), None)
        found.append(maps)
    for group in folder.header.groups:
        names, total = by_group(folder, labels, group)
        if len(names) < 2 or len(names) > len(labels.rows) / 3:
            continue  # a place of its own for nearly every sample has no proportions to speak of
        n = total.sum(axis=1)
        largest = np.sort(np.argsort(-n, kind="stable")[:_REGIONS])
        kept = largest[n[largest] > 0]
        if not len(kept):
            continue
        shares = total[kept] / n[kept, None]
        heat = _heat(f"labels by {group}", [names[k] for k in kept], shares, n[kept])
        found.append({**heat, "of": len(names)})
    return found


def by_group(folder: SampleFolder, labels: Labels, group: str) -> tuple[list[str], NDArray[np.float64]]:
    """Return the places of a group, and (R, K) counts of their labels."""
    column = np.array([str(v) for v in folder.column(group)[labels.rows].tolist()])
    names, place = np.unique(column, return_inverse=True)
    total = np.zeros((len(names), labels.classes))
    np.add.at(total, place, labels.counts)
    return names.tolist(), total


def _heat(
    title: str, names: list[str], shares: NDArray[np.float64], n: NDArray[np.float64] | None
) -> dict[str, Any]:
    """Regions in the order of what is most frequent in them, so that likes stand together; at most so many."""
    common = np.argsort(-shares.mean(axis=0), kind="stable")
    rank = np.argsort(common)
    order = sorted(range(len(names)), key=lambda r: (rank[shares[r].argmax()], -shares[r].max()))
    if len(order) > _REGIONS:
        order = [order[k] for k in np.linspace(0, len(order) - 1, _REGIONS).astype(int)]
    return {
        "name": title,
        "of": len(names),
        "regions": [names[r] for r in order],
        "shares": [[round(100 * float(s), 1) for s in shares[r]] for r in order],
        "n": [] if n is None else [int(n[r]) for r in order],
    }


def table_agreement(folder: SampleFolder, labels: Labels) -> list[dict[str, Any]]:
    """Return how far each table is from the exact one of the same regions, and from the samples' own labels.

    Returns:
        For each pair `title`, `x` and `y` words, `points` [x, y, region, class] in percent, `distance`: the mean
        over regions of half the sum over classes of the differences, in points of percent, and `regions`.
    """
    header = folder.header
    found = []
    for info in header.tables.values():
        table = folder.table(info.name)
        exact = next((t for t in header.tables.values() if t.exact and t.by == info.by and t is not info), None)
        if exact is not None and not info.exact:
            found.append(_pair(folder, info.name, table, f"table {exact.name}", folder.table(exact.name)))
        if info.by in header.groups:
            names, total = by_group(folder, labels, info.by)
            own = {n: row / row.sum() for n, row in zip(names, total, strict=True) if row.sum()}
            found.append(_pair(folder, info.name, table, "labels of the samples there", own))
    return sorted((pair for pair in found if pair["regions"]), key=lambda pair: -pair["distance"])


def _pair(folder: SampleFolder, name: str, table: Any, other: str, reference: Any) -> dict[str, Any]:
    shared = [region for region in table if region in reference]
    classes = folder.header.classes
    points = [
        [round(100 * float(reference[r][k]), 2), round(100 * float(table[r][k]), 2), r, k]
        for r in shared
        for k in range(len(classes))
        if reference[r][k] or table[r][k]
    ]
    distance = [float(np.abs(table[r] - reference[r]).sum()) / 2 for r in shared]
    keep = np.linspace(0, len(points) - 1, min(_POINTS, len(points))).astype(int)
    return {
        "title": f"table {name} against {other}",
        "x": f"{other}, %",
        "y": f"table {name}, %",
        "points": [points[k] for k in keep],
        "distance": round(100 * float(np.mean(distance)), 1) if distance else None,
        "regions": len(shared),
    }


def _count(labels: NDArray[np.int16], classes: int) -> NDArray[np.int64]:
    return np.bincount(labels[labels >= 0].ravel(), minlength=classes).astype(np.int64)
