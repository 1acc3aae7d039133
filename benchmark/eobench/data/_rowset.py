"""Rows on their way to a view: where they come from and what the core knows of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eobench.data._order import mix, order_by

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, eq=False)
class RowSet:
    """n rows, not yet gathered. Stays in the core: a view never holds one.

    Attributes:
        source: (n,) int8, which of the inputs a row comes from.
        row: (n,) int64, its place there.
        ids: (n,) uint64, hash of its content.
        truth: (n,) int16, true class of the view; -1 where unlabelled, or not of train.
        region: (n,) int64, its region; -1 where it has none.
        joined: (n,) bool, True for unlabelled rows that a knob added (test inputs, a pool).
        pixels: (n, K) int64, labelled pixels of each class where rows are images with label maps and a level asks
            for their proportions; else (n, 0).
    """

    source: NDArray[np.int8]
    row: NDArray[np.int64]
    ids: NDArray[np.uint64]
    truth: NDArray[np.int16]
    region: NDArray[np.int64]
    joined: NDArray[np.bool_]
    pixels: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        row: NDArray[np.int64],
        ids: NDArray[np.uint64],
        truth: NDArray[np.int16] | None = None,
        region: NDArray[np.int64] | None = None,
        *,
        source: int = 0,
        joined: bool = False,
        pixels: NDArray[np.int64] | None = None,
    ) -> RowSet:
        """Return rows of one source; without truth or region these are -1, without pixels there are none."""
        count = len(row)
        return cls(
            source=np.full(count, source, np.int8),
            row=row,
            ids=ids,
            truth=np.full(count, -1, np.int16) if truth is None else truth,
            region=np.full(count, -1, np.int64) if region is None else region,
            joined=np.full(count, joined),
            pixels=np.zeros((count, 0), np.int64) if pixels is None else pixels,
        )

    @property
    def known(self) -> NDArray[np.bool_]:
        """(n,): rows with a true class, or with labelled pixels."""
        return (self.truth >= 0) | self.pixels.any(axis=1)

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: NDArray[Any]) -> RowSet:
        """Return some rows, by index or mask."""
        return RowSet(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def arranged(self, seed: int, granted: NDArray[np.int16] | None = None) -> NDArray[np.int64]:
        """Return the seeded order of a view.

        Rows with equal content are sorted by what the view grants, then by what tells them apart for the core;
        since their inputs are equal, the view is the same whichever comes first.
        """
        given = self.truth if granted is None else granted
        told: list[NDArray[Any]] = [given, self.region, self.joined, self.truth]
        if self.pixels.shape[1]:
            told.append(np.unique(self.pixels, axis=0, return_inverse=True)[1].reshape(-1))
        return order_by(mix(self.ids, seed, "order"), *told)


def join_rows(parts: Sequence[RowSet]) -> RowSet:
    """Return several sets of rows as one."""
    if len(parts) == 1:
        return parts[0]
    classes = max(p.pixels.shape[1] for p in parts)
    pixels = [np.pad(p.pixels, ((0, 0), (0, classes - p.pixels.shape[1]))) for p in parts]
    names = [f.name for f in fields(RowSet) if f.name != "pixels"]
    joined = {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}
    return RowSet(**joined, pixels=np.concatenate(pixels))
