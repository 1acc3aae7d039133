"""The options of the simulated world, with their limits; light, so that cards can read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eobench.plugin import Param

TILE: Final = 384
"""Side of a commune in Sentinel-2 pixels (10 m)."""
FINE: Final = 3
"""Planetscope pixels (3.33 m) along one Sentinel-2 pixel."""
AREAS: Final = ("A", "B")
"""Two landscapes of the same classes; B is cooler, its fields are smaller, its crops mixed otherwise."""
YEARS: Final = (2021, 2022, 2023)
"""Years of the same fields: 2021 is as usual, 2022 warm, so early, and 2023 cool, so late."""
COMMUNES: Final = 4
"""Communes of a municipality, two by two."""
MOST_CROPS: Final = 16


def _option(name: str, default: float, low: float, high: float, doc: str) -> Param:
    return Param(name, default, doc, minimum=low, maximum=high)


LANDSCAPE: Final = Param(
    "landscape",
    "temperate",
    "temperate as in Arkansas and California, or tropical as in Mato Grosso, with six crops at most",
    choices=("temperate", "tropical"),
)
OPTIONS: Final = (
    _option("seed", 0, 0, 2**32 - 1, "draws another world"),
    _option("crops", 10, 2, MOST_CROPS, "number of crops, from soybean on; the land has eight classes more"),
    _option("imbalance", 8.0, 1.0, 200.0, "area of the most frequent crop over that of the least frequent"),
    _option("regions", 16, 4, 400, "municipalities of the area, on a grid, of four communes each"),
    _option("region_contrast", 0.6, 0.0, 2.0, "spread of a class's share over regions (sd of its logarithm)"),
    _option("variation", 1.0, 0.0, 2.0, "spread between fields of a crop: sowing, vigour, leaves, soil"),
    _option("field_size", 4.0, 0.5, 40.0, "mean area of a field, hectares"),
    _option("cloud_fraction", 0.3, 0.0, 0.9, "share of pixel-dates that are masked as cloud or its shadow"),
    _option("haze", 0.05, 0.0, 0.5, "share of clear pixel-dates with thin cloud that the mask missed"),
    _option("noise", 0.05, 0.0, 0.5, "standard deviation of the reflectance error, as a share of reflectance"),
    _option("shift", 1.0, 0.0, 3.0, "how far areas and years differ: weather, calendars, soils"),
    _option("homogeneity", 0.0, 0.0, 1.0, "how far communes specialise on one crop; 1: nearly one crop each"),
    LANDSCAPE,
)


@dataclass(frozen=True)
class WorldOptions:
    """The options of one world; `OPTIONS` says what each means and what is allowed."""

    seed: int = 0
    crops: int = 10
    imbalance: float = 8.0
    regions: int = 16
    region_contrast: float = 0.6
    variation: float = 1.0
    field_size: float = 4.0
    cloud_fraction: float = 0.3
    haze: float = 0.05
    noise: float = 0.05
    shift: float = 1.0
    homogeneity: float = 0.0
    landscape: str = "temperate"
