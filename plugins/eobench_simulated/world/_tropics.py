"""Another landscape: soybean and what follows it, pasture, cerrado and rain forest, in the southern tropics.

Calendars follow class means of a year of MODIS in Mato Grosso. Its land covers have the names of the temperate
ones, so that sets of both have the same classes of land: grassland is pasture, shrubland is cerrado.
"""

from __future__ import annotations

from typing import Final

from eobench_simulated.world._covers import LAND, Cover, Form, Season

_STUBBLE: Final = Season(-400, 800, 0.2)  # volunteers and sprouts: the soil is seldom tilled


def _after_soybean(spread: tuple[tuple[int, int], ...], *second: Season, lai: float = 3.6) -> tuple[Form, ...]:
    """Forms with a soybean crop of each given rise and fall around New Year, and what follows it."""
    weights = (0.55, 0.45)
    return tuple(
        Form(
            (
                _STUBBLE,
                Season(rise - 365, fall - 365, lai, growth=7, decline=5, ripening=9),
                *second,
                Season(rise, fall, lai, growth=7, decline=5, ripening=9),
            ),
            weight,
            weeds=0.2,
        )
        for weight, (rise, fall) in zip(weights, spread, strict=True)
    )


CROPS: Final[dict[str, Cover]] = {
    "soybean_corn": Cover(
        _after_soybean(((324, 386), (333, 395)), Season(79, 158, 2.8, growth=9, decline=14, ripening=24), lai=2.8),
        chlorophyll=48,
        northern=0.2,
        radar=(-9.5, -15.5),
        attenuation=0.14,
    ),
    "soybean_cotton": Cover(
        _after_soybean(((313, 362), (321, 370)), Season(78, 166, 3.5, growth=10, decline=14), lai=2.9),
        chlorophyll=48,
        angle=42,
        radar=(-9.5, -15.5),
        attenuation=0.15,
    ),
    "soybean_millet": Cover(
        _after_soybean(
            ((343, 412), (350, 420)), Season(97, 172, 1.8, growth=13, decline=16, ripening=24), lai=2.8
        ),
        chlorophyll=44,
        northern=-0.3,
        radar=(-10.5, -17.0),
    ),
    "soybean": Cover(
        _after_soybean(((341, 406), (349, 418)), Season(96, 140, 0.7, growth=14, decline=16)),
        chlorophyll=45,
        radar=(-10.0, -16.5),
    ),
    "soybean_sunflower": Cover(
        _after_soybean(((335, 396), (341, 403)), Season(97, 152, 3.2, growth=8, decline=14, ripening=20), lai=2.8),
        chlorophyll=42,
        angle=42,
        northern=0.5,
        radar=(-9.0, -15.0),
    ),
    "cotton": Cover(
        (
            Form((_STUBBLE, Season(44, 170, 3.3, growth=10, decline=16), Season(305, 350, 0.5, growth=8)), 0.6),
            Form((_STUBBLE, Season(54, 178, 3.0, growth=11, decline=14), Season(300, 350, 0.4, growth=8)), 0.4),
        ),
        chlorophyll=48,
        angle=42,
        northern=-0.4,
        radar=(-9.5, -15.5),
        attenuation=0.14,
    ),
}

LAND_HERE: Final[dict[str, Cover]] = LAND | {
    "grassland": Cover(
        (
            Form(
                (
                    Season(-400, 800, 0.35),
                    Season(-85, 172, 0.75, growth=22, decline=20, ripening=30),
                    Season(290, 800, 0.75, growth=20),
                ),
                0.7,
                weeds=0,
            ),
            Form(
                (Season(-400, 800, 0.4), Season(-80, 160, 0.8, growth=22, decline=20), Season(290, 800, 0.8)),
                0.3,
                weeds=0,
            ),
        ),
        chlorophyll=40,
        sowing=14,
        radar=(-12.0, -18.0),
        attenuation=0.2,
    ),
    "shrubland": Cover(
        (
            Form(
                (
                    Season(-400, 800, 0.5),
                    Season(-75, 180, 0.4, growth=20, decline=24, ripening=20),
                    Season(290, 800, 0.35, growth=16),
                )
            ),
        ),
        chlorophyll=38,
        sowing=14,
        radar=(-11.0, -16.5),
        attenuation=0.3,
        texture=0.05,
    ),
    "deciduous_forest": Cover(
        (
            Form(
                (
                    Season(-400, 800, 1.0),
                    Season(-80, 200, 2.6, growth=12, decline=18, ripening=24),
                    Season(285, 800, 2.6),
                )
            ),
        ),
        chlorophyll=46,
        angle=45,
        sowing=8,
        radar=(-8.5, -14.0),
        attenuation=0.5,
        texture=0.05,
    ),
    "evergreen_forest": Cover(
        (Form((Season(-400, 800, 1.6), Season(75, 240, 0.5, growth=20, decline=20)), weeds=0),),
        chlorophyll=50,
        water=0.016,
        angle=50,
        sowing=6,
        radar=(-8.0, -13.0),
        attenuation=0.4,
        texture=0.05,
    ),
}
SHARES: Final = (0.22, 0.03, 0.14, 0.12, 0.01, 0.02, 0.03, 0.01)
"""Of an area's land, in the order of `LAND`."""
