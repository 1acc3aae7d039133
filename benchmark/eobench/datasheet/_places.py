"""Where samples lie: by longitude and latitude, on the grid that the names of groups tell of, or by group."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.data import DataError, SampleFolder
from eobench.datasheet._pixels import some, some_of_each

_POINTS: Final = 4_000
_BARS: Final = 60
_CELL: Final = re.compile(r"(?:.*[^0-9-])?(-?\d+)[_/x,](-?\d+)")


def places(folder: SampleFolder) -> dict[str, Any]:
    """Return what the map draws.

    Returns:
        `kind`: `map` (degrees), `grid` (rows and columns) or `groups`. The first two: `x`, `y`, `label` of the
        points and their subset in each of the `splits`; `words` of the source. `groups`: for each group its
        `name`, `of`, and the largest places with their counts.
    """
    labels = folder.labels()
    single = labels if labels.ndim == 1 else np.full(len(labels), -1, np.int16)
    rows = some_of_each(single, max(1, _POINTS // max(1, len(folder.header.classes))))
    if len(rows) < min(_POINTS, len(single)):
        rows = np.union1d(rows, some(np.arange(len(single)), _POINTS - len(rows), seed=1))
    found = _degrees(folder, rows) or _grid(folder, rows)
    if found is None:
        return {"kind": "groups", "groups": _groups(folder)}
    splits = {s.name: folder.column(s.column)[rows].tolist() for s in folder.header.splits.values()}
    return {**found, "label": single[rows].tolist(), "splits": splits, "of": len(single)}


def _degrees(folder: SampleFolder, rows: NDArray[np.int64]) -> dict[str, Any] | None:
    for names in (("lon", "lat"), ("longitude", "latitude")):
        try:
            lon, lat = (folder.column(name)[rows].astype(np.float64) for name in names)
        except (DataError, ValueError):
            continue
        return {
            "kind": "map",
            "x": np.round(lon, 4).tolist(),
            "y": np.round(lat, 4).tolist(),
            "words": "longitude and latitude, degrees",
            "axes": ["longitude", "latitude"],
        }
    return None


def _grid(folder: SampleFolder, rows: NDArray[np.int64]) -> dict[str, Any] | None:
    """Samples on a grid of places: from columns such as tile_row and tile_col, or names such as 3_12."""
    groups = folder.header.groups
    for name in groups:
        other = re.sub("row$", "col", name)
        if other != name and other in groups:
            down, across = folder.column(name)[rows], folder.column(other)[rows]
            if down.dtype.kind in "iu" and across.dtype.kind in "iu":
                return _cells(across, down, f"{other} and {name}", [other, name])
    for name in groups:
        found = [_CELL.fullmatch(str(v)) for v in folder.column(name)[rows].tolist()]
        if found and all(found):
            cells = np.array([[int(m.group(1)), int(m.group(2))] for m in found if m])
            if len(np.unique(cells, axis=0)) > 3:
                words = f"{name}, as its names tell; where in it is drawn at random"
                return _cells(cells[:, 1], cells[:, 0], words, [f"{name}, second number", f"{name}, first number"])
    return None


def _cells(across: NDArray[Any], down: NDArray[Any], words: str, axes: list[str]) -> dict[str, Any]:
    jitter = np.random.default_rng(0).uniform(-0.38, 0.38, (2, len(across)))
    x, y = across + jitter[0], down + jitter[1]
    return {
        "kind": "grid",
        "x": np.round(x, 2).tolist(),
        "y": np.round(y, 2).tolist(),
        "words": words,
        "axes": axes,
    }


def _groups(folder: SampleFolder) -> list[dict[str, Any]]:
    found = []
    for name in folder.header.groups:
        counts = Counter(str(v) for v in folder.column(name).tolist())
        largest = counts.most_common(_BARS)
        found.append(
            {"name": name, "of": len(counts), "places": [p for p, _ in largest], "n": [n for _, n in largest]}
        )
    return found
