"""Checking a sample folder: what a benchmark built on it should know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eobench.data._errors import EobenchError
from eobench.data._folder import SUBSETS, SampleFolder, open_folder
from eobench.data._header import SplitInfo

_NAMED = 8
Topic = Literal["files", "contents", "rows", "groups", "classes", "copies"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a sample folder.

    Attributes:
        level: `error`: it cannot be used, or breaks its own promise; `warning`: results on it mislead unless
            one knows; `info`: good to know.
        text: what, where, how many.
        about: `files` against the header, their `contents`, and of a split its `rows`, whether its `groups` are
            whole, the `classes` that train lacks, `copies` of one subset's inputs in another.
    """

    level: Literal["error", "warning", "info"]
    text: str
    about: Topic = "contents"


def check_folder(folder: Path) -> list[Finding]:
    """Check a sample folder thoroughly: every file, every split.

    Files against the header and labels against the classes; for each split, whether its subsets hold rows, whether
    the groups that it declares whole are whole, which classes train never sees, and how many rows of one subset
    hold the very inputs of a row of another (of all modalities; groups and labels are not compared).

    Args:
        folder: to check.

    Returns:
        The findings, in the order of the checks; never raises for what is wrong with the folder.
    """
    try:
        opened = open_folder(folder)
    except EobenchError as error:
        return [Finding("error", str(error), "files")]
    findings = list(_files(opened))
    if any(f.level == "error" for f in findings):
        return findings
    labels, ids = opened.labels(), opened.input_ids()
    findings += _contents(opened, labels, ids)
    for split in opened.header.splits.values():
        found = _split(opened, split, labels, ids)
        findings += [replace(f, text=f"split {split.name}: {f.text}") for f in found]
    return findings


def _files(folder: SampleFolder) -> Iterator[Finding]:
    header = folder.header
    readers: list[Callable[[], object]] = [folder.labels]
    readers += [partial(folder.modality, n) for n in header.modalities]
    readers += [partial(folder.pool, n) for n in header.pools]
    readers += [partial(folder.table, n) for n in header.tables]
    readers += [partial(folder.column, n) for n in (*header.groups, *header.flags)]
    for read in readers:
        try:
            read()
        except EobenchError as error:
            yield Finding("error", str(error), "files")


def _contents(folder: SampleFolder, labels: NDArray[np.int16], ids: NDArray[np.uint64]) -> Iterator[Finding]:
    classes = folder.header.classes
    unlabelled = int((labels < 0).sum())
    if unlabelled:
        what = "pixels are ignored" if labels.ndim > 1 else "rows are unlabelled"
        yield Finding("info", f"{unlabelled} of {labels.size} {what}")
    counts = np.bincount(labels[labels >= 0].ravel(), minlength=len(classes))
    if empty := [c for c, n in zip(classes, counts, strict=True) if not n]:
        yield Finding("warning", f"no label of {_listed('class', empty)}")
    for name in folder.header.modalities:
        yield from _steps(folder, name)
    repeated = len(ids) - len(np.unique(ids))
    if repeated:
        yield Finding("info", f"{repeated} of {len(ids)} rows repeat the inputs of another row")
    for name, info in folder.header.tables.items():
        known = set(folder.table(name))
        lacking = sorted({str(v) for v in folder.column(info.by).tolist()} - known)
        if lacking:
            yield Finding("warning", f"table {name} lacks {_listed(info.by, lacking)}")


def _steps(folder: SampleFolder, name: str) -> Iterator[Finding]:
    modality = folder.modality(name)
    if modality.info.kind == "image":
        return
    seen = 0
    empty = 0
    step = max(1, (1 << 24) // max(1, modality.values[:1].nbytes))
    for start in range(0, len(modality.values), step):
        part = modality.take(slice(start, start + step))
        valid = np.ones(part.values.shape[:2], np.bool_) if part.valid is None else part.valid
        if part.values.dtype.kind == "f":
            flat = part.values.reshape(*part.values.shape[:2], -1)
            valid = valid & ~np.isnan(flat).any(axis=2)
            if np.isinf(flat[valid]).any():
                yield Finding("error", f"modality {name}: infinite values (rows from {start})")
        seen += int(valid.sum())
        empty += int((~valid.any(axis=1)).sum())
    total = len(modality.values) * modality.days.shape[-1]
    if seen < total:
        yield Finding("info", f"modality {name}: {100 * (1 - seen / total):.1f} % of steps are missing")
    if empty:
        yield Finding("warning", f"modality {name}: {empty} rows have no observation at all")


def _split(
    folder: SampleFolder, split: SplitInfo, labels: NDArray[np.int16], ids: NDArray[np.uint64]
) -> Iterator[Finding]:
    column = folder.column(split.column)
    rows = {s: column == s for s in SUBSETS}
    sizes = ", ".join(f"{int(rows[s].sum())} {s}" for s in SUBSETS)
    unused = int(len(column) - sum(int(r.sum()) for r in rows.values()))
    yield Finding("info", sizes + (f", {unused} in none" if unused else ""), "rows")
    for subset in ("train", "test"):
        if not rows[subset].any():
            yield Finding("error", f"no {subset} rows", "rows")
    if rows["val"].any() and split.val is None:
        yield Finding("error", f"val is null, but {int(rows['val'].sum())} rows are validation rows", "rows")
    if split.val is not None and not rows["val"].any():
        yield Finding("warning", f"val is {split.val!r}, but there are no validation rows", "rows")
    yield from _whole(folder, split, rows)
    unseen = _classes(labels[rows["test"]]) - _classes(labels[rows["train"]])
    if unseen:
        names = [folder.header.classes[k] for k in sorted(unseen)]
        yield Finding("warning", f"test holds {_listed('class', names)} that train never saw", "classes")
    yield from _copies(rows, ids)


def _copies(rows: dict[str, NDArray[np.bool_]], ids: NDArray[np.uint64]) -> Iterator[Finding]:
    """Rows that another subset holds too; in test they make results look better than they are."""
    for one, other in (("test", "train"), ("test", "val"), ("val", "train")):
        count, total = int(np.isin(ids[rows[one]], ids[rows[other]]).sum()), int(rows[one].sum())
        if count:
            share = f"{count} of {total} {one} rows ({100 * count / total:.1f} %)"
            level: Literal["warning", "info"] = "warning" if (one, other) == ("test", "train") else "info"
            yield Finding(level, f"{share} copy the inputs of a {other} row", "copies")


def _whole(folder: SampleFolder, split: SplitInfo, rows: dict[str, NDArray[np.bool_]]) -> Iterator[Finding]:
    """Groups declared whole must not be cut between test and the rest (and val and train, where `grouped`)."""
    if split.whole is None:
        return
    group = folder.column(split.whole)
    cuts = [("test", "train"), ("test", "val")] + ([("val", "train")] if split.val == "grouped" else [])
    for one, other in cuts:
        shared = {str(v) for v in set(group[rows[one]].tolist()) & set(group[rows[other]].tolist())}
        if shared:
            yield Finding(
                "error", f"{_listed(split.whole, sorted(shared))} cut between {one} and {other}", "groups"
            )


def _classes(labels: NDArray[Any]) -> set[int]:
    return {int(k) for k in np.unique(labels) if k >= 0}


def _listed(what: str, names: list[str]) -> str:
    shown = ", ".join(repr(n) for n in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{what} {shown}{more}"
