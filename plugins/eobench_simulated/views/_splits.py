"""Splits of the simulated landscape: by field, by block (whole communes), and by region (whole municipalities)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]

PARTS: Final = ("train", "val", "test")
_ENDS: Final = np.array([0.6, 0.75, 1.0])  # shares of pixels: 60 % train, 15 % validation, 25 % test
_VALIDATION_OF_REST: Final = 0.2
_TRIES: Final = 64


def split_by_field(label: Int, generator: np.random.Generator) -> Int:
    """Part of each field, (F,): every class's fields in the same shares."""
    part = np.empty(len(label), np.int64)
    for value in np.unique(label):
        fields = generator.permutation(np.flatnonzero(label == value))
        part[fields] = np.searchsorted(_ENDS, (np.arange(len(fields)) + 0.5) / len(fields))
    return part


def split_by_block(block: Int, label: Int, pixels: Int, generator: np.random.Generator) -> Int:
    """Part of each field, (F,), blocks being whole.

    Of 64 random assignments the one is taken whose parts' class shares are closest to all's: blocks are few, and a
    class that train lacks would say little.
    """
    _, block = np.unique(block, return_inverse=True)
    areas = np.zeros((block.max() + 1, label.max() + 1))
    np.add.at(areas, (block, label), pixels)
    tries = [_assign_blocks(areas, generator) for _ in range(_TRIES)]
    best: Int = min(tries, key=lambda parts: _imbalance(areas, parts))
    return best[block]


def split_by_region(region: Int, climate: Float, label: Int, generator: np.random.Generator) -> Int:
    """Part of each field, (F,): the quarter of regions with the coolest climate is test, whole.

    Validation is drawn from the fields of the other regions, so it does not see the shift.
    """
    coolest = np.argsort(climate)[-max(1, round(len(climate) / 4)) :]
    part = np.where(np.isin(region, coolest), 2, 0)
    for value in np.unique(label):
        fields = generator.permutation(np.flatnonzero((label == value) & (part == 0)))
        part[fields[: int(_VALIDATION_OF_REST * len(fields))]] = 1
    return part


def _assign_blocks(areas: Float, generator: np.random.Generator) -> Int:
    order = generator.permutation(len(areas))
    size = areas.sum(axis=1)[order]
    middle = (np.cumsum(size) - size / 2) / size.sum()
    part = np.empty(len(areas), np.int64)
    part[order] = np.searchsorted(_ENDS, middle)
    return part


def _imbalance(areas: Float, part: Int) -> float:
    areas = areas[:, areas.any(axis=0)]
    total = areas.sum(axis=0)
    worst = 0.0
    for index, wanted in enumerate(np.diff(_ENDS, prepend=0)):
        taken = areas[part == index].sum(axis=0)
        # Relative to what is wanted, so that a class missing from a part weighs as much as a part of double size.
        worst = max(worst, float(np.abs(taken / (wanted * total) - 1).max()))
    return worst
