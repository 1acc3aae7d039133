"""`results.parquet`: rows to a typed table with documentation in its metadata, and back, checked."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eobench import __version__
from eobench.data import DataError, EobenchError
from eobench.plugin import Column
from eobench.results import COLUMNS, SCHEMA_VERSION, STATUSES

META = b"eobench"

_ROW_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "texts": pa.list_(pa.string()),
    "numbers": pa.list_(pa.float64()),
    "counts": pa.list_(pa.list_(pa.int64())),
}
_SHAPES: dict[str, pa.DataType] = {
    "number": pa.float64(),
    "per-class": pa.list_(pa.float64()),
    "matrix": pa.list_(pa.list_(pa.int64())),
}
# What the integer, number and flag columns become in pandas: nullable, so that null stays null.
_PANDAS = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def to_arrow(
    name: str, rows: Sequence[Mapping[str, Any]], metrics: Sequence[Column]
) -> tuple[pa.Table, tuple[str, ...]]:
    """Return rows as a typed table, and warnings on what was left out.

    Args:
        name: of the leaderboard.
        rows: one a cell, in the order of the plan; missing columns are null.
        metrics: the columns that metrics fill.

    Raises:
        EobenchError: a value is not of its column's type, a cell stands twice with other values, or a metric's
            column has the name of another column.
    """
    rows, warnings = _distinct(rows)
    types = _types(metrics)
    arrays = [_array(column, kind, rows) for column, kind in types.items()]
    extra = Counter(key for row in rows for key in row if key not in types)
    for key, count in sorted(extra.items()):
        warnings.append(f"column {key!r} ({count} rows) is left out: no installed metric declares it")
    schema = pa.schema([pa.field(c, t) for c, t in types.items()], metadata={META: _metadata(name, metrics)})
    return pa.Table.from_arrays(arrays, schema=schema), tuple(warnings)


def read_results(path: Path) -> pd.DataFrame:
    """Read and check a `results.parquet` that a stranger may have written; nothing is ever unpickled.

    Returns:
        One row a cell, in stored order; integers and flags nullable, lists as arrays. `attrs["eobench"]` holds
        name, versions and columns; `metric_columns` reads the metrics back from it.

    Raises:
        DataError: it is not Parquet, was not written by eobench or by a newer one, or a column is missing or of
            another type; the message names file, column, what was expected and what was found.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            meta = _check_schema(path, schema)
            table = file.read()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; `eobench run` writes one") from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: not a readable Parquet file: {error}") from error
    frame = to_pandas(table, meta)
    _check_values(path, frame)
    return frame


def to_pandas(table: pa.Table, meta: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return the table as pandas, with its description in `attrs["eobench"]`."""
    meta = json.loads(table.schema.metadata[META]) if meta is None else meta
    frame: pd.DataFrame = table.replace_schema_metadata(None).to_pandas(types_mapper=_PANDAS.get)
    frame.attrs["eobench"] = _Description(meta)
    return frame


class _Description(dict[str, Any]):
    """Never changed, so never copied: pandas deep-copies `attrs` at each of the thousands of steps of a board."""

    def __deepcopy__(self, memo: object) -> _Description:
        return self


def metric_columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Return the metric columns that a frame of `read_results` or `Board.results` holds.

    Raises:
        EobenchError: the frame does not come from there.
    """
    try:
        return tuple(Column(**c) for c in frame.attrs["eobench"]["metrics"] if c["name"] in frame.columns)
    except (KeyError, TypeError):
        raise EobenchError(
            "this table does not say which columns are metrics: take it from read_results"
        ) from None


def texts(column: pd.Series[Any]) -> NDArray[np.object_]:
    """Return a column as an object array of str, null as the empty text: additions of it never fail."""
    return np.array(["" if v is None or v is pd.NA or v != v else str(v) for v in column.tolist()] or [], object)


def models(frame: pd.DataFrame) -> list[str]:
    """Return the base model of every row, readable: `bilstm#3` for a draw, `bilstm`, or the empty text."""
    pairs = zip(texts(frame["base_model"]), texts(frame["draw"]), strict=True)
    return [family + (f"#{draw}" if family and draw else "") for family, draw in pairs]


def scalar_metrics(frame: pd.DataFrame) -> dict[str, Column]:
    """Return the metrics that are one number with a better side, by name: those that methods compete in."""
    return {c.name: c for c in metric_columns(frame) if c.shape == "number" and c.better is not None}


def _distinct(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Two tasks may ask for the same cell: it is one row. The first task's stands."""
    seen: dict[str, Mapping[str, Any]] = {}
    twice = 0
    for row in rows:
        key = row.get("cell")
        if not isinstance(key, str) or not key:
            raise EobenchError(f"a row has no cell key: {dict(row)!r:.200}")
        first = seen.setdefault(key, row)
        if first is not row:
            twice += 1
            if first.get("status") != row.get("status"):
                raise EobenchError(
                    f"cell {key[:12]} stands twice, as {first.get('status')!r} and {row.get('status')!r}"
                )
    warnings = [f"{twice} rows ask for a cell that another task asked for; it stands once"] if twice else []
    return list(seen.values()), warnings


def _types(metrics: Sequence[Column]) -> dict[str, pa.DataType]:
    types = {c.name: _ROW_TYPES[c.type] for c in COLUMNS}
    for metric in metrics:
        if metric.name in types:
            raise EobenchError(f"metric column {metric.name!r} has the name of another column: rename it")
        types[metric.name] = _SHAPES[metric.shape]
    return types


def _array(column: str, kind: pa.DataType, rows: Sequence[Mapping[str, Any]]) -> pa.Array:
    values = [_plain(row.get(column)) for row in rows]
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        for row, value in zip(rows, values, strict=True):
            try:
                pa.array([value], kind)
            except (pa.ArrowException, TypeError, ValueError, OverflowError):
                raise EobenchError(
                    f"column {column!r} of cell {str(row.get('cell'))[:12]} ({row.get('method_label')}): "
                    f"expected {kind}, found {value!r:.120}"
                ) from None
        raise


def _plain(value: Any) -> Any:
    """NumPy as Python; NaN (undefined) as null, also inside lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _metadata(name: str, metrics: Sequence[Column]) -> bytes:
    thing = {
        "schema": SCHEMA_VERSION,
        "eobench": __version__,
        "name": name,
        "metrics": [{"name": c.name, "doc": c.doc, "better": c.better, "shape": c.shape} for c in metrics],
        "columns": {c.name: c.doc for c in COLUMNS} | {c.name: c.doc for c in metrics},
    }
    return json.dumps(thing, separators=(",", ":"), ensure_ascii=False).encode()


def _check_schema(path: Path, schema: pa.Schema) -> dict[str, Any]:
    try:
        meta = json.loads((schema.metadata or {})[META])
        version, metrics = meta["schema"], [Column(**c) for c in meta["metrics"]]
        if any(c.shape not in _SHAPES or c.better not in ("higher", "lower", None) for c in metrics):
            raise ValueError("a metric of unknown shape or side")
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: Parquet, but not a leaderboard of eobench: its metadata has no valid {META.decode()!r} entry"
        ) from error
    if version != SCHEMA_VERSION:
        then = "update eobench" if isinstance(version, int) and version > SCHEMA_VERSION else "write it again"
        raise DataError(f"{path}: schema version: expected {SCHEMA_VERSION}, found {version!r}: {then}")
    expected = {c.name: _ROW_TYPES[c.type] for c in COLUMNS} | {c.name: _SHAPES[c.shape] for c in metrics}
    for field in schema:
        if isinstance(field.type, pa.BaseExtensionType) or b"ARROW:extension:name" in (field.metadata or {}):
            raise DataError(f"{path}: column {field.name!r}: extension types are not read")
        if field.name not in expected:
            raise DataError(
                f"{path}: column {field.name!r} ({field.type}) is not described in the file's metadata"
            )
    for name, kind in expected.items():
        found = schema.get_all_field_indices(name)
        if len(found) != 1:
            raise DataError(f"{path}: column {name!r}: expected {kind}, found {len(found)} columns of that name")
        if schema.field(found[0]).type != kind:
            raise DataError(f"{path}: column {name!r}: expected {kind}, found {schema.field(found[0]).type}")
    return dict(meta)


def _check_values(path: Path, frame: pd.DataFrame) -> None:
    for name in ("cell", "method", "method_label", "dataset_label", "supervision", "seed", "status"):
        if frame[name].isna().any():
            row = int(frame[name].isna().to_numpy().argmax())
            raise DataError(f"{path}: column {name!r}, row {row}: expected a value, found null")
    wrong = ~frame["status"].isin(STATUSES)
    if wrong.any():
        found = frame["status"][wrong].iloc[0]
        raise DataError(f"{path}: column 'status': expected one of {', '.join(STATUSES)}, found {found!r:.60}")
    if frame["cell"].duplicated().any():
        found = frame["cell"][frame["cell"].duplicated()].iloc[0]
        raise DataError(f"{path}: column 'cell': expected each key once, found {found!r:.80} twice")
