"""`eobench data info`: one data set in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eobench.cli._common import DataOption, JsonOption, PluginOption
from eobench.cli._data_open import NameArgument

if TYPE_CHECKING:
    from eobench.data import SampleFolder


def info(
    name: NameArgument, data: DataOption = None, plugin: PluginOption = None, as_json: JsonOption = False
) -> None:
    """Show what a data set holds: modalities, classes, splits with their sizes, tables, licence.

    What must be generated or converted is prepared first.
    """
    from eobench.cli import _common, _data_open

    where = _common.places(data)
    told = _describe(_data_open.open_set(_common.registry(where, plugin), where, name))
    if as_json:
        _common.print_json(told)
        return
    splits, modalities, classes = told.pop("splits"), told.pop("modalities"), told.pop("classes")
    told |= {"size": _data_open.size_words(told.pop("bytes")), "classes": len(classes)}
    for key, value in told.items():
        if value not in (None, [], {}):
            _common.show(f"[bold]{key}[/bold]: {_text(value)}")
    columns = ["name", "kind", "shape", "type", "scale", "dates", "bands"]
    rows = [[m[c] for c in columns[:-1]] + [", ".join(m["bands"])] for m in modalities]
    _common.show(_common.table("modalities and pools", columns, rows, whole=["name"]))
    _common.show(_splits(splits))
    if shown := _classes(splits, classes):
        _common.show(shown)


def _describe(folder: SampleFolder) -> dict[str, Any]:
    from eobench.cli import _data_open

    header = folder.header
    meta = {k: header.meta.get(k) for k in ("licence", "citation", "origin", "source")}
    return {
        "name": header.name,
        "title": header.title,
        "task": header.task,
        "kind": _data_open.kind_words(header),
        "samples": header.samples,
        "bytes": _data_open.folder_bytes(folder.path, header),
        "groups": list(header.groups),
        "flags": list(header.flags),
        "tables": {t.name: f"by {t.by}, {'exact' if t.exact else 'inexact'}" for t in header.tables.values()},
        **{k: v for k, v in meta.items() if isinstance(v, str)},
        "quirks": header.meta.get("quirks", []),
        "folder": str(folder.path),
        "modalities": _modalities(folder),
        "classes": list(header.classes),
        "splits": [_split(folder, name) for name in header.splits],
    }


def _modalities(folder: SampleFolder) -> list[dict[str, Any]]:
    from eobench.cli import _data_open

    header = folder.header
    found = []
    for pool, every in ((False, header.modalities), (True, header.pools)):
        for name, files in every.items():
            info = files.info
            count = len(folder.pool(name).values) if pool else header.samples
            found.append(
                {
                    "name": name,
                    "kind": f"pool of {info.kind}" if pool else info.kind,
                    "shape": " x ".join(map(str, (count, *info.sizes))),
                    "type": files.dtype,
                    "scale": info.scale,
                    "units": info.units,
                    "dates": None if pool else (_data_open.span(header, name) or "by sample"),
                    "bands": list(info.bands),
                }
            )
    return found


def _split(folder: SampleFolder, name: str) -> dict[str, Any]:
    split, counts = folder.header.splits[name], folder.counts(name)
    per_class = None
    if counts.per_class is not None:
        per_class = {subset: found.tolist() for subset, found in counts.per_class.items()}
    return {
        "name": name,
        "default": name == folder.header.default_split,
        "whole": split.whole,
        "val_groups": split.val,
        "train": counts.train,
        "val": counts.val,
        "test": counts.test,
        "per_class": per_class,
    }


def _splits(splits: list[dict[str, Any]]) -> object:
    from eobench.cli import _common

    rows = [
        [s["name"] + (" (default)" if s["default"] else ""), s["whole"], s["train"], s["val"], s["test"]]
        for s in splits
    ]
    columns = ["split", "whole", "train", "val", "test"]
    return _common.table("splits (rows)", columns, rows, right=columns[2:])


def _classes(splits: list[dict[str, Any]], classes: list[str]) -> object | None:
    """Labelled rows of each class in the default split, the most frequent first."""
    from eobench.cli import _common

    default = next(s for s in splits if s["default"])
    per_class = default["per_class"]
    if per_class is None:
        return None
    subsets = ("train", "val", "test")
    rows = [[name, *(per_class[s][k] for s in subsets)] for k, name in enumerate(classes)]
    rows.sort(key=lambda row: -sum(row[1:]))
    title = f"classes ({len(classes)}; labelled rows of split {default['name']})"
    return _common.table(title, ["class", *subsets], rows, right=subsets)


def _text(value: Any) -> str:
    from rich.markup import escape

    if isinstance(value, dict):
        return escape("; ".join(f"{k} {v}" for k, v in value.items()))
    if isinstance(value, list):
        return escape(", ".join(map(str, value)))
    return escape(str(value))
