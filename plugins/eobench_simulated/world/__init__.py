"""The simulated landscape and what sensors see of it."""

from eobench_simulated.world._curves import ndvi_curves
from eobench_simulated.world._ground import Tile
from eobench_simulated.world._options import (
    AREAS,
    COMMUNES,
    FINE,
    LANDSCAPE,
    MOST_CROPS,
    OPTIONS,
    TILE,
    YEARS,
    WorldOptions,
)
from eobench_simulated.world._sensors import SENSORS, Sensor
from eobench_simulated.world._sky import Acquisitions
from eobench_simulated.world._world import World, make_world

__all__ = [
    "AREAS",
    "COMMUNES",
    "FINE",
    "LANDSCAPE",
    "MOST_CROPS",
    "OPTIONS",
    "SENSORS",
    "TILE",
    "YEARS",
    "Acquisitions",
    "Sensor",
    "Tile",
    "World",
    "WorldOptions",
    "make_world",
    "ndvi_curves",
]
