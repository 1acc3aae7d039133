"""Splits of windows and parcels by place: whole communes or municipalities, the coolest ones, five folds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated.views._splits import split_by_block, split_by_region

Float = NDArray[np.float64]
Int = NDArray[np.int64]

FOLDS: Final = 5
_TRIES: Final = 64


@dataclass(frozen=True, eq=False)
class Split:
    """A split of the samples.

    Attributes:
        part: (N,) 0 train, 1 validation, 2 test.
        whole: the group that is never cut; None: single windows are drawn.
        val: `grouped` or `within`.
    """

    part: Int
    whole: str | None
    val: str


def split_blocks(block: Int, counts: NDArray[np.integer], whole: str, generator: np.random.Generator) -> Split:
    """Blocks are whole, and the parts' class shares are as close as can be; of 64 tries the best.

    Args:
        block: (N,) of each window.
        counts: (N, K) pixels of each class.
        whole: name of the group that blocks are.
        generator: draws.
    """
    windows, classes = counts.shape
    label = np.tile(np.arange(classes), windows)
    part = split_by_block(np.repeat(block, classes), label, counts.ravel().astype(np.int64), generator)
    return Split(part[::classes], whole, "grouped")


def split_windows(counts: NDArray[np.integer], generator: np.random.Generator) -> Split:
    """Single windows, of whichever place, with class shares as close as can be."""
    return replace(split_blocks(np.arange(len(counts)), counts, "", generator), whole=None, val="within")


def split_coolest(region: Int, climate: Float, generator: np.random.Generator) -> Split:
    """The quarter of municipalities with the coolest climate is test; validation lies among train."""
    return Split(split_by_region(region, climate, np.zeros_like(region), generator), "region", "within")


def split_parcels(label: Int, train: float, generator: np.random.Generator) -> Int:
    """Part of each parcel, (F,): of every class the share `train` to train, the rest to test."""
    part = np.zeros(len(label), np.int64)
    for value in np.unique(label):
        parcels = generator.permutation(np.flatnonzero(label == value))
        part[parcels] = np.where((np.arange(len(parcels)) + 0.5) / len(parcels) <= train, 0, 2)
    return part


def split_folds(region: Int, counts: NDArray[np.integer], generator: np.random.Generator) -> dict[str, Split]:
    """Five folds of whole municipalities, as PASTIS has them: three train, the next validates, the next tests.

    `fold_1` trains on the folds 1 to 3, validates on 4 and tests on 5; `fold_2` on 2 to 4, 5 and 1; and so on.

    Args:
        region: (N,) of each window.
        counts: (N, K) pixels of each class.
        generator: draws 64 assignments, of which the most balanced is taken.
    """
    _, region = np.unique(region, return_inverse=True)
    areas = np.zeros((int(region.max()) + 1, counts.shape[1]))
    np.add.at(areas, region, counts)
    areas = areas[:, areas.any(axis=0)]
    tries = [generator.permutation(np.arange(len(areas)) % FOLDS) for _ in range(_TRIES)]
    fold = min(tries, key=lambda folds: _unevenness(areas, folds))[region]
    return {
        f"fold_{first + 1}": Split(np.array([0, 0, 0, 1, 2])[(fold - first) % FOLDS], "region", "grouped")
        for first in range(FOLDS)
    }


def _unevenness(areas: Float, fold: Int) -> float:
    """How far the folds' areas of the classes lie from a fifth each, the worst fold's, averaged over classes."""
    taken = np.stack([areas[fold == f].sum(axis=0) for f in range(FOLDS)]) / areas.sum(axis=0)
    return float(np.abs(taken - 1 / FOLDS).max(axis=0).mean())
