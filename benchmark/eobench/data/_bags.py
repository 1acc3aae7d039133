"""Partitions of a view's rows into bags, drawn beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eobench.data._order import generator, mix
from eobench.data._vectors import measure_rows
from eobench.data._view import Partition

if TYPE_CHECKING:
    from eobench.data._rowset import RowSet

REGION_ROWS = 512


def exact_bags(
    rows: RowSet, members: NDArray[np.bool_], size: int, classes: int, seed: int, draw: int = 0
) -> Partition:
    """Cut labelled rows into bags of one size with their exact proportions.

    An incomplete last bag is dropped; where there are fewer rows than one bag, all of them are one bag.

    Args:
        rows: of the view, in its order.
        members: (n,) which of them go into bags; all labelled.
        size: rows a bag.
        classes: K.
        seed: the data seed.
        draw: number of the partition.
    """
    whole = np.where(members, 0, -1)
    chosen, offsets, _ = _cut(rows, whole, size, seed, f"bags/{draw}")
    bag = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    shares = measure_rows(rows.take(chosen), bag, len(offsets) - 1, classes)
    return Partition(chosen, offsets, shares.astype(np.float32))


def vector_bags(
    rows: RowSet, region: NDArray[np.int64], vectors: NDArray[np.float64], size: int, seed: int, draw: int = 0
) -> Partition:
    """Cut rows into bags within their regions; each bag carries its region's vector.

    A region with fewer rows than `size` gives one smaller bag; otherwise its incomplete last bag is dropped.

    Args:
        rows: of the view, in its order.
        region: (n,) index into vectors; -1: in no bag.
        vectors: (regions, K).
        size: rows a bag.
        seed: the data seed.
        draw: number of the partition.
    """
    chosen, offsets, regions = _cut(rows, region, size, seed, f"bags/{draw}")
    return Partition(chosen, offsets, vectors[regions].astype(np.float32))


def region_bags(
    rows: RowSet,
    region: NDArray[np.int64],
    vectors: NDArray[np.float64],
    seed: int,
    limit: int | None = REGION_ROWS,
) -> Partition:
    """Return one bag a region, of at most `limit` rows (a seeded subsample), with the region's vector."""
    largest = len(rows) if limit is None else limit
    chosen, offsets, regions = _cut(rows, region, max(1, largest), seed, "regions", first_only=True)
    return Partition(chosen, offsets, vectors[regions].astype(np.float32))


def _cut(
    rows: RowSet, group: NDArray[np.int64], size: int, seed: int, salt: str, *, first_only: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows bag after bag, offsets, and each bag's group: seeded within groups, bags in seeded order."""
    members = np.flatnonzero(group >= 0)
    key = mix(rows.ids[members], seed, salt)
    members = members[np.lexsort((key, group[members]))]  # stable: equal rows stay in the view's order
    of = group[members]
    counts = np.bincount(of) if len(of) else np.zeros(1, np.int64)
    start = np.cumsum(counts) - counts
    number = (np.arange(len(of)) - start[of]) // size
    kept = number < (1 if first_only else np.maximum(1, counts // size)[of])
    members, of, number = members[kept], of[kept], number[kept]
    new = np.ones(len(of), np.bool_)
    new[1:] = (of[1:] != of[:-1]) | (number[1:] != number[:-1])
    first = np.flatnonzero(new)
    lengths = np.diff(np.append(first, len(of)))
    shuffled = generator(seed, f"{salt}/bags").permutation(len(first))
    offsets = np.concatenate([[0], np.cumsum(lengths[shuffled])]).astype(np.int64)
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths[shuffled])
    return members[np.repeat(first[shuffled], lengths[shuffled]) + within], offsets, of[first[shuffled]]
