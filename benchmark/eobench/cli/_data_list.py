"""`eobench data list`: every data set, at hand or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eobench.cli._common import DataOption, JsonOption, PluginOption

if TYPE_CHECKING:
    from eobench.plugin import DatasetCard, Places

_TITLE = 16  # characters of a title that are worth showing


def list_(data: DataOption = None, plugin: PluginOption = None, as_json: JsonOption = False) -> None:
    """List the data sets, at hand or not: what they are, how large, with which splits.

    Reads headers only, and prepares nothing: what is to be generated is listed without its numbers.
    """
    from eobench.cli import _common

    where = _common.places(data)
    rows = [_row(card, where) for card in _common.registry(where, plugin).datasets.values()]
    if as_json:
        _common.print_json(rows)
        return
    columns = ["name", "kind", "N", "T x C", "classes", "splits", "size", "state", "title"]
    columns, shown, names = _fitted(columns, [_shown(row) for row in rows])
    numbers, kept = ["N", "classes", "size"], [c for c in columns if c != "name" or names]
    _common.show(_common.table(f"data sets ({len(rows)})", columns, shown, right=numbers, whole=kept))
    away = [row for row in rows if row["get"] and row["state"] == "absent"]
    if away:
        _common.show(f"{len(away)} are not on this machine; how to get one: eobench info {away[0]['name']}")


def _row(card: DatasetCard, where: Places) -> dict[str, Any]:
    from eobench.cli import _data_open
    from eobench.data import read_header

    state, folder = _data_open.at_hand(card, where)
    row: dict[str, Any] = {
        "name": card.name,
        "title": card.summary,
        "origin": card.origin,
        "licence": card.licence,
    }
    row |= {"state": state, "get": card.get or None, "folder": None if folder is None else str(folder)}
    if folder is None:
        empty = ("kind", "samples", "shape", "classes", "splits", "default_split", "modalities", "bytes")
        return row | dict.fromkeys(empty)
    header = read_header(folder)
    return row | {
        "kind": _data_open.kind_words(header),
        "samples": header.samples,
        "shape": _data_open.shape_words(header),
        "classes": len(header.classes),
        "splits": list(header.splits),
        "default_split": header.default_split,
        "modalities": list(header.modalities),
        "bytes": _data_open.folder_bytes(folder, header),
    }


def _shown(row: dict[str, Any]) -> list[object]:
    from eobench.cli._data_open import size_words

    known = row["samples"] is not None
    return [
        row["name"],
        row["kind"],
        f"{row['samples']:,}" if known else None,
        row["shape"],
        row["classes"],
        ", ".join(f"{s}*" if s == row["default_split"] else s for s in row["splits"] or ()) or None,
        size_words(row["bytes"]) if known else None,
        row["origin"] if row["state"] == "here" else row["state"],
        row["title"],
    ]


def _fitted(columns: list[str], rows: list[list[object]]) -> tuple[list[str], list[list[object]], bool]:
    """Cut titles, the last column, to what the others leave of the line; on a narrow terminal they go.

    Returns:
        Columns, rows, and whether names stand whole: where even they find no room, they alone are broken.
    """
    from rich.console import Console

    cells = [columns, *([("" if c is None else str(c)) for c in row] for row in rows)]
    taken = sum(max(len(row[k]) for row in cells) + 3 for k in range(len(columns) - 1))
    left = Console().width - taken - 2
    if left < _TITLE:
        return columns[:-1], [row[:-1] for row in rows], left >= 0
    titles = [str(row[-1]) for row in rows]
    short = [t if len(t) <= left else t[: left - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}" for t in titles]
    return columns, [[*row[:-1], title] for row, title in zip(rows, short, strict=True)], True
