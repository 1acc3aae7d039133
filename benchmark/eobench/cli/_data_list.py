"""`eobench data list`: every data set, at hand or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eobench.cli._common import DataOption, JsonOption, PluginOption

if TYPE_CHECKING:
    from eobench.plugin import DatasetCard, Places

_TITLE = 16  # characters of a title that are worth showing
_FIRST_TO_GO = ("title", "size", "kind", "classes", "splits", "T x C", "N")


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
    columns, shown, fits = _fitted(columns, [_shown(row) for row in rows])
    title, numbers = f"data sets ({len(rows)})", ["N", "classes", "size"]
    _common.show(_common.table(title, columns, shown, right=numbers, whole=columns if fits else ()))
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
    """Leave columns out until a line holds the rest, and cut titles to what the others leave of it.

    Returns:
        Columns, rows, and whether they fit: names, which one types, are broken only where even they and their
        states find no room.
    """
    from eobench.cli import _common

    width = _common.terminal_width()
    taken = _common.widths(columns, rows) | {"title": _TITLE + 3}
    kept = _common.fitting(taken, _FIRST_TO_GO, width)
    spare = width - sum(kept.values())
    if "title" in kept:
        rows = [[*row[:-1], _cut(str(row[-1]), spare + _TITLE)] for row in rows]
    places = [columns.index(c) for c in kept]
    return list(kept), [[row[k] for k in places] for row in rows], spare >= 0


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
