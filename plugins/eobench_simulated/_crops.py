"""What is known of each crop: its seasons, leaves and cuts, in a mid-latitude year."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Season:
    """One rise and fall of leaf area: a double logistic curve.

    Days count from 1 January; a season that began in the autumn before rises on a negative day.

    Attributes:
        rise: Day of half the growth.
        harvest: Day of half the fall.
        lai: Leaf area index at the height, m2 m-2.
        growth: Time scale of the growth, days.
        ripening: Days from the leaves' turning yellow to the harvest; 0 for a crop taken green.
        decline: Time scale of the fall, days; a harvest is quick.
    """

    rise: float
    harvest: float
    lai: float
    growth: float = 8.0
    ripening: float = 0.0
    decline: float = 3.5


@dataclass(frozen=True)
class Cuts:
    """Mowing: each cut takes `depth` of the leaf area, which grows back with time scale `regrowth` (days)."""

    first: float
    interval: float
    most: int
    fewest: int
    depth: float
    regrowth: float
    spread: float


@dataclass(frozen=True)
class Crop:
    """One class of the simulated landscape.

    Attributes:
        seasons: One or two; a winter crop has its autumn growth as the first.
        chlorophyll: Of a grown leaf, ug cm-2.
        water: Equivalent water thickness of a green leaf, cm.
        angle: Mean leaf inclination, degrees.
        sowing_spread: Standard deviation of the calendar between fields, days.
        cuts: Mowing, of grass and alfalfa.
        bare_after: The soil lies open after harvest, so that a catch crop or winter cereal may follow.
        northern: How the crop's share changes from the warm end (-1) of the regions to the cool one (+1).
    """

    seasons: tuple[Season, ...]
    chlorophyll: float
    water: float
    angle: float
    sowing_spread: float = 9.0
    cuts: Cuts | None = None
    bare_after: bool = True
    northern: float = 0.0


# Calendars as usual in central Europe; leaf traits within the ranges that PROSAIL inversions of these crops use.
CROPS: Final = {
    "winter_wheat": Crop(
        (Season(-50, 95, 0.6, growth=18, decline=12), Season(98, 208, 4.3, ripening=26)),
        50,
        0.012,
        60,
        northern=0.3,
    ),
    "maize": Crop((Season(164, 268, 4.2, ripening=24),), 52, 0.014, 53, sowing_spread=10, northern=-0.3),
    "grassland": Crop(
        (Season(-400, 800, 0.7), Season(84, 305, 2.5, growth=16, decline=20)),
        40,
        0.011,
        57,
        sowing_spread=12,
        cuts=Cuts(145, 48, 4, 0, 0.6, 18, 14),
        bare_after=False,
        northern=0.4,
    ),
    "winter_barley": Crop(
        (Season(-58, 88, 0.8, growth=18, decline=12), Season(89, 188, 4.0, ripening=24)),
        46,
        0.012,
        57,
        northern=0.1,
    ),
    "rapeseed": Crop(
        (Season(-68, 80, 1.1, growth=15, decline=12), Season(86, 199, 4.4, ripening=30)),
        48,
        0.018,
        48,
        northern=0.3,
    ),
    "sugar_beet": Crop((Season(154, 288, 4.3, growth=10),), 54, 0.022, 42, sowing_spread=11, northern=0.2),
    "soybean": Crop((Season(168, 264, 4.6, ripening=20),), 44, 0.013, 43, northern=-0.5),
    "sunflower": Crop((Season(158, 254, 3.4, ripening=30),), 41, 0.016, 38, northern=-0.5),
    "spring_barley": Crop((Season(124, 212, 3.6, ripening=24),), 43, 0.012, 58, northern=0.5),
    "alfalfa": Crop(
        (Season(-400, 800, 0.5), Season(80, 300, 3.6, growth=12, decline=15)),
        47,
        0.014,
        45,
        cuts=Cuts(136, 37, 5, 3, 0.85, 13, 8),
        bare_after=False,
        northern=-0.2,
    ),
    "potato": Crop((Season(152, 246, 4.1, ripening=16),), 45, 0.019, 44, sowing_spread=13, northern=0.1),
    "sorghum": Crop((Season(172, 276, 3.8, ripening=24),), 46, 0.013, 55, sowing_spread=10, northern=-0.6),
}
