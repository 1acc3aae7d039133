"""Which pixels of a commune become samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import ParameterError
from eobench_simulated.world import Tile

Int = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Drawn:
    """P pixels of a tile.

    Attributes:
        row, col: (P,) on the grid of 10 m.
        parcel: (P,) that most of the pixel is.
        label: (P,) class of the parcel.
        mixed: (P,) the pixel sees another parcel as well.
        place: (P,) in the order of drawing: the first n of this order are a fair draw of n.
    """

    row: Int
    col: Int
    parcel: Int
    label: Int
    mixed: NDArray[np.bool_]
    place: Int


def draw_pixels(
    tile: Tile,
    allowed: NDArray[np.bool_],
    count: int,
    field_pixels: int,
    wanted: tuple[int, ...],
    generator: np.random.Generator,
) -> Drawn:
    """Draw `count` pixels in clusters: a parcel with the chance of its area, then some of its pixels.

    So classes come in the shares of their area, and fields give several samples each, as surveys do.

    Args:
        tile: the commune.
        allowed: (K,) classes that may be drawn.
        count: of pixels.
        field_pixels: taken of a parcel each time it is drawn.
        wanted: classes of which a parcel is drawn first, where there is one.
        generator: draws.

    Returns:
        The pixels, sorted by parcel.

    Raises:
        ParameterError: the commune has fewer such pixels.
    """
    parcel = tile.parcel.ravel()
    usable = np.flatnonzero(allowed[tile.field_class[parcel]])
    if len(usable) < count:
        raise ParameterError(
            f"option 'samples': commune {tile.commune} of municipality {tile.municipality} of area {tile.area} "
            f"has {len(usable)} pixels to draw from, and {count} are asked for: ask for fewer, or more regions"
        )
    shuffled = generator.permutation(usable)
    seeds = parcel[shuffled]
    firsts = [seeds[tile.field_class[seeds] == label][:1] for label in wanted]
    visits = _visits(np.concatenate([*firsts, seeds]), np.bincount(seeds), count, field_pixels)
    # Of each parcel, its pixels in random order: a visit takes the next ones.
    by_parcel = shuffled[np.argsort(seeds, kind="stable")]
    start = np.searchsorted(parcel[by_parcel], visits.parcel) + visits.first
    end = np.cumsum(visits.count)
    offset = np.arange(end[-1]) - np.repeat(end - visits.count, visits.count)
    chosen = by_parcel[np.repeat(start, visits.count) + offset][:count]
    order = np.lexsort([chosen, parcel[chosen]])
    chosen = chosen[order]
    return Drawn(
        row=chosen // tile.parcel.shape[1],
        col=chosen % tile.parcel.shape[1],
        parcel=parcel[chosen].astype(np.int64),
        label=tile.field_class[parcel[chosen]].astype(np.int64),
        mixed=tile.purity.ravel()[chosen] < 1,
        place=order,
    )


@dataclass(frozen=True, eq=False)
class _Visits:
    """V visits to parcels: which, the first of its pixels that is new, and how many are taken."""

    parcel: Int
    first: Int
    count: Int


def _visits(sequence: Int, size: Int, count: int, field_pixels: int) -> _Visits:
    """Visits in the order of `sequence` until `count` pixels are taken; parcels that are used up are passed by."""
    by_parcel = np.argsort(sequence, kind="stable")
    ordered = sequence[by_parcel]
    before = np.empty(len(sequence), np.int64)  # earlier visits of the same parcel
    before[by_parcel] = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    first = before * field_pixels
    taken = np.clip(size[sequence] - first, 0, field_pixels)
    useful = np.flatnonzero(taken)
    needed = int(np.searchsorted(np.cumsum(taken[useful]), count)) + 1
    useful = useful[:needed]
    return _Visits(sequence[useful], first[useful], taken[useful])
