"""The cards of the simulated data sets, with their options; light: it draws nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from eobench.plugin import DatasetCard, Param, Value
from eobench_simulated.world import AREAS, MOST_CROPS, OPTIONS, YEARS

COMMUNES: Final = 4  # of a municipality
FIELDS_PER_CLASS: Final = 8
FIELDS_PER_REGION: Final = 4
MOST_A_COMMUNE: Final = 40_000  # pixels drawn of a commune's 147,456

WORLD: Final = {option.name: option for option in OPTIONS}
PLACE: Final = (
    Param("area", AREAS[0], "where: areas have other climates, soils, fields and crop shares", choices=AREAS),
    Param("year", YEARS[0], "when: crops rotate, and weather shifts the calendar", choices=YEARS),
)


def world_options(*left_out: str) -> tuple[Param, ...]:
    """The options of the world that a view passes on, with place and time.

    Args:
        left_out: those that mean nothing to the view.
    """
    return (*(option for name, option in WORLD.items() if name not in left_out), *PLACE)


def _series(samples: int, most: int) -> tuple[Param, ...]:
    return (
        Param("samples", samples, "labelled pixels in all", minimum=48, maximum=most),
        Param("dates", 36, "acquisitions in the year, evenly spaced", minimum=4, maximum=144),
        Param("field_pixels", 6, "pixels taken of a parcel each time it is drawn", minimum=1, maximum=100),
    )


_LAND: Final = Param("land", "crops", "crops alone, or all classes of the land", choices=("crops", "all"))
_CENSUS: Final = Param(
    "census_error",
    0.1,
    "of the census: sum over classes of |reported - true|, in each region",
    minimum=0.0,
    maximum=0.5,
)
_MANY_CLASSES: Final[dict[str, Value]] = {"crops": MOST_CROPS, "imbalance": 100.0}
"""24 classes, sixteen crops and eight covers, several of them of less than a hundredth of the land."""
_LICENCE: Final = "MIT"
_CITATION: Final = "PROSAIL: Jacquemoud et al. 2009, Remote Sens. Environ. 113:S56-S66"

FIELDS: Final = DatasetCard(
    name="simulated-fields",
    summary="a year of Sentinel-2 pixel series of crops, in regions with a census; made by PROSAIL here",
    load="eobench_simulated.views._fields:SimulatedFields",
    params=(*_series(6000, 60_000_000), _LAND, _CENSUS, *world_options()),
    citation=_CITATION,
    licence=_LICENCE,
    origin="generated",
)
PAIRS: Final = DatasetCard(
    name="simulated-pairs",
    summary="Sentinel-2 and Planetscope series of the same pixels and days, with unlabelled ones; made by PROSAIL",
    load="eobench_simulated.views._pairs:SimulatedPairs",
    params=(
        *_series(3000, 60_000_000),
        Param("pool", 3000, "unlabelled pixels beside them, for pre-training", minimum=0, maximum=60_000_000),
        _LAND,
        _CENSUS,
        *world_options(),
    ),
    citation=_CITATION,
    licence=_LICENCE,
    origin="generated",
)

_DAY: Final = Param("day", 200, "day of the year around which a clear one is looked for", minimum=15, maximum=349)


def _card(name: str, summary: str, load: str, params: tuple[Param, ...]) -> DatasetCard:
    return DatasetCard(
        name=name,
        summary=summary,
        load=f"eobench_simulated.views.{load}",
        params=params,
        citation=_CITATION,
        licence=_LICENCE,
        origin="generated",
    )


PATCHES: Final = _card(
    "simulated-patches",
    "21 x 21 patches labelled by the centre: one optical date, and radar of many dates; made by PROSAIL here",
    "_patches:SimulatedPatches",
    (
        Param("samples", 1200, "patches in all", minimum=48, maximum=60_000_000),
        Param("dates", 14, "acquisitions of the radar in the year, evenly spaced", minimum=4, maximum=144),
        Param("field_pixels", 2, "patches taken of a parcel each time it is drawn", minimum=1, maximum=100),
        Param("optical", "landsat8", "sensor of the optical modality", choices=("landsat8", "sentinel2")),
        Param("border", 1, "pixels around a centre, each way, that lie in its parcel", minimum=0, maximum=10),
        _DAY,
        replace(_LAND, default="all"),
        _CENSUS,
        *world_options(),
    ),
)
CHIPS: Final = _card(
    "simulated-chips",
    "96 x 96 chips of red, green, blue that tile communes, with class maps; made by PROSAIL here",
    "_chips:SimulatedChips",
    (
        Param("samples", 512, "chips in all, at most 16 a commune", minimum=16, maximum=25_600),
        _DAY,
        Param("composite", "clearest", "one date, or the season's median", choices=("clearest", "median")),
        Param(
            "legend",
            "cover",
            "classes: five covers, each crop and other land, or all of the land",
            choices=("cover", "crops", "all"),
        ),
        _CENSUS,
        *world_options(),
    ),
)
SERIES_IMAGES: Final = _card(
    "simulated-series-images",
    "a year of Sentinel-2 images of windows of communes, with class maps and parcels; made by PROSAIL here",
    "_series_images:SimulatedSeriesImages",
    (
        Param("samples", 32, "windows in all", minimum=5, maximum=230_400),
        Param("dates", 24, "acquisitions in the year, unevenly spaced", minimum=4, maximum=61),
        Param("size", 128, "pixels along a window", choices=(32, 64, 128)),
        Param("legend", "crops", "classes: each crop and other land, or all", choices=("crops", "all")),
        Param("void_borders", False, "ignore pixels that see two parcels"),
        _CENSUS,
        *world_options(),
    ),
)
SCENES: Final = _card(
    "simulated-scenes",
    "13-band scenes with maps of 24 classes, most of them rare, and an unlabelled pool; made by PROSAIL here",
    "_scenes:SimulatedScenes",
    (
        Param("samples", 32, "labelled scenes", minimum=8, maximum=57_600),
        Param("pool", 48, "unlabelled scenes beside them", minimum=0, maximum=57_600),
        Param("size", 256, "pixels along a scene", choices=(64, 128, 256)),
        _DAY,
        _CENSUS,
        *(replace(o, default=_MANY_CLASSES.get(o.name, o.default)) for o in world_options()),
    ),
)
CARDS: Final = {card.name: card for card in (FIELDS, PAIRS, PATCHES, CHIPS, SERIES_IMAGES, SCENES)}
