"""Square windows of municipalities: which are drawn, where their parts lie, and what stands on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated.world import COMMUNES, TILE, World

SIDE: Final = 2 * TILE
"""Of a municipality: its communes lie two by two, row by row."""
_PARCELS: Final = 1_000_000  # numbers kept for a commune's parcels


@dataclass(frozen=True)
class Part:
    """What of a window lies in one commune.

    Attributes:
        commune: of the municipality.
        tile: rows and columns of the commune's tile.
        window: the same pixels, as rows and columns of the window.
    """

    commune: int
    tile: tuple[slice, slice]
    window: tuple[slice, slice]

    def pixels(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of the tile, (P,) each, row by row."""
        rows, cols = np.mgrid[self.tile]
        return rows.ravel(), cols.ravel()


@dataclass(frozen=True)
class Window:
    """A square of a municipality, in pixels of 10 m from its north-western corner."""

    municipality: int
    row: int
    col: int
    size: int

    @property
    def commune(self) -> int:
        """That of the north-western corner."""
        return 2 * (self.row // TILE) + self.col // TILE

    @property
    def communes(self) -> tuple[int, ...]:
        """All that it touches."""
        return tuple(part.commune for part in self.parts())

    def parts(self) -> Iterator[Part]:
        """Give what lies in each commune."""
        for commune in range(COMMUNES):
            (tile_rows, rows), (tile_cols, cols) = (
                _overlap(start, self.size, place * TILE)
                for start, place in ((self.row, commune // 2), (self.col, commune % 2))
            )
            if rows.start < rows.stop and cols.start < cols.stop:
                yield Part(commune, (tile_rows, tile_cols), (rows, cols))


def _overlap(start: int, size: int, edge: int) -> tuple[slice, slice]:
    """What a window shares with a tile along one axis: as places of the tile, and of the window."""
    first, end = max(start, edge), min(start + size, edge + TILE)
    return slice(first - edge, end - edge), slice(first - start, end - start)


def windows_of_commune(municipality: int, commune: int, size: int) -> list[Window]:
    """All windows of a grid over a commune, row by row."""
    top, left = commune // 2 * TILE, commune % 2 * TILE
    steps = range(0, TILE - size + 1, size)
    return [Window(municipality, top + row, left + col, size) for row in steps for col in steps]


def windows_of_municipality(municipality: int, size: int) -> list[Window]:
    """All windows of a grid over a municipality, row by row; they may cross from commune to commune."""
    steps = range(0, SIDE - size + 1, size)
    return [Window(municipality, row, col, size) for row in steps for col in steps]


def read_ground(world: World, area: str, year: int, window: Window, name: str) -> NDArray[Any]:
    """Return a map of the ground, (size, size): `label`, `parcel` or `purity` of a window's tiles.

    Parcels are numbered through the municipality: those of commune c begin at c times a million.
    """
    parts = []
    for part in window.parts():
        values = getattr(world.tile(area, window.municipality, part.commune, year), name)[part.tile]
        parts.append((part.window, values + _PARCELS * part.commune if name == "parcel" else values))
    made = np.empty((window.size, window.size), parts[0][1].dtype)
    for place, values in parts:
        made[place] = values
    return made


def choose(windows: list[Window], count: int, generator: np.random.Generator) -> list[Window]:
    """Draw windows, kept in their order; fewer are a part of more."""
    return [windows[i] for i in sorted(generator.permutation(len(windows))[:count].tolist())]


def even_shares(total: int, parts: int) -> list[int]:
    """Whole numbers that add up to `total`, as equal as can be."""
    edges = np.linspace(0, total, parts + 1).round().astype(np.int64)
    shares: list[int] = (edges[1:] - edges[:-1]).tolist()
    return shares
