"""The proportion vectors that the bags of a level carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eobench.data._errors import UnsupportedError
from eobench.data._rowset import join_rows
from eobench.data._supported import census_table, exact_table
from eobench.data._vectors import measure, measure_rows, perturb, table_vectors

if TYPE_CHECKING:
    from eobench.data._folder import SampleFolder
    from eobench.data._groups import Grouping, Regions
    from eobench.data._request import Supervision
    from eobench.data._rowset import RowSet

ALL_NOTE = "the proportions were measured on train, validation and test labels (area: all)"


@dataclass(frozen=True, slots=True, eq=False)
class LevelVectors:
    """Vectors by region.

    Attributes:
        train: (regions, K) for train bags, NaN where a region has none; None at levels without vectors.
        val: (regions, K) for validation regions; None where validation gives inputs only.
        single: True where one vector is for everything, unlabelled rows of a pool included.
        notes: for the row's warning.
    """

    train: NDArray[np.float64] | None = None
    val: NDArray[np.float64] | None = None
    single: bool = False
    notes: tuple[str, ...] = ()


def level_vectors(
    folder: SampleFolder,
    level: Supervision,
    grouping: Grouping,
    regions: Regions | None,
    rows: tuple[RowSet, RowSet, RowSet],
    seed: int,
    *,
    alone: bool,
) -> LevelVectors:
    """Return the vectors of `regions`, `global` and `census`.

    Args:
        folder: to learn from.
        level: supervision, complete.
        grouping: classes as the view sees them.
        regions: of the folder's rows.
        rows: train, validation and scored rows.
        seed: the data seed.
        alone: True where the scored rows are of the same folder.
    """
    train, val, scored = rows
    classes = len(grouping.names)
    if level.level == "global":
        every = [train, val, scored] if level.area == "all" else [train]
        vector = measure(join_rows(every), classes, "train")
        return LevelVectors(vector[None], single=True, notes=(ALL_NOTE,) if level.area == "all" else ())
    if level.source == "perturbed":
        vector = perturb(measure(train, classes, "train"), level.error or 0.0, seed)
        return LevelVectors(vector[None], single=True)
    if level.level == "census" and regions is not None:
        table = census_table(folder.header, level.by)
        if table is None:
            raise UnsupportedError(f"{folder.header.name} has no region table: use census[source=perturbed]")
        vectors = table_vectors(folder, table.name, regions.names, grouping)
        notes = _left_out(vectors, train, table.name)
        if table.exact and alone:
            notes += _straddling(vectors, train, scored, table.name)
        return LevelVectors(vectors, notes=notes)
    if level.level == "regions" and regions is not None:
        return _of_regions(folder, level, grouping, regions, rows, alone=alone)
    return LevelVectors()


def _of_regions(
    folder: SampleFolder,
    level: Supervision,
    grouping: Grouping,
    regions: Regions,
    rows: tuple[RowSet, RowSet, RowSet],
    *,
    alone: bool,
) -> LevelVectors:
    """From the exact table, else measured on the region's train rows.

    Validation regions that also hold train rows are measured on their validation rows: their table vectors are
    those of train.
    """
    train, val, scored = rows
    count, classes = len(regions.names), len(grouping.names)
    measured_val = measure_rows(val, val.region, count, classes)
    table = exact_table(folder.header, level.by)
    if table is None:
        return LevelVectors(measure_rows(train, train.region, count, classes), measured_val)
    vectors = table_vectors(folder, table.name, regions.names, grouping)
    apart = not np.isin(val.region, train.region[train.region >= 0]).any()
    notes = _left_out(vectors, train, table.name)
    if alone:
        notes += _straddling(vectors, train, scored, table.name)
    return LevelVectors(vectors, vectors if apart else measured_val, notes=notes)


def _left_out(vectors: NDArray[np.float64], train: RowSet, table: str) -> tuple[str, ...]:
    present = np.unique(train.region[train.region >= 0])
    absent = int(np.isnan(vectors[present]).any(axis=1).sum())
    if not absent:
        return ()
    return (f"{absent} of {len(present)} train regions are not in table {table!r} and were left out",)


def _straddling(vectors: NDArray[np.float64], train: RowSet, scored: RowSet, table: str) -> tuple[str, ...]:
    """Regions with train and scored rows: an exact table counts the scored rows' labels."""
    known = np.flatnonzero(~np.isnan(vectors).any(axis=1))
    both = np.intersect1d(np.intersect1d(train.region, scored.region), known)
    if not len(both):
        return ()
    return (f"{len(both)} regions hold train and scored rows: table {table!r} counts test labels there",)
