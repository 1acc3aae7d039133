"""Parquet files of a view: the samples' columns in little memory, and region tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_ROWS_AT_ONCE: Final = 200_000


def write_columns(
    file: Path, rows: int, columns: Callable[[slice], Mapping[str, NDArray[Any] | Sequence[object]]]
) -> None:
    """Write columns a part at a time.

    Args:
        file: Parquet.
        rows: in all, at least one.
        columns: gives the columns of some rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    try:
        for first in range(0, rows, _ROWS_AT_ONCE):
            table = pa.table(dict(columns(slice(first, min(first + _ROWS_AT_ONCE, rows)))))
            writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def write_proportions(
    file: Path, by: str, regions: Sequence[str], classes: Sequence[str], proportions: NDArray[np.float64]
) -> None:
    """Write a region table.

    Args:
        file: Parquet with the columns `by`, `class` and `proportion`.
        by: the group whose places are the regions.
        regions: R names.
        classes: K names.
        proportions: (R, K), rows summing to one.
    """
    columns = {
        by: np.repeat(np.array(regions, object), len(classes)),
        "class": np.tile(np.array(classes, object), len(regions)),
        "proportion": proportions.ravel().astype(np.float32),
    }
    write_columns(file, proportions.size, lambda rows: {name: column[rows] for name, column in columns.items()})
