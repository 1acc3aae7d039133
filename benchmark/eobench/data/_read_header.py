"""Reading `dataset.json`: everything is checked before anything is used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from eobench.data._errors import DataError, nearest
from eobench.data._fields import Fields, read_json
from eobench.data._header import Header, ModalityFiles, SplitInfo, TableInfo
from eobench.data._inputs import Kind, ModalityInfo

Task = Literal["classification", "segmentation"]
FORMAT: Final = "sample-folder/1"
"""The format of a sample folder, as `dataset.json` names it; docs/formats.md describes it."""
HEADER_FILE: Final = "dataset.json"
"""The file of a sample folder that says what the others are."""
AXES: Final[Mapping[str, str]] = {
    "series": "(N, T, C)",
    "image": "(N, H, W, C)",
    "image-series": "(N, T, H, W, C)",
}
DTYPES: Final = (
    *("uint8", "uint16", "uint32", "int8", "int16", "int32"),
    *("float16", "float32", "float64"),
)
MODALITY_KEYS: Final = (
    *("file", "kind", "shape", "dtype", "bands", "scale", "units", "fill", "valid", "days", "start"),
    "note",
)
STRUCTURE: Final = (
    *("format", "name", "title", "task", "classes", "samples", "modalities", "targets", "groups", "flags"),
    *("splits", "default_split", "pools", "tables"),
)


class ForeignFormatError(DataError):
    """A `dataset.json` that is sound but of another format."""


def read_header(folder: Path) -> Header:
    """Read and check `dataset.json` of a sample folder; no other file is touched.

    Raises:
        ForeignFormatError: it is of another format.
        DataError: it is missing, is no JSON, or does not say what the format asks for.
    """
    file = folder / HEADER_FILE
    if not file.is_file():
        what = "there is no such folder" if not folder.is_dir() else f"it holds no {HEADER_FILE}"
        raise DataError(f"{folder} is not a sample folder: {what}. The layout is described in docs/formats.md")
    top = Fields(file, "", read_json(file))
    _check_format(top)
    task = cast("Task", top.choice("task", get_args(Task)))
    groups, flags = top.texts("groups", empty=True), top.texts("flags", empty=True)
    modalities = {n: _modality(n, f) for n, f in top.children("modalities", empty=False).items()}
    splits = {n: _split(n, f, groups) for n, f in top.children("splits", empty=False).items()}
    targets, ignore = _targets(top, task)
    return Header(
        name=top.text("name"),
        title=top.text("title"),
        task=task,
        classes=top.texts("classes", empty=False),
        samples=_samples(top, modalities),
        modalities={n: m for n, (m, _) in modalities.items()},
        pools={n: _modality(n, f)[0] for n, f in top.children("pools", empty=True).items()},
        splits=splits,
        default_split=top.member("default_split", splits, "a declared split"),
        groups=groups,
        flags=flags,
        tables={n: _table(n, f, groups) for n, f in top.children("tables", empty=True).items()},
        targets=targets,
        ignore=ignore,
        meta={k: v for k, v in top.values.items() if k not in STRUCTURE},
        samples_file=top.filename("samples"),
    )


def _check_format(top: Fields) -> None:
    found = top.text("format")
    if found != FORMAT:
        tables = found == "table-folder/1"
        words = ", which holds tables only and no samples" if tables else ""
        hint = "" if tables else nearest(found, [FORMAT])
        raise ForeignFormatError(
            f"{top.file}: format is {found!r}{words}: it cannot be used as a data set; allowed: {FORMAT!r}.{hint}"
        )
    for key in top.values:
        close = get_close_matches(key, STRUCTURE, n=1, cutoff=0.85)
        if key not in STRUCTURE and close and close[0] not in top.values:
            top.fail(f"unknown key {key!r}. Did you mean {close[0]!r}?")


def _samples(top: Fields, modalities: Mapping[str, tuple[ModalityFiles, int]]) -> int:
    first, count = next((name, count) for name, (_, count) in modalities.items())
    for name, (_, other) in modalities.items():
        if other != count:
            top.fail(
                f"modalities.{name}.shape says {other} samples, but modalities.{first}.shape says {count}: "
                f"all modalities hold the same samples"
            )
    return count


def _modality(name: str, fields: Fields) -> tuple[ModalityFiles, int]:
    """A modality or pool, and its number of samples."""
    fields.only(MODALITY_KEYS)
    kind = cast("Kind", fields.choice("kind", tuple(AXES)))
    shape = fields.integers("shape", 1, 2**62)
    if len(shape) != AXES[kind].count(",") + 1:
        fields.fail(f"shape {list(shape)} has {len(shape)} axes; kind {kind!r} is stored as {AXES[kind]}")
    bands = fields.texts("bands", empty=False)
    if len(bands) != shape[-1]:
        fields.fail(f"{len(bands)} bands are named, but shape {list(shape)} has {shape[-1]} (last axis)")
    scale = fields.number("scale", 1.0)
    if scale == 0.0:
        fields.fail("scale is 0; allowed: a number that is not 0 (value = raw * scale)")
    info = ModalityInfo(
        name=name, kind=kind, sizes=shape[1:], bands=bands, scale=scale, units=fields.optional_text("units")
    )
    files = ModalityFiles(
        info=info,
        file=fields.filename("file"),
        dtype=fields.choice("dtype", DTYPES),
        valid=fields.filename("valid") if fields.has("valid") else None,
        days=_days(fields, 1 if kind == "image" else shape[1], optional=kind == "image"),
        start=_start(fields),
        fill=_fill(fields),
    )
    return files, shape[0]


def _days(fields: Fields, steps: int, *, optional: bool) -> tuple[int, ...] | str:
    if optional and not fields.has("days"):
        return (0,)
    if isinstance(fields.need("days"), str):
        return fields.filename("days")
    days = fields.integers("days", -(2**15), 2**15 - 1)
    if len(days) != steps:
        fields.fail(f"{len(days)} days are listed, but shape has {steps} steps")
    late = next((i for i in range(1, steps) if days[i] <= days[i - 1]), None)
    if late is not None:
        fields.fail(f"days do not increase: {days[late]} follows {days[late - 1]} (step {late})")
    return days


def _start(fields: Fields) -> str | Mapping[str, str] | None:
    if not fields.has("start"):
        return None
    value: Any = fields.values["start"]
    allowed = 'an ISO date such as \'2021-01-01\', {"column": name} or {"january_1_of": name}'
    if isinstance(value, dict):
        inner = Fields(fields.file, f"{fields.place}.start", value)
        inner.only(("column", "january_1_of"))
        if len(value) != 1:
            fields.fail(f"start is {value!r}; allowed: {allowed}")
        return {key: inner.text(key) for key in value}
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        fields.fail(f"start is {value!r}; allowed: {allowed}")
    return str(value)


def _fill(fields: Fields) -> float | None:
    if not fields.has("fill"):
        return None
    if isinstance(value := fields.values["fill"], str) and value.lower() == "nan":
        return math.nan
    return fields.number("fill", 0.0)


def _split(name: str, fields: Fields, groups: tuple[str, ...]) -> SplitInfo:
    fields.only(("column", "whole", "val", "note"))
    val = fields.choice("val", ("grouped", "within")) if fields.has("val") else None
    return SplitInfo(
        name=name,
        column=fields.text("column"),
        whole=fields.member("whole", groups, "null or a declared group") if fields.has("whole") else None,
        val=cast("Literal['grouped', 'within'] | None", val),
    )


def _table(name: str, fields: Fields, groups: tuple[str, ...]) -> TableInfo:
    fields.only(("file", "by", "kind", "exact", "note"))
    return TableInfo(
        name=name,
        file=fields.filename("file"),
        by=fields.member("by", groups, "a declared group"),
        kind=fields.choice("kind", ("proportions",)),
        exact=fields.flag("exact"),
    )


def _targets(top: Fields, task: str) -> tuple[str | None, int | None]:
    if task == "classification":
        if top.has("targets"):
            top.fail("targets are for task 'segmentation'; this set's task is 'classification'")
        return None, None
    fields = Fields(top.file, "targets", top.need("targets"))
    fields.only(("file", "shape", "dtype", "ignore", "note"))
    ignore = fields.values.get("ignore")
    if ignore is not None and (isinstance(ignore, bool) or not isinstance(ignore, int)):
        fields.fail(f"ignore is {ignore!r}; allowed: a whole number or null")
    if ignore is not None and 0 <= ignore < len(top.texts("classes", empty=False)):
        fields.fail(f"ignore is {ignore}, which is also a class index; allowed: a number outside the classes")
    return fields.filename("file"), ignore
