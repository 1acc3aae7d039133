"""`dataset.json` of a sample folder, as checked, typed values. Light: no array is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from eobench.data._inputs import ModalityInfo


@dataclass(frozen=True, slots=True)
class ModalityFiles:
    """Where one modality lies.

    Attributes:
        info: what it is.
        file: (N, *sizes) array.
        dtype: as stored.
        valid: file of the (N, T) mask, or None.
        days: (T,) days from `start`, or the file of an (N, T) array.
        start: ISO date, `{"column": name}`, `{"january_1_of": name}` or None.
        fill: raw value that stands where nothing was observed (NaN included). Where there is `valid`, that rules.
    """

    info: ModalityInfo
    file: str
    dtype: str
    valid: str | None
    days: tuple[int, ...] | str
    start: str | Mapping[str, str] | None
    fill: float | None = None


@dataclass(frozen=True, slots=True)
class SplitInfo:
    """One way of cutting the rows into train, val and test.

    Attributes:
        name: as in `name[split=zone]`.
        column: of samples.parquet, holding `train`, `val`, `test` (other values: in none).
        whole: the group that is never cut between test and the rest; None: none.
        val: `grouped`, `within`, or None where there are no validation rows.
    """

    name: str
    column: str
    whole: str | None
    val: Literal["grouped", "within"] | None


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A region table: columns `by`, `class` (its name), `proportion`.

    Attributes:
        name: in the header.
        file: Parquet, one row a region and class; a class that is not listed has no share.
        by: the group column whose places are the regions; the table's column of regions has the same name.
        kind: `proportions`.
        exact: False for a census, whose numbers are known to be off.
    """

    name: str
    file: str
    by: str
    kind: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Header:
    """A checked `dataset.json`.

    Attributes:
        name: of the data set.
        title: one line about it.
        task: `classification` has a class a sample, `segmentation` a class map a sample.
        classes: K names; class k is index k of every label.
        samples: N.
        modalities: by name; all hold the same N samples.
        pools: unlabelled data by name, with samples of its own number.
        splits: by name.
        default_split: the one that is taken where a task names none.
        groups: columns that name places, times or parcels.
        flags: true/false columns.
        tables: class proportions of regions, by name.
        samples_file: the Parquet file of the columns, one row a sample.
        targets: file of the (N, H, W) class indices of a segmentation set, else None.
        ignore: value in `targets` that is not scored.
        meta: origin, source, licence, citation, quirks and all other keys, as written.
    """

    name: str
    title: str
    task: Literal["classification", "segmentation"]
    classes: tuple[str, ...]
    samples: int
    modalities: Mapping[str, ModalityFiles]
    pools: Mapping[str, ModalityFiles]
    splits: Mapping[str, SplitInfo]
    default_split: str
    groups: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    tables: Mapping[str, TableInfo] = field(default_factory=dict)
    targets: str | None = None
    ignore: int | None = None
    meta: Mapping[str, object] = field(default_factory=dict)
    samples_file: str = "samples.parquet"

    def files(self) -> tuple[str, ...]:
        """Return all files that the header names, sorted, each once; `dataset.json` is not among them."""
        names = {self.samples_file} | {t.file for t in self.tables.values()}
        for modality in (*self.modalities.values(), *self.pools.values()):
            names |= {n for n in (modality.file, modality.valid, modality.days) if isinstance(n, str)}
        return tuple(sorted(names | ({self.targets} if self.targets is not None else set())))
