"""The landscapes that a world may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from eobench_simulated.world import _covers, _tropics
from eobench_simulated.world._covers import Cover


@dataclass(frozen=True)
class Landscape:
    """What a world is made of.

    Attributes:
        crops: by name, from the most frequent on.
        land: other covers, the same names in every landscape.
        shares: of the land covers; crops have the rest.
        climate_days: by which the cool end of an area is later than its middle.
    """

    crops: Mapping[str, Cover]
    land: Mapping[str, Cover]
    shares: tuple[float, ...]
    climate_days: float


LANDSCAPES: Final = {
    "temperate": Landscape(_covers.CROPS, _covers.LAND, _covers.LAND_SHARES, 20.0),
    "tropical": Landscape(_tropics.CROPS, _tropics.LAND_HERE, _tropics.SHARES, 10.0),
}
