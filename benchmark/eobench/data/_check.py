"""Checking a sample folder: what a benchmark built on it should know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eobench.data._check_values import BLOCK_BYTES, ValueCheck
from eobench.data._errors import EobenchError
from eobench.data._folder import SUBSETS, SampleFolder, open_folder
from eobench.data._header import SplitInfo
from eobench.data._inputs import ModalityArray
from eobench.data._progress import preparing, report_progress
from eobench.data._row_ids import hash_rows

_NAMED = 8
_MEND = "mend or replace the file that it names (docs/formats.md)"
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
        todo: what to do about it; empty where nothing need be done.
    """

    level: Literal["error", "warning", "info"]
    text: str
    about: Topic = "contents"
    todo: str = ""


def check_folder(folder: Path) -> list[Finding]:
    """Check a sample folder thoroughly: every file, every split.

    Files against the header, tables and labels against the classes; every stored value (missing, infinite,
    constant, dates out of order); for each split, whether its subsets hold rows, whether the groups that it
    declares whole are whole, which classes train never sees, and how many rows of one subset hold the very inputs
    of a row of another (of all modalities; groups and labels are not compared). Values are read once, in blocks of
    bounded memory; how far that is, is told by `report_progress`.

    Args:
        folder: to check.

    Returns:
        The findings, in the order of the checks; never raises for what is wrong with the folder.
    """
    try:
        opened = open_folder(folder)
    except EobenchError as error:
        return [Finding("error", str(error), "files", _MEND)]
    findings = list(_files(opened))
    if any(f.level == "error" for f in findings):
        return findings
    with preparing(opened.header.name):
        ids, values = _values(opened)
    labels = opened.labels()
    findings += [*_contents(opened, labels, ids), *values]
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
            yield Finding("error", str(error), "files", _MEND)


def _values(folder: SampleFolder) -> tuple[NDArray[np.uint64], list[Finding]]:
    """Read every value once: (N,) hashes of the rows' inputs, and what is wrong with values, masks and dates."""
    header = folder.header
    parts = [(n, folder.modality(n)) for n in header.modalities]
    pools = [(n, folder.pool(n)) for n in header.pools]
    total = header.samples + sum(len(pool.values) for _, pool in pools)
    ids = np.zeros(header.samples, np.uint64)
    checks = [ValueCheck(f"modality {n}", header.modalities[n]) for n, _ in parts]
    for rows in _blocks(header.samples, [part for _, part in parts]):
        blocks = [part.take(rows) for _, part in parts]
        ids[rows] = hash_rows(blocks)  # a row's hash depends on that row alone
        for check, block in zip(checks, blocks, strict=True):
            check.add(block)
        report_progress(rows.stop, total, "rows")
    done = header.samples
    for name, pool in pools:
        checks.append(ValueCheck(f"pool {name}", header.pools[name]))
        for rows in _blocks(len(pool.values), [pool]):
            checks[-1].add(pool.take(rows))
            report_progress(done + rows.stop, total, "rows")
        done += len(pool.values)
    return ids, [Finding(level, text, todo=todo) for check in checks for level, text, todo in check.findings()]


def _blocks(count: int, parts: list[ModalityArray]) -> Iterator[slice]:
    step = max(1, BLOCK_BYTES // max(1, sum(p.values[:1].nbytes for p in parts)))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def _contents(folder: SampleFolder, labels: NDArray[np.int16], ids: NDArray[np.uint64]) -> Iterator[Finding]:
    classes = folder.header.classes
    unlabelled = int((labels < 0).sum())
    if unlabelled:
        what = "pixels are ignored" if labels.ndim > 1 else "rows are unlabelled"
        yield Finding("info", f"{unlabelled} of {labels.size} {what}")
    counts = np.bincount(labels[labels >= 0].ravel(), minlength=len(classes))
    if empty := [c for c, n in zip(classes, counts, strict=True) if not n]:
        yield Finding("warning", f"no label of {_listed('class', empty)}", todo="drop the class, or add samples")
    yield from _repeats(labels, ids)
    for name, info in folder.header.tables.items():
        known, there = set(folder.table(name)), {str(v) for v in folder.column(info.by).tolist()}
        if lacking := sorted(there - known):
            text = f"table {name} lacks {_listed(info.by, lacking)}"
            yield Finding("warning", text, todo="complete the table: level regions leaves these places out")


def _repeats(labels: NDArray[np.int16], ids: NDArray[np.uint64]) -> Iterator[Finding]:
    """Rows that hold the same inputs, and those among them that are labelled differently."""
    _, place, count = np.unique(ids, return_inverse=True, return_counts=True)
    if not (repeated := len(ids) - len(count)):
        return
    yield Finding("info", f"{repeated} of {len(ids)} rows repeat the inputs of another row")
    if labels.ndim > 1:
        return
    known = labels >= 0
    low, high = np.full(len(count), np.iinfo(np.int16).max), np.full(len(count), -1)
    np.minimum.at(low, place[known], labels[known])
    np.maximum.at(high, place[known], labels[known])
    contrary = int(((low < high)[place] & known).sum())
    if contrary:
        text = f"{contrary} rows hold the inputs of a row of another class"
        yield Finding("warning", text, todo="no method can tell these apart: check the labels")


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
            yield Finding("error", f"no {subset} rows", "rows", f"mark rows {subset!r} in column {split.column!r}")
    if rows["val"].any() and split.val is None:
        text = f"val is null, but {int(rows['val'].sum())} rows are validation rows"
        yield Finding("error", text, "rows", "say in the header how they were drawn: grouped or within")
    if split.val is not None and not rows["val"].any():
        text = f"val is {split.val!r}, but there are no validation rows"
        yield Finding("warning", text, "rows", "say null: a part of train is then drawn")
    yield from _whole(folder, split, rows)
    unseen = _classes(labels[rows["test"]]) - _classes(labels[rows["train"]])
    if unseen:
        names = [folder.header.classes[k] for k in sorted(unseen)]
        text = f"test holds {_listed('class', names)} that train never saw"
        yield Finding("warning", text, "classes", "read per-class metrics: no method can find these")
    yield from _copies(folder, rows, ids)


def _copies(
    folder: SampleFolder, rows: dict[str, NDArray[np.bool_]], ids: NDArray[np.uint64]
) -> Iterator[Finding]:
    """Rows that another subset holds too; in test they make results look better than they are."""
    for one, other in (("test", "train"), ("test", "val"), ("val", "train")):
        copies = rows[one] & np.isin(ids, ids[rows[other]])
        count, total = int(copies.sum()), int(rows[one].sum())
        if count:
            share = f"{count} of {total} {one} rows ({100 * count / total:.1f} %)"
            level: Literal["warning", "info"] = "warning" if (one, other) == ("test", "train") else "info"
            todo = _leave_out(folder, copies, rows[one]) if level == "warning" else ""
            yield Finding(level, f"{share} copy the inputs of a {other} row", "copies", todo)


def _leave_out(folder: SampleFolder, copies: NDArray[np.bool_], test: NDArray[np.bool_]) -> str:
    """How to leave copies out: by a flag that marks them all, and not much else."""
    for name in folder.header.flags:
        flag = folder.column(name).astype(np.bool_) & test
        if (flag | ~copies).all() and flag.sum() <= 2 * copies.sum():
            return f"flag {name!r} marks them: set exclude: {name}"
    return "add a flag column that marks them, and set exclude to it; or split by place"


def _whole(folder: SampleFolder, split: SplitInfo, rows: dict[str, NDArray[np.bool_]]) -> Iterator[Finding]:
    """Groups declared whole must not be cut between test and the rest (and val and train, where `grouped`)."""
    if split.whole is None:
        return
    group = folder.column(split.whole)
    cuts = [("test", "train"), ("test", "val")] + ([("val", "train")] if split.val == "grouped" else [])
    for one, other in cuts:
        shared = {str(v) for v in set(group[rows[one]].tolist()) & set(group[rows[other]].tolist())}
        if shared:
            text = f"{_listed(split.whole, sorted(shared))} cut between {one} and {other}"
            todo = f"give all rows of a {split.whole} to one subset, or declare whole: null"
            yield Finding("error", text, "groups", todo)


def _classes(labels: NDArray[Any]) -> set[int]:
    return {int(k) for k in np.unique(labels) if k >= 0}


def _listed(what: str, names: list[str]) -> str:
    shown = ", ".join(repr(n) for n in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{what} {shown}{more}"
