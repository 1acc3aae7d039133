"""What the views with a class map a sample share: options, and the classes on the ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import ParameterError, Value
from eobench_simulated._writer import ArraySpec
from eobench_simulated.views._cards import CARDS
from eobench_simulated.views._legend import legend
from eobench_simulated.views._series import world_of
from eobench_simulated.views._windows import Window, read_ground
from eobench_simulated.world import Tile, World, WorldOptions

IGNORED: Final = 255
COUNTS: Final = "counts"
TARGETS: Final = "targets.npy"


@dataclass(frozen=True)
class DenseOptions:
    """Checked options of a set of class maps; `_cards` says what each means."""

    world: WorldOptions
    area: str
    year: int
    samples: int
    census_error: float


_Kind = TypeVar("_Kind", bound=DenseOptions)


def parse_dense(kind: type[_Kind], name: str, params: Mapping[str, Value]) -> _Kind:
    """Return the options of a card as `kind`.

    Raises:
        ParameterError: an option is unknown or not allowed.
    """
    given: dict[str, Any] = dict(CARDS[name].resolve(params))
    world = WorldOptions(**{f.name: given[f.name] for f in fields(WorldOptions) if f.name in given})
    return kind(world=world, **{f.name: given[f.name] for f in fields(kind) if f.name != "world"})


def check_range(name: str, option: str, value: int, low: int, high: int, why: str) -> None:
    """Raise where a value is outside what the other options leave room for.

    Raises:
        ParameterError: naming the option, its value and the range.
    """
    if not low <= value <= high:
        raise ParameterError(f"{name}: option {option!r} is {value}; {why} need from {low} to {high}")


def dense_specs(options: DenseOptions, size: int, classes: int) -> list[ArraySpec]:
    """The class maps, and the pixels of each class in them."""
    return [
        ArraySpec(TARGETS, (options.samples, size, size), "uint8"),
        ArraySpec(COUNTS, (options.samples, classes), "int64", scratch=True),
    ]


def class_maps(
    options: DenseOptions, windows: tuple[Window, ...], kind: str, *, void_borders: bool = False
) -> dict[str, NDArray[Any]]:
    """Return the class of each pixel, (N, size, size), and the pixels of each class in each window, (N, K).

    Args:
        options: of the set.
        windows: N, of the land.
        kind: of legend.
        void_borders: pixels that see two parcels are ignored.
    """
    world = world_of(options.world)
    names, index = legend(world, kind)
    maps, counts = [], []
    for window in windows:
        made = index[read_ground(world, options.area, options.year, window, "label")].astype(np.uint8)
        if void_borders:
            made[read_ground(world, options.area, options.year, window, "purity") < 1] = IGNORED
        maps.append(made)
        counts.append(np.bincount(made[made != IGNORED], minlength=len(names)))
    return {TARGETS: np.stack(maps), COUNTS: np.stack(counts).astype(np.int64)}


def tiles_of(options: DenseOptions, municipality: int, communes: tuple[int, ...]) -> tuple[World, dict[int, Tile]]:
    """The world, and tiles of a municipality by their commune."""
    world = world_of(options.world)
    return world, {c: world.tile(options.area, municipality, c, options.year) for c in communes}
