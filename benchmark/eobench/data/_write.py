"""Writing a sample folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.data._errors import DataError
from eobench.data._folder import SampleFolder, open_folder
from eobench.data._header import SplitInfo
from eobench.data._inputs import ModalityArray
from eobench.data._read_header import FORMAT, HEADER_FILE, STRUCTURE
from eobench.data._region_table import RegionTable

Start = str | Mapping[str, str]


def write_folder(
    path: Path,
    *,
    name: str,
    title: str,
    classes: tuple[str, ...],
    modalities: Mapping[str, ModalityArray],
    samples: Mapping[str, Any],
    splits: Mapping[str, SplitInfo],
    default_split: str,
    task: str = "classification",
    targets: NDArray[np.integer[Any]] | None = None,
    ignore: int | None = None,
    groups: tuple[str, ...] = (),
    flags: tuple[str, ...] = (),
    tables: Mapping[str, RegionTable] | None = None,
    pools: Mapping[str, ModalityArray] | None = None,
    meta: Mapping[str, object] | None = None,
    starts: Mapping[str, Start] | None = None,
) -> SampleFolder:
    """Write a sample folder, open it again and check every file; on an error nothing stays behind.

    Args:
        path: a new or empty folder; nothing is ever overwritten. Within `prepare_folder` the whole is atomic.
        name: of the data set.
        title: one line.
        classes: K names; class k is index k of labels and targets.
        modalities: by name, over the same N samples. Values are stored as they are, little-endian.
        samples: columns of samples.parquet, (N,) each: `label` (whole numbers, -1 = unlabelled; not for
            segmentation), groups, flags (bool), split columns, and any others.
        splits: by name; their columns hold `train`, `val`, `test`.
        default_split: one of them.
        task: `classification` or `segmentation`.
        targets: segmentation only: (N, H, W) class indices.
        ignore: the value in targets that is not scored.
        groups: columns that name places, times or parcels.
        flags: bool columns, for row filters.
        tables: region tables by name.
        pools: unlabelled data by name.
        meta: further keys of the header: origin, source, licence, citation, quirks, ...
        starts: day 0 by modality or pool: an ISO date, `{"column": name}` or `{"january_1_of": name}`.

    Returns:
        The folder, opened.

    Raises:
        DataError: the path is in use, or what was given does not make a valid sample folder.
    """
    path = Path(path)
    made = not path.exists()
    if not made and (not path.is_dir() or any(path.iterdir())):
        raise DataError(f"{path}: is there already; a sample folder is written into a new or empty folder")
    path.mkdir(parents=True, exist_ok=True)
    writer = _Writer(path)
    try:
        header: dict[str, Any] = {"format": FORMAT, "name": name, "title": title, "task": task}
        header |= {"classes": list(classes), "samples": writer.columns("samples", samples)}
        header["modalities"] = {n: writer.modality(n, n, m, starts or {}) for n, m in modalities.items()}
        if targets is not None:
            header["targets"] = {"file": writer.array("targets", np.asarray(targets)), "ignore": ignore}
        header |= {"groups": list(groups), "flags": list(flags)}
        header["splits"] = {n: {"column": s.column, "whole": s.whole, "val": s.val} for n, s in splits.items()}
        header["default_split"] = default_split
        header["pools"] = {n: writer.modality(f"pool_{n}", n, m, starts or {}) for n, m in (pools or {}).items()}
        header["tables"] = {n: writer.table(n, t, tuple(classes)) for n, t in (tables or {}).items()}
        writer.header(header, meta or {})
        folder = open_folder(path)
        _check_files(folder)
    except BaseException:
        shutil.rmtree(path)
        if not made:
            path.mkdir()
        raise
    return folder


def _check_files(folder: SampleFolder) -> None:
    """Open everything that the header names: each reader checks its file."""
    folder.labels()
    for name in folder.header.modalities:
        folder.modality(name)
    for name in folder.header.pools:
        folder.pool(name)
    for name in folder.header.tables:
        folder.table(name)


class _Writer:
    """Writes files into one folder, each name once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._used: set[str] = {HEADER_FILE}

    def _new(self, file: str) -> Path:
        if file in self._used or "/" in file or "\\" in file:
            raise DataError(f"{self._path}: {file!r} would be written twice or elsewhere: choose another name")
        self._used.add(file)
        return self._path / file

    def array(self, stem: str, values: NDArray[Any]) -> str:
        file = self._new(f"{stem}.npy")
        if values.dtype.hasobject:
            raise DataError(f"{file}: Python objects are never stored; give numbers")
        little = values.astype(values.dtype.newbyteorder("<"), copy=False)
        np.save(file, np.ascontiguousarray(little), allow_pickle=False)
        return file.name

    def columns(self, stem: str, columns: Mapping[str, Any]) -> str:
        import pyarrow as pa
        import pyarrow.parquet as pq

        file = self._new(f"{stem}.parquet")
        arrays = {}
        for name, values in columns.items():
            values = np.asarray(values)
            if name == "label" and stem == "samples":
                values = _narrow(values)
            try:
                arrays[name] = pa.array(values.tolist() if values.dtype.kind in "OU" else values)
            except (pa.ArrowException, OverflowError) as error:
                raise DataError(f"{file}: column {name!r} cannot be stored: {error}") from error
        lengths = {name: len(a) for name, a in arrays.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"{file}: columns differ in length: {lengths}")
        pq.write_table(pa.table(arrays), file, compression="zstd")
        return file.name

    def modality(
        self, stem: str, name: str, modality: ModalityArray, starts: Mapping[str, Start]
    ) -> dict[str, Any]:
        info, values = modality.info, modality.values
        entry: dict[str, Any] = {"file": self.array(stem, values), "kind": info.kind, "shape": list(values.shape)}
        entry |= {"dtype": values.dtype.name, "bands": list(info.bands), "scale": info.scale}
        if info.units is not None:
            entry["units"] = info.units
        if modality.valid is not None:
            entry["valid"] = self.array(f"{stem}_valid", modality.valid)
        if modality.days.ndim == 2:
            entry["days"] = self.array(f"{stem}_days", modality.days.astype(np.int16))
        elif info.kind != "image" or modality.days.any():
            entry["days"] = [int(d) for d in modality.days]
        if name in starts:
            start = starts[name]
            entry["start"] = start if isinstance(start, str) else dict(start)
        return entry

    def table(self, stem: str, table: RegionTable, classes: tuple[str, ...]) -> dict[str, Any]:
        regions = list(table.proportions)
        for region in regions:
            if np.shape(table.proportions[region]) != (len(classes),):
                raise DataError(f"table {stem}: region {region!r} has not one proportion for each of the classes")
        shares = [np.asarray(table.proportions[r], np.float64) for r in regions]
        columns = {
            table.by: np.repeat(np.array([str(r) for r in regions], object), len(classes)),
            "class": np.array(list(classes) * len(regions), object),
            "proportion": np.concatenate(shares) if shares else np.zeros(0),
        }
        file = self.columns(stem, columns)
        return {"file": file, "kind": "proportions", "by": table.by, "exact": table.exact}

    def header(self, header: dict[str, Any], meta: Mapping[str, object]) -> None:
        taken = sorted(set(meta) & set(STRUCTURE))
        if taken:
            raise DataError(f"{self._path}: meta holds {taken[0]!r}, which is a key of the format itself")
        text = json.dumps(header | dict(meta), indent=1, ensure_ascii=False)
        (self._path / HEADER_FILE).write_text(text + "\n", encoding="utf-8")


def _narrow(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels as int16 where they are whole numbers that fit; else as given, for the reader to refuse."""
    if labels.dtype.kind not in "iu" or (labels.size and (labels.min() < -1 or labels.max() >= 2**15)):
        return labels
    return labels.astype(np.int16)
