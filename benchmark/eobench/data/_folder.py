"""A sample folder: header and columns at once, arrays only when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.data._arrays import open_array
from eobench.data._columns import read_columns, read_schema
from eobench.data._errors import DataError, EobenchError, unknown
from eobench.data._header import Header, ModalityFiles
from eobench.data._inputs import Inputs, ModalityArray
from eobench.data._read_header import HEADER_FILE, read_header
from eobench.data._region_table import read_region_table
from eobench.data._row_ids import hash_rows

SUBSETS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """Rows of a split, without looking at any array.

    Attributes:
        train: rows of the training subset, labelled or not.
        val: rows of the validation subset.
        test: rows of the test subset.
        per_class: for each of the three, (K,) labelled rows of each class; None for a segmentation set.
    """

    train: int
    val: int
    test: int
    per_class: Mapping[str, NDArray[np.int64]] | None


@dataclass(frozen=True, slots=True, eq=False)
class SampleFolder:
    """A `sample-folder/1`, opened by `open_folder`.

    Arrays that it returns are read-only and are opened, checked and computed once.

    Attributes:
        path: of the folder.
        header: its checked `dataset.json`.
    """

    path: Path
    header: Header
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process opens the folder again: maps are not sent."""
        return open_folder, (self.path,)

    def column(self, name: str) -> NDArray[np.generic]:
        """Return one column of samples.parquet, (N,); strings as object arrays.

        Raises:
            DataError: there is no such column, or the file is damaged.
        """
        return self._columns(name)[0]

    def labels(self) -> NDArray[np.int16]:
        """Return class indices, -1 = unlabelled: (N,), or (N, H, W) from the targets file (ignore -> -1).

        Raises:
            DataError: a label is outside the classes, or the file is damaged.
        """
        if "labels" not in self._kept:
            labels = self._dense_labels() if self.header.targets is not None else self._class_labels()
            labels.flags.writeable = False
            self._kept["labels"] = labels
        kept: NDArray[np.int16] = self._kept["labels"]
        return kept

    def modality(self, name: str) -> ModalityArray:
        """Return a modality over all N samples, memory-mapped and checked.

        Raises:
            EobenchError: there is no such modality.
            DataError: one of its files is missing, damaged, or not what the header says.
        """
        if name not in self.header.modalities:
            raise EobenchError(f"{self.path.name}: {unknown('modality', name, self.header.modalities)}")
        return self._array(f"modality {name}", self.header.modalities[name], self.header.samples)

    def pool(self, name: str) -> ModalityArray:
        """Return one of the header's pools, memory-mapped.

        Raises:
            EobenchError: there is no such pool.
            DataError: one of its files is missing, damaged, or not what the header says.
        """
        if name not in self.header.pools:
            raise EobenchError(f"{self.path.name}: {unknown('pool', name, self.header.pools)}")
        return self._array(f"pool {name}", self.header.pools[name], None)

    def inputs(self, modalities: tuple[str, ...] | None = None) -> Inputs:
        """Return the chosen modalities (default: all) over all N samples.

        Raises:
            EobenchError: there is no such modality.
            DataError: a file is damaged, or the modalities cannot be concatenated.
        """
        return Inputs.of(*(self.modality(n) for n in (modalities or tuple(self.header.modalities))))

    def table(self, name: str) -> Mapping[str, NDArray[np.float64]]:
        """Return a region table: region name (as text) -> (K,) proportions in the order of the classes.

        Raises:
            EobenchError: there is no such table.
            DataError: the file is damaged, or a region's proportions are not on the simplex.
        """
        if name not in self.header.tables:
            raise EobenchError(f"{self.path.name}: {unknown('table', name, self.header.tables)}")
        key = f"table {name}"
        if key not in self._kept:
            info = self.header.tables[name]
            self._kept[key] = read_region_table(self.path / info.file, info.by, self.header.classes)
        kept: Mapping[str, NDArray[np.float64]] = self._kept[key]
        return kept

    def counts(self, split: str, subset_exclude_flag: str | None = None) -> SplitCounts:
        """Count the rows of a split's subsets, by class; only columns of samples.parquet are read.

        Args:
            split: name of a split.
            subset_exclude_flag: a flag column; rows where it is true are not counted.

        Raises:
            EobenchError: there is no such split or flag.
            DataError: a label is outside the classes, or the file is damaged.
        """
        if split not in self.header.splits:
            raise EobenchError(f"{self.path.name}: {unknown('split', split, self.header.splits)}")
        if subset_exclude_flag is not None and subset_exclude_flag not in self.header.flags:
            raise EobenchError(f"{self.path.name}: {unknown('flag', subset_exclude_flag, self.header.flags)}")
        flags = () if subset_exclude_flag is None else (subset_exclude_flag,)
        column, *excluded = self._columns(self.header.splits[split].column, *flags)
        rows = {s: column == s for s in SUBSETS}
        if excluded:
            rows = {s: chosen & ~excluded[0].astype(np.bool_) for s, chosen in rows.items()}
        per_class = None
        if self.header.targets is None:
            labels, classes = self.labels(), len(self.header.classes)
            per_class = {
                s: np.bincount(labels[chosen & (labels >= 0)], minlength=classes).astype(np.int64)
                for s, chosen in rows.items()
            }
        train, val, test = (int(rows[s].sum()) for s in SUBSETS)
        return SplitCounts(train, val, test, per_class)

    def row_ids(self) -> NDArray[np.uint64]:
        """Return a 64-bit hash of each row's content, (N,): what seeded order is drawn over.

        Over all modalities (missing steps' values left out, masks and per-row days included) and the group
        columns; never over the label, a split or the row's place. Rows that hold the same have the same id.

        Raises:
            DataError: a file is damaged.
        """
        return self._hash("row_ids", self.header.groups)

    def input_ids(self) -> NDArray[np.uint64]:
        """Return a 64-bit hash of each row's inputs alone, (N,): equal where two rows hold the same data.

        Raises:
            DataError: a file is damaged.
        """
        return self._hash("input_ids", ())

    def _hash(self, key: str, columns: tuple[str, ...]) -> NDArray[np.uint64]:
        if key not in self._kept:
            named = dict(zip(columns, self._columns(*columns), strict=True))
            ids = hash_rows((self.modality(n) for n in self.header.modalities), named)
            ids.flags.writeable = False
            self._kept[key] = ids
        kept: NDArray[np.uint64] = self._kept[key]
        return kept

    def _columns(self, *names: str) -> list[NDArray[Any]]:
        missing = [n for n in dict.fromkeys(names) if f"column {n}" not in self._kept]
        if missing:
            found = read_columns(self.path / self.header.samples_file, missing)
            self._kept.update({f"column {n}": column for n, column in found.items()})
        return [self._kept[f"column {n}"] for n in names]

    def _array(self, key: str, files: ModalityFiles, samples: int | None) -> ModalityArray:
        if key not in self._kept:
            self._kept[key] = _open_modality(self.path, files, samples)
        kept: ModalityArray = self._kept[key]
        return kept

    def _class_labels(self) -> NDArray[np.int16]:
        file, classes = self.path / self.header.samples_file, self.header.classes
        labels = self._columns("label")[0]
        if labels.dtype.kind not in "iu":
            raise DataError(
                f"{file}: column 'label' holds {labels.dtype}; allowed: whole numbers, -1 = unlabelled"
            )
        _check_range(labels, -1, len(classes), f"{file}: column 'label'", "-1 = unlabelled")
        return labels.astype(np.int16)

    def _dense_labels(self) -> NDArray[np.int16]:
        file, ignore = self.path / str(self.header.targets), self.header.ignore
        targets = open_array(file, None, None)
        if targets.dtype.kind not in "iu" or targets.ndim != 3 or len(targets) != self.header.samples:
            raise DataError(
                f"{file}: expected whole numbers with shape ({self.header.samples}, H, W), "
                f"found {targets.dtype} with shape {targets.shape}"
            )
        scored = targets if ignore is None else np.where(targets == ignore, targets.dtype.type(0), targets)
        words = "no value is ignored" if ignore is None else f"{ignore} = ignored"
        _check_range(scored, 0, len(self.header.classes), str(file), words)
        labels = targets.astype(np.int16)
        if ignore is not None:
            labels[targets == ignore] = -1
        return labels


def open_folder(path: Path) -> SampleFolder:
    """Open a sample folder: read and check its header and the names of its columns; no array is opened.

    Raises:
        DataError: it is not a sample folder, or its header is not what the format says.
    """
    path = Path(path)
    header = read_header(path)
    file = path / header.samples_file
    columns, rows = read_schema(file)
    if rows != header.samples:
        raise DataError(f"{file}: holds {rows} rows, but {HEADER_FILE} says {header.samples} samples")
    for where, name in _named_columns(header):
        if name not in columns:
            raise DataError(f"{path / HEADER_FILE}: {where}: {unknown(f'column of {file.name}', name, columns)}")
    for name in header.flags:
        if columns[name] != "bool":
            raise DataError(f"{file}: flag {name!r} is of type {columns[name]}; allowed: true or false (bool)")
    for split in header.splits.values():
        if "string" not in columns[split.column]:
            raise DataError(
                f"{file}: column {split.column!r} of split {split.name!r} is of type {columns[split.column]}; "
                f"allowed: texts ('train', 'val', 'test')"
            )
    return SampleFolder(path, header)


def _named_columns(header: Header) -> list[tuple[str, str]]:
    """Every column that the header relies on, with the key that names it."""
    named = [("groups", g) for g in header.groups] + [("flags", f) for f in header.flags]
    named += [(f"splits.{s.name}.column", s.column) for s in header.splits.values()]
    for name, modality in header.modalities.items():
        if isinstance(modality.start, Mapping):
            named += [(f"modalities.{name}.start", column) for column in modality.start.values()]
    return named if header.targets is not None else [*named, ("task 'classification' needs labels", "label")]


def _open_modality(folder: Path, files: ModalityFiles, samples: int | None) -> ModalityArray:
    """Open one modality; `samples` None: as many as the file holds (a pool)."""
    info = files.info
    shape = None if samples is None else (samples, *info.sizes)
    values = open_array(folder / files.file, shape, files.dtype)
    if values.shape[1:] != info.sizes:
        raise DataError(
            f"{folder / files.file}: expected a .npy array with shape (N, {', '.join(map(str, info.sizes))}), "
            f"found shape {values.shape}"
        )
    steps = 1 if info.kind == "image" else info.sizes[0]
    if isinstance(files.days, str):
        days = open_array(folder / files.days, (len(values), steps), "int16")
    else:
        days = np.array(files.days, np.int16)
        days.flags.writeable = False
    valid: NDArray[np.bool_] | None
    if files.valid is not None:
        valid = open_array(folder / files.valid, (len(values), steps), "bool")
    else:
        valid = _observed(values, files)
    return ModalityArray(info=info, values=values, valid=valid, days=days)


def _observed(values: NDArray[Any], files: ModalityFiles) -> NDArray[np.bool_] | None:
    """Without a mask, a step is missing where every value of it is the fill; NaN needs no mask."""
    fill = files.fill
    if fill is None or np.isnan(fill) or files.info.kind == "image":
        return None
    valid = np.ones(values.shape[:2], np.bool_)
    step = max(1, (1 << 24) // max(1, values[:1].nbytes))
    for start in range(0, len(values), step):
        block = values[start : start + step]
        valid[start : start + step] = (block != fill).reshape(*block.shape[:2], -1).any(axis=2)
    valid.flags.writeable = False
    return None if valid.all() else valid


def _check_range(labels: NDArray[Any], low: int, classes: int, where: str, words: str) -> None:
    if not labels.size or (labels.min() >= low and labels.max() < classes):
        return
    first = np.argwhere((labels < low) | (labels >= classes))[0]
    raise DataError(
        f"{where}: row {first[0]} holds class {labels[tuple(first)]}; "
        f"allowed: 0 to {classes - 1} ({classes} classes), {words}"
    )
