"""The parameters of `simulated-fields`, with their limits; light, so that the card can read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from eobench.plugin import DatasetCard, Param, ParameterError

CLASSES: Final = (
    "winter_wheat",
    "maize",
    "grassland",
    "winter_barley",
    "rapeseed",
    "sugar_beet",
    "soybean",
    "sunflower",
    "spring_barley",
    "alfalfa",
    "potato",
    "sorghum",
)

NAME: Final = "simulated-fields"
FIELDS_PER_CLASS: Final = 8
FIELDS_PER_REGION: Final = 4


def _option(name: str, default: float, low: float, high: float, doc: str) -> Param:
    return Param(name, default, doc, minimum=low, maximum=high)


OPTIONS: Final = (
    _option("samples", 6000, 48, 5_000_000, "pixels in all"),
    _option("classes", 8, 2, len(CLASSES), "number of crops, from winter wheat on"),
    _option("imbalance", 8.0, 1.0, 200.0, "area of the most frequent class over that of the least frequent"),
    _option("regions", 16, 4, 400, "municipalities, on a grid; the census counts in them"),
    _option("region_contrast", 0.6, 0.0, 2.0, "spread of a class's share over regions (sd of its logarithm)"),
    _option("field_pixels", 6, 1, 100, "mean number of pixels in a field"),
    _option("dates", 36, 4, 120, "acquisitions in the year, evenly spaced"),
    _option("variation", 1.0, 0.0, 2.0, "spread between fields of a crop: sowing, vigour, leaves, soil"),
    _option("cloud_fraction", 0.3, 0.0, 0.9, "share of pixel-dates that are masked as cloud"),
    _option("haze", 0.05, 0.0, 0.5, "share of clear pixel-dates with undetected thin cloud or shadow"),
    _option("noise", 0.05, 0.0, 0.5, "standard deviation of the reflectance error, as a share of reflectance"),
    _option("mixed_pixels", 0.15, 0.0, 1.0, "share of pixels that see a neighbouring field as well"),
    _option("census_error", 0.1, 0.0, 0.5, "of the census: sum over classes of |reported - true|, in each region"),
    _option("seed", 0, 0, 2**32 - 1, "draws another world"),
)


CARD: Final = DatasetCard(
    name=NAME,
    summary="a year of Sentinel-2 pixel series of crops, in regions with a census; made by PROSAIL here",
    load="eobench_simulated._dataset:SimulatedFields",
    params=OPTIONS,
    citation="PROSAIL: Jacquemoud et al. 2009, Remote Sens. Environ. 113:S56-S66",
    licence="MIT",
    origin="generated",
)


@dataclass(frozen=True)
class Parameters:
    """Checked parameters of one simulated data set; `OPTIONS` says what each means."""

    samples: int
    classes: int
    imbalance: float
    regions: int
    region_contrast: float
    field_pixels: int
    dates: int
    variation: float
    cloud_fraction: float
    haze: float
    noise: float
    mixed_pixels: float
    census_error: float
    seed: int

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in order of their index."""
        return CLASSES[: self.classes]

    @property
    def fields(self) -> int:
        """Number of fields."""
        return self.samples // self.field_pixels


def parse_parameters(values: Mapping[str, object] | None = None) -> Parameters:
    """`values` checked, and completed with the defaults.

    Raises:
        ParameterError: A name is unknown, or a value impossible; the message names it and what is allowed.
    """
    resolved: dict[str, Any] = dict(CARD.resolve(values or {}))
    parameters = Parameters(**resolved)
    fewest = max(FIELDS_PER_CLASS * parameters.classes, FIELDS_PER_REGION * parameters.regions)
    if parameters.fields < fewest:
        raise ParameterError(
            f"{NAME}: option 'samples' is {parameters.samples}; {parameters.classes} classes in "
            f"{parameters.regions} regions, with field_pixels={parameters.field_pixels}, need from "
            f"{fewest * parameters.field_pixels} to {OPTIONS[0].maximum:g}"
        )
    return parameters
