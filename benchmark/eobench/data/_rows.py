"""Which rows learn, validate and are scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eobench.data._errors import DataError, UnsupportedError, unknown
from eobench.data._groups import encode
from eobench.data._order import mix, order_by, seed_key

if TYPE_CHECKING:
    from eobench.data._folder import SampleFolder
    from eobench.data._header import SplitInfo
    from eobench.data._request import Knobs

HELD_OUT = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """Rows of a folder that a method learns from, ascending and disjoint.

    Attributes:
        train: that the method learns from.
        val: that it validates with; empty where there are none.
        ids: (N,) uint64 content hash of every row of the folder.
    """

    train: NDArray[np.int64]
    val: NDArray[np.int64]
    ids: NDArray[np.uint64]


def find_split(folder: SampleFolder, split: str) -> SplitInfo:
    """Return one of the folder's splits.

    Raises:
        DataError: there is none of this name.
    """
    header = folder.header
    if split not in header.splits:
        raise DataError(f"{header.name}: {unknown('split', split, header.splits)}")
    return header.splits[split]


def split_rows(folder: SampleFolder, split: str, knobs: Knobs, seed: int) -> Roles:
    """Cut a folder's rows by a split, with the knobs `exclude`, `validation` and `score_on`.

    Where validation rows are scored (`score_on: val`), the method never sees them: it validates with held-out
    train rows, as in a split that has no validation rows.

    Raises:
        DataError: an unknown split or flag.
        UnsupportedError: no row to learn from.
    """
    info = find_split(folder, split)
    ids = folder.row_ids()
    part = _parts(folder, info, knobs)
    train, val = part["train"], part["val"]
    if knobs.score_on == "val":
        val = val[:0]
    if knobs.validation == "none":
        train, val = np.sort(np.concatenate([train, val])), val[:0]
    elif not len(val):
        held = _hold_out(folder, info, train, ids, seed)
        train, val = train[~held], train[held]
    if not len(train):
        raise UnsupportedError(f"{folder.header.name}: split {split!r} leaves no row to learn from")
    return Roles(train, val, ids)


def scored_rows(folder: SampleFolder, split: str, knobs: Knobs) -> NDArray[np.int64]:
    """Return the rows of a split that are scored: its test rows, or its validation rows (`score_on: val`).

    Raises:
        UnsupportedError: there are none.
    """
    rows = _parts(folder, find_split(folder, split), knobs)[knobs.score_on]
    if not len(rows):
        raise UnsupportedError(f"{folder.header.name}: split {split!r} has no {knobs.score_on} rows to score")
    return rows


def _parts(folder: SampleFolder, split: SplitInfo, knobs: Knobs) -> dict[str, NDArray[np.int64]]:
    column = folder.column(split.column)
    keep = np.ones(len(column), np.bool_)
    if knobs.exclude is not None:
        if knobs.exclude not in folder.header.flags:
            message = unknown("flag", knobs.exclude, folder.header.flags)
            raise DataError(f"{folder.header.name}: exclude: {message}")
        keep = ~_truth(folder.column(knobs.exclude))
    return {name: np.flatnonzero((column == name) & keep) for name in ("train", "val", "test")}


def _truth(flag: NDArray[Any]) -> NDArray[np.bool_]:
    """A flag column as booleans; a missing value is false."""
    return flag if flag.dtype == np.bool_ else np.array([v is True or v == 1 for v in flag.tolist()], np.bool_)


def _hold_out(
    folder: SampleFolder, split: SplitInfo, train: NDArray[np.int64], ids: NDArray[np.uint64], seed: int
) -> NDArray[np.bool_]:
    """A seeded 15 % of train, by whole groups of the split, else by row; equal rows stay on one side.

    Groups are taken in a seeded order until 15 % is reached; where the split names no group, or train lies in a
    single one, each distinct row is a group of its own.
    """
    if split.whole is not None:
        regions = encode(folder.column(split.whole)[train])
        key = np.array([seed_key(seed, f"hold out/{name}") for name in ("", *regions.names)], np.uint64)
        groups = key[regions.codes + 1]
        if len(np.unique(groups)) > 1:
            return _prefix(groups)
    return _prefix(mix(ids[train], seed, "hold out"))


def _prefix(groups: NDArray[np.uint64]) -> NDArray[np.bool_]:
    wanted = max(1, round(HELD_OUT * len(groups)))
    ordered = groups[order_by(groups)]
    held: NDArray[np.bool_] = groups <= ordered[wanted - 1]
    if held.all() or len(groups) < 2:  # one group holds all the rest: it stays in train
        held = groups < ordered[-1]
    return held
