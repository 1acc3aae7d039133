"""What grows or lies on the land: crops and other covers, each in several forms.

Calendars of corn, soybean, winter wheat, alfalfa, cotton, rice, fallow and almonds follow class means of a year
of Sentinel-2 in Arkansas and California; the others their usual calendars at that latitude. A class has several
*forms* (early and late, irrigated or not, single or double), so no class is one cloud around its mean.

Backscatter of closed canopies is as Sentinel-1 measures it (Vreugdenhil et al. 2018, Remote Sensing 10:1396, for
crops): cereals attenuate, so their VV falls as they grow; broad leaves and maize scatter; woods are bright.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Season:
    """One rise and fall of leaf area, a double logistic curve; days count from 1 January.

    Attributes:
        rise, fall: days of half the growth and half the fall.
        lai: leaf area index at the height, m2 m-2.
        growth, decline: their time scales, days; a harvest is quick.
        ripening: days from turning yellow to the fall; 0: taken or shed green.
    """

    rise: float
    fall: float
    lai: float
    growth: float = 9.0
    decline: float = 5.0
    ripening: float = 0.0


@dataclass(frozen=True)
class Form:
    """One way in which a class appears.

    Attributes:
        seasons: at most four.
        weight: share of the class's fields.
        weeds: leaf area of what grows on the open soil in the cool season.
        cuts: number of mowings; 0: none.
    """

    seasons: tuple[Season, ...]
    weight: float = 1.0
    weeds: float = 0.2
    cuts: int = 0


@dataclass(frozen=True)
class Cover:
    """A class.

    Attributes:
        forms: how it appears.
        chlorophyll: of a grown leaf, ug cm-2.
        water: equivalent water thickness of a green leaf, cm.
        angle: mean leaf inclination, degrees.
        sowing: standard deviation of the calendar between fields, days.
        northern: how its share changes from the warm end of an area to the cool one.
        radar: backscatter of the closed canopy in VV and VH, dB: the A of the water-cloud model.
        attenuation: its B: how fast a canopy hides the soil from radar; upright stems hide it well.
        texture: standard deviation of brightness from pixel to pixel of 10 m, as a share.
        surface: spectral end member under the canopy in place of soil: `water`, `urban`; None: soil.
    """

    forms: tuple[Form, ...]
    chlorophyll: float = 46
    water: float = 0.013
    angle: float = 55
    sowing: float = 9.0
    northern: float = 0.0
    radar: tuple[float, float] = (-11.0, -17.5)
    attenuation: float = 0.16
    texture: float = 0.02
    surface: str | None = None


def _one(*seasons: Season, weeds: float = 0.2) -> Form:
    return Form(seasons, weeds=weeds)


CROPS: Final[dict[str, Cover]] = {
    "soybean": Cover(
        (
            Form((Season(198, 258, 3.5, growth=12, decline=8, ripening=14),), 0.55, weeds=0.14),
            Form((Season(177, 240, 3.3, growth=12, decline=8, ripening=14),), 0.25, weeds=0.14),
            Form((Season(210, 269, 3.2, growth=13, decline=8, ripening=12),), 0.20, weeds=0.4),
        ),
        chlorophyll=45,
        angle=44,
        northern=-0.2,
        radar=(-10.0, -16.5),
        attenuation=0.16,
    ),
    "corn": Cover(
        (
            Form((Season(141, 210, 3.9, growth=8, decline=9, ripening=16),), 0.6),
            Form((Season(132, 198, 3.6, growth=8, decline=9, ripening=14),), 0.2),
            Form((Season(160, 228, 3.7, growth=9, decline=10, ripening=18),), 0.2),
        ),
        chlorophyll=52,
        angle=54,
        northern=0.4,
        radar=(-9.0, -15.0),
        attenuation=0.12,
    ),
    "rice": Cover(
        (
            Form((Season(158, 236, 3.5, growth=9, decline=10, ripening=18),), 0.6, weeds=0.05),
            Form((Season(172, 254, 3.3, growth=10, decline=10, ripening=18),), 0.4, weeds=0.08),
        ),
        chlorophyll=44,
        angle=62,
        northern=-0.7,
        radar=(-10.5, -17.0),
        attenuation=0.2,
    ),
    "cotton": Cover(
        (
            Form((Season(204, 269, 2.9, growth=13, decline=8),), 0.65, weeds=0.2),
            Form((Season(186, 256, 2.2, growth=13, decline=8),), 0.35, weeds=0.15),
        ),
        chlorophyll=48,
        angle=40,
        northern=-0.9,
        radar=(-9.5, -15.5),
        attenuation=0.14,
    ),
    "winter_wheat": Cover(
        (
            Form(
                (
                    Season(-20, 60, 0.12, growth=20, decline=15),
                    Season(52, 126, 1.9, growth=16, decline=9, ripening=18),
                ),
                0.6,
                weeds=0.06,
            ),
            Form(
                (
                    Season(-40, 50, 0.4, growth=20, decline=15),
                    Season(36, 110, 2.2, growth=15, decline=9, ripening=16),
                ),
                0.4,
                weeds=0.06,
            ),
        ),
        chlorophyll=48,
        angle=60,
        northern=0.5,
        radar=(-14.5, -20.0),
        attenuation=0.25,
    ),
    "alfalfa": Cover(
        (
            Form((Season(-400, 800, 0.6), Season(40, 300, 0.9, growth=18, decline=22)), 0.6, weeds=0, cuts=7),
            Form((Season(-400, 800, 0.4), Season(60, 280, 1.4, growth=16, decline=20)), 0.4, weeds=0, cuts=4),
        ),
        chlorophyll=47,
        northern=0.2,
        sowing=12,
        radar=(-11.5, -18.0),
        attenuation=0.2,
    ),
    "wheat_soybean": Cover(
        (
            Form(
                (
                    Season(-45, 60, 0.6, growth=18, decline=14),
                    Season(66, 134, 2.9, growth=12, decline=7, ripening=12),
                    Season(213, 269, 3.0, growth=12, decline=7, ripening=12),
                ),
                weeds=0.1,
            ),
        ),
        northern=0,
        angle=50,
        radar=(-11.5, -17.5),
        attenuation=0.2,
    ),
    "fallow": Cover(
        (
            Form((), 0.5, weeds=0.10),
            Form((Season(60, 130, 0.7, growth=15, decline=15),), 0.3, weeds=0.2),
            Form((Season(170, 300, 0.8, growth=20, decline=20),), 0.2, weeds=0.1),
        ),
        chlorophyll=35,
        sowing=20,
        radar=(-13.0, -20.0),
        attenuation=0.15,
    ),
    "almonds": Cover(
        (
            Form((Season(-400, 800, 0.22), Season(62, 318, 0.14, growth=10, decline=20)), 0.6, weeds=0.2),
            Form((Season(-400, 800, 0.18), Season(66, 318, 0.5, growth=10, decline=18)), 0.4, weeds=0.4),
        ),
        chlorophyll=44,
        sowing=8,
        radar=(-8.5, -14.0),
        attenuation=0.45,
    ),
    "sorghum": Cover(
        (
            Form((Season(172, 262, 3.9, growth=10, decline=9, ripening=26),), 0.6),
            Form((Season(152, 236, 3.6, growth=10, decline=9, ripening=26),), 0.4),
        ),
        chlorophyll=45,
        angle=56,
        northern=-0.5,
        radar=(-9.0, -15.0),
        attenuation=0.12,
    ),
    "sunflower": Cover(
        (_one(Season(158, 242, 3.3, ripening=26)),),
        chlorophyll=41,
        angle=38,
        radar=(-8.5, -14.5),
        attenuation=0.14,
    ),
    "rapeseed": Cover(
        (_one(Season(-60, 70, 1.2, growth=15, decline=12), Season(70, 160, 4.0, ripening=28)),),
        angle=48,
        northern=1.1,
        radar=(-10.0, -15.0),
        attenuation=0.16,
    ),
    "spring_barley": Cover(
        (_one(Season(108, 188, 3.5, ripening=24)),), angle=58, northern=1.1, radar=(-14.0, -20.0), attenuation=0.25
    ),
    "sugar_beet": Cover(
        (_one(Season(140, 285, 4.3, growth=12)),),
        chlorophyll=54,
        water=0.022,
        angle=42,
        northern=0.9,
        radar=(-9.0, -15.0),
        attenuation=0.18,
    ),
    "potato": Cover(
        (_one(Season(142, 226, 4.0, ripening=16)),),
        water=0.019,
        angle=44,
        northern=0.9,
        radar=(-9.5, -15.0),
        attenuation=0.16,
    ),
    "tomatoes": Cover(
        (_one(Season(138, 218, 3.6, growth=12), weeds=0.1),),
        water=0.018,
        angle=45,
        northern=-0.9,
        radar=(-10.5, -17.0),
        attenuation=0.15,
    ),
}

LAND: Final[dict[str, Cover]] = {
    "grassland": Cover(
        (
            Form(
                (Season(-60, 108, 0.5, growth=30, decline=12, ripening=24), Season(312, 800, 0.7, growth=10)), 0.75
            ),
            Form((Season(-400, 800, 0.25), Season(66, 290, 0.7, growth=18, decline=22)), 0.25, cuts=2),
        ),
        chlorophyll=40,
        sowing=14,
        radar=(-12.5, -19.0),
        attenuation=0.2,
    ),
    "deciduous_forest": Cover(
        (Form((Season(-400, 800, 0.6), Season(104, 305, 4.6, growth=8, decline=10, ripening=24)), weeds=0.2),),
        chlorophyll=46,
        angle=45,
        sowing=6,
        texture=0.05,
        radar=(-8.5, -14.0),
        attenuation=0.6,
    ),
    "evergreen_forest": Cover(
        (Form((Season(-400, 800, 4.0), Season(110, 290, 0.7, growth=20, decline=20)), weeds=0.1),),
        chlorophyll=52,
        water=0.016,
        angle=50,
        sowing=6,
        texture=0.05,
        radar=(-9.0, -14.5),
        attenuation=0.4,
    ),
    "shrubland": Cover(
        (Form((Season(-400, 800, 0.9), Season(80, 250, 0.9, growth=20, decline=30)), weeds=0.3),),
        chlorophyll=36,
        sowing=14,
        texture=0.05,
        radar=(-11.5, -17.5),
        attenuation=0.3,
    ),
    "wetland": Cover(
        (Form((Season(-400, 800, 0.3), Season(120, 290, 2.4, growth=16, decline=16, ripening=20)), weeds=0),),
        chlorophyll=42,
        angle=62,
        surface="water",
        radar=(-11.0, -18.0),
        attenuation=0.2,
    ),
    "water": Cover((Form((), weeds=0),), surface="water"),
    "urban": Cover(
        (
            Form((Season(-400, 800, 1.0), Season(95, 300, 0.3)), 0.6, weeds=0),
            Form((Season(-400, 800, 0.4),), 0.4, weeds=0),
        ),
        surface="urban",
        attenuation=0.03,
        texture=0.12,
    ),
    "bare": Cover((Form((), weeds=0.03),)),
}
LAND_SHARES: Final = (0.13, 0.09, 0.04, 0.04, 0.01, 0.02, 0.05, 0.01)
"""Of an area's land, in the order of `LAND`; crops have the rest."""
