"""Region tables: the class proportions of places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.data._columns import read_columns
from eobench.data._errors import DataError, unknown

TOLERANCE: Final = 1e-3  # shares are often stored as float32, or rounded to three digits


@dataclass(frozen=True, slots=True, eq=False)
class RegionTable:
    """Proportions of the classes in places, to be written by `write_folder`.

    Attributes:
        by: the group column whose places are the regions.
        proportions: region -> (K,) proportions in the order of the classes, summing to one.
        exact: False for a census.
    """

    by: str
    proportions: Mapping[str, NDArray[np.floating[Any]]]
    exact: bool = True


def read_region_table(file: Path, by: str, classes: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
    """Return region (as text) -> (K,) proportions; a class that is not listed has none.

    Args:
        file: Parquet with the columns `by`, `class`, `proportion`.
        by: name of the column of regions.
        classes: K names.

    Raises:
        DataError: the file is damaged, names an unknown class, lists a pair twice, or a region's proportions do
            not sum to one (within 0.001; they are scaled to sum to one exactly).
    """
    columns = read_columns(file, [by, "class", "proportion"])
    index = {name: i for i, name in enumerate(classes)}
    shares = columns["proportion"]
    if shares.dtype.kind != "f" or not np.isfinite(shares).all() or (shares < 0).any():
        raise DataError(f"{file}: column 'proportion' holds something else than numbers from 0 to 1")
    table: dict[str, NDArray[np.float64]] = {}
    seen: set[tuple[str, str]] = set()
    for place, name, share in zip(columns[by].tolist(), columns["class"].tolist(), shares.tolist(), strict=True):
        region = str(place)
        if name not in index:
            raise DataError(f"{file}: region {region}: {unknown('class', str(name), classes)}")
        if (region, name) in seen:
            raise DataError(f"{file}: region {region}: class {name!r} stands twice")
        seen.add((region, name))
        table.setdefault(region, np.zeros(len(classes)))[index[name]] = share
    for region, vector in table.items():
        total = float(vector.sum())
        if abs(total - 1.0) > TOLERANCE:
            raise DataError(f"{file}: the proportions of region {region} sum to {total:.4f}, not to 1")
        vector /= total
        vector.flags.writeable = False
    return table
