"""The sensors: bands, grids, and the spectra of what is no canopy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated.world._options import FINE, TILE

Float = NDArray[np.float32]


@dataclass(frozen=True)
class Sensor:
    """A sensor.

    Attributes:
        name: of the sensor; optical ones have a table of canopy reflectance.
        bands: in the order of the values.
        grid: pixels along a tile.
        scale: a stored value times this is the quantity.
        units: of the quantity.
        fill: stored where there is no observation.
        centres: of the bands, nm; empty for radar.
    """

    name: str
    bands: tuple[str, ...]
    grid: int
    scale: float
    units: str
    fill: int = 0
    centres: tuple[float, ...] = ()

    @property
    def optical(self) -> bool:
        """True where clouds hide the ground from it."""
        return bool(self.centres)


_REFLECTANCE: Final = "surface reflectance"
SENSORS: Final[dict[str, Sensor]] = {
    "sentinel2": Sensor(
        "sentinel2",
        ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"),
        TILE,
        1e-4,
        _REFLECTANCE,
        centres=(443, 493, 560, 665, 704, 740, 783, 833, 865, 945, 1614, 2202),
    ),
    "planetscope": Sensor(
        "planetscope",
        ("blue", "green", "red", "nir"),
        TILE * FINE,
        1e-4,
        _REFLECTANCE,
        centres=(485, 545, 630, 820),
    ),
    "landsat8": Sensor(
        "landsat8",
        ("coastal", "blue", "green", "red", "nir", "swir1", "swir2"),
        TILE // 3,
        1e-4,
        _REFLECTANCE,
        centres=(443, 482, 561, 655, 865, 1609, 2201),
    ),
    "sentinel1": Sensor("sentinel1", ("VV", "VH"), TILE, 1e-2, "backscatter, dB", fill=-32768),
}

_NM: Final = (400, 490, 560, 665, 705, 740, 783, 840, 865, 945, 1610, 2200)
# Typical end members, as in the USGS spectral library: turbid inland water; asphalt, roofs and concrete; cloud.
_SPECTRA: Final = {
    "water": (0.055, 0.06, 0.065, 0.045, 0.035, 0.025, 0.022, 0.018, 0.016, 0.012, 0.006, 0.004),
    "urban": (0.09, 0.11, 0.13, 0.15, 0.16, 0.17, 0.18, 0.19, 0.195, 0.20, 0.23, 0.21),
    "cloud": (0.55, 0.55, 0.54, 0.53, 0.53, 0.52, 0.52, 0.51, 0.51, 0.32, 0.36, 0.27),
}


def spectrum(name: str, sensor: Sensor) -> Float:
    """Return the reflectance of `water`, `urban` or `cloud` in a sensor's bands, (C,)."""
    return np.interp(sensor.centres, _NM, _SPECTRA[name]).astype(np.float32)
