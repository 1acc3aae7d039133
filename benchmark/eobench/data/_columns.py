"""Columns of Parquet files as NumPy arrays, through pyarrow alone.

`pyarrow.parquet.read_table` and `Array.to_numpy` import pandas where it is installed, which costs half a second:
planning reads columns, so they are taken through DLPack and dictionary encoding here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.data._errors import DataError, nearest


def read_schema(file: Path) -> tuple[dict[str, str], int]:
    """Return the columns (name -> type) and the number of rows, from the file's footer.

    Raises:
        DataError: the file is missing or is not a whole Parquet file.
    """
    with _Reader(file) as reader:
        schema = reader.schema_arrow
        return {f.name: str(f.type) for f in schema}, int(reader.metadata.num_rows)


def read_columns(file: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return the named columns, each (N,), read-only; texts as object arrays with None where there is none.

    Raises:
        DataError: the file is missing, damaged, or lacks a column.
    """
    with _Reader(file) as reader:
        known = reader.schema_arrow.names
        for name in names:
            if name not in known:
                raise DataError(
                    f"{file}: there is no column {name!r}.{nearest(name, known)} Columns: {', '.join(known)}"
                )
        table = reader.read(columns=list(names), use_pandas_metadata=False)
        columns = {name: _numpy(table.column(name), file, name) for name in names}
        for name, column in columns.items():  # pyarrow does not compare a damaged page with the footer
            if len(column) != reader.metadata.num_rows:
                raise DataError(f"{file}: column {name!r} is damaged: {len(column)} rows of it can be read")
        return columns


class _Reader:
    """`pyarrow.parquet.ParquetFile`, whose errors become DataErrors that name the file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._reader: Any = None

    def __enter__(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._file.is_file():
            raise DataError(f"{self._file}: there is no such file")
        try:
            self._reader = pq.ParquetFile(self._file, memory_map=True)
        except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: names that are no UTF-8
            raise DataError(
                f"{self._file}: expected a whole Parquet file, found something else: {error}"
            ) from error
        return self._reader

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        import pyarrow as pa

        self._reader.close()
        # ValueError and IndexError: texts that are no UTF-8, codes beyond their dictionary
        if isinstance(error, pa.ArrowException | OSError | ValueError | IndexError):
            raise DataError(f"{self._file}: the Parquet file is damaged: {error}") from error


def _numpy(column: Any, file: Path, name: str) -> NDArray[Any]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # pyarrow keeps a column of no chunk chunked
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], kind)
    result: NDArray[Any]
    if pa.types.is_boolean(kind):
        if array.null_count:
            raise DataError(f"{file}: column {name!r} has {array.null_count} empty cells; allowed: true or false")
        result = _plain(array.cast(pa.uint8())).view(np.bool_)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        result = _plain(array)
        if array.null_count:
            result = np.where(_plain(array.is_null().cast(pa.uint8())), np.nan, result)
    else:
        result = _texts(array, file, name)
    result = result.copy()  # the Arrow buffer may lie in the file's memory map
    result.flags.writeable = False
    return result


def _plain(array: Any) -> NDArray[Any]:
    """The numbers of an Arrow array without their empty cells' bitmap; what stands in empty cells is undefined."""
    import pyarrow as pa

    data = pa.Array.from_buffers(array.type, len(array), [None, array.buffers()[1]], 0, array.offset)
    return np.asarray(np.from_dlpack(data))


def _texts(array: Any, file: Path, name: str) -> NDArray[Any]:
    """Each different text is decoded once: columns of groups repeat few names many times."""
    import pyarrow as pa

    try:
        coded = array.cast(pa.large_string()).dictionary_encode()
    except pa.ArrowException as error:
        raise DataError(
            f"{file}: column {name!r} is of type {array.type}; allowed: numbers, texts, dates, true/false"
        ) from error
    words = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    codes = _plain(coded.indices)
    if coded.null_count:
        codes = np.where(_plain(coded.indices.is_null().cast(pa.uint8())), len(words) - 1, codes)
    return np.asarray(words[codes])
