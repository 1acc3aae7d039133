"""How each field's canopy and soil go through the year.

Every canopy is a sum of up to six layers (a crop's seasons, its stubble, what grew before and what follows it),
each with a double logistic leaf area, as Beck et al. 2006 fit to vegetation indices. Chlorophyll falls and brown
pigment rises with the ripening of a layer; grass and alfalfa are cut and grow back.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated._crops import CROPS, Crop, Season
from eobench_simulated._landscape import Landscape
from eobench_simulated._parameters import Parameters

Float = NDArray[np.float32]
Int = NDArray[np.int64]

LAYERS: Final = 6
CUTS: Final = 5
_NEVER: Final = 9999.0
_BEFORE, _STUBBLE, _AFTER = 3, 4, 5  # layers 0 to 2 are the crop's own
_DAYS_A_CLIMATE_UNIT: Final = 11.0
_REGIONAL_CALENDAR: Final = 5.0  # days; customs, soils and varieties of a region, crop by crop
_ODD_FIELDS: Final = 0.05  # sown again, failed, or flooded
_CHLOROPHYLL_LOST: Final = np.float32(0.85)  # share that a ripe leaf has lost
_WATER_LOST: Final = np.float32(0.8)
_NO_LEAVES: Final = np.float32(1e-4)


@dataclass(frozen=True)
class Canopies:
    """What the fields' canopies are, F fields, L layers; days count from 1 January.

    Attributes:
        rise, fall: (F, L) days of half growth and half fall of each layer's leaf area.
        growth, decline: (F, L) time scales of growth and fall, days.
        lai: (F, L) leaf area index at the height, m2 m-2; 0 where there is no such layer.
        ripening: (F, L) days from turning yellow to the fall; 0: taken green; `_NEVER`: brown throughout.
        cuts: (F, CUTS) days of mowing.
        depth, regrowth: (F,) share of leaf area a cut takes, and time scale of growing back, days.
        chlorophyll, water, angle: (F,) leaf traits in the table's units.
        brightness, moisture: (F,) of the soil; moisture before weather.
    """

    rise: Float
    fall: Float
    growth: Float
    decline: Float
    lai: Float
    ripening: Float
    cuts: Float
    depth: Float
    regrowth: Float
    chlorophyll: Float
    water: Float
    angle: Float
    brightness: Float
    moisture: Float


@dataclass(frozen=True)
class CanopyStates:
    """Canopies of P pixels on T days, each (P, T), in the units of `CanopyTable.reflectance`."""

    lai: Float
    chlorophyll: Float
    brown: Float
    water: Float


def make_canopies(parameters: Parameters, landscape: Landscape, generator: np.random.Generator) -> Canopies:
    """Draw every field's canopy around its crop's calendar and traits."""
    layers = _crop_layers(parameters, landscape)
    _shift_calendar(layers, parameters, landscape, generator)
    _add_other_vegetation(layers, parameters, landscape, generator)
    count = len(landscape.label)
    crops = [CROPS[name] for name in parameters.class_names]
    spread = parameters.variation

    def trait(values: list[float], deviation: float) -> Float:
        factor = 1 + spread * deviation * generator.normal(size=count).clip(-2.5, 2.5)
        return (np.array(values)[landscape.label] * factor).astype(np.float32)

    region_brightness = generator.normal(0.75, 0.12, landscape.regions)[landscape.region]
    brightness = region_brightness + spread * generator.normal(0, 0.1, count)
    moisture = generator.uniform(0.2, 0.6, count)
    cuts, depth, regrowth = _draw_cuts(parameters, landscape, generator)
    return Canopies(
        **layers,
        cuts=cuts,
        depth=depth,
        regrowth=regrowth,
        chlorophyll=trait([crop.chlorophyll for crop in crops], 0.13),
        water=trait([crop.water for crop in crops], 0.15),
        angle=trait([crop.angle for crop in crops], 0.1),
        brightness=brightness.astype(np.float32),
        moisture=moisture.astype(np.float32),
    )


def canopy_states(canopies: Canopies, field: Int, days: Float, delay: Float, vigour: Float) -> CanopyStates:
    """Canopies of P pixels on T days.

    Args:
        canopies: The fields.
        field: (P,) the field of each pixel.
        days: (T,) days since 1 January.
        delay: (P,) days by which the pixel is later than its field.
        vigour: (P,) factor on the leaf area.
    """
    time = days[None, :] - delay[:, None]
    total, green, brown = (np.zeros(time.shape, np.float32) for _ in range(3))
    for layer in range(LAYERS):
        rise, fall = canopies.rise[field, layer, None], canopies.fall[field, layer, None]
        ripening = canopies.ripening[field, layer, None]
        lai = canopies.lai[field, layer, None] * _logistic((time - rise) / canopies.growth[field, layer, None])
        lai *= _logistic((fall - time) / canopies.decline[field, layer, None])
        # Yellowing passes its half between the first yellow leaves and the harvest.
        ripe = _logistic((time - fall + 0.55 * ripening) / (1 + 0.15 * ripening.clip(max=100)))
        ripe[ripening[:, 0] == 0] = 0
        total += lai
        green += lai * (1 - _CHLOROPHYLL_LOST * ripe)
        brown += lai * ripe
    # Leaves where there are none have no colour; any will do.
    green /= np.maximum(total, _NO_LEAVES)
    brown /= np.maximum(total, _NO_LEAVES)
    return CanopyStates(
        lai=total * _left_standing(canopies, field, time) * vigour[:, None],
        chlorophyll=canopies.chlorophyll[field, None] * green,
        brown=brown,
        water=canopies.water[field, None] * (1 - _WATER_LOST * brown),
    )


def _crop_layers(parameters: Parameters, landscape: Landscape) -> dict[str, Float]:
    crops = [CROPS[name] for name in parameters.class_names]
    nothing = Season(_NEVER, _NEVER, 0.0)

    def column(crop: Crop, layer: int) -> Season:
        return crop.seasons[layer] if layer < len(crop.seasons) else nothing

    table = np.array(
        [
            [
                (season.rise, season.harvest, season.growth, season.decline, season.lai, season.ripening)
                for season in (column(crop, layer) for layer in range(LAYERS))
            ]
            for crop in crops
        ],
        dtype=np.float32,
    )
    names = ("rise", "fall", "growth", "decline", "lai", "ripening")
    return {name: table[landscape.label, :, index] for index, name in enumerate(names)}


def _shift_calendar(
    layers: dict[str, Float], parameters: Parameters, landscape: Landscape, generator: np.random.Generator
) -> None:
    """Sowing date, length of season and vigour differ by field; all is later in cool regions; some fields fail."""
    count = len(landscape.label)
    spread = parameters.variation
    sowing = np.array([CROPS[name].sowing_spread for name in parameters.class_names])[landscape.label]
    odd = generator.uniform(size=count) < _ODD_FIELDS * spread
    late = spread * (sowing + 18 * odd) * generator.normal(size=count).clip(-2.5, 2.5)
    late += _DAYS_A_CLIMATE_UNIT * landscape.climate[landscape.region]
    regional = generator.normal(0, _REGIONAL_CALENDAR, (landscape.regions, parameters.classes))
    late += spread * regional[landscape.region, landscape.label]
    longer = spread * 6 * generator.normal(size=count)
    layers["rise"] += late[:, None].astype(np.float32)
    # A crop sown late catches up on the way: warm days, not days, ripen it.
    layers["fall"] += (0.6 * late + longer)[:, None].astype(np.float32)
    layers["ripening"] *= generator.lognormal(0, 0.2 * spread, count)[:, None].astype(np.float32)
    vigour = generator.lognormal(0, 0.25 * spread, count) * np.where(odd, 0.6, 1)
    layers["lai"] *= vigour[:, None].astype(np.float32)


def _add_other_vegetation(
    layers: dict[str, Float], parameters: Parameters, landscape: Landscape, generator: np.random.Generator
) -> None:
    """Stubble, what the winter before left on fields of spring crops, and what is sown after the harvest."""
    count = len(landscape.label)
    crops = [CROPS[name] for name in parameters.class_names]
    bare = np.array([crop.bare_after for crop in crops])[landscape.label]
    first = np.array([crop.seasons[0].rise for crop in crops])[landscape.label]
    last = layers["fall"][:, :_BEFORE].max(axis=1, where=layers["lai"][:, :_BEFORE] > 0, initial=0)
    harvest = np.where(bare, last, _NEVER)
    ripe = layers["ripening"][:, :_BEFORE].max(axis=1) > 0

    def add(layer: int, present: NDArray[np.bool_], values: dict[str, NDArray[np.float64]]) -> None:
        for name, column in values.items():
            layers[name][:, layer] = np.where(present, column, layers[name][:, layer])

    tillage = harvest + generator.gamma(2.0, 15.0, count)
    stubble = {"rise": harvest, "fall": tillage, "growth": np.full(count, 3.0), "ripening": np.full(count, _NEVER)}
    add(_STUBBLE, bare & ripe, stubble | {"lai": generator.uniform(0.3, 1.0, count)})

    cover = generator.uniform(size=count) < 0.45
    ploughed = generator.normal(85, 22, count)
    before = {"rise": np.full(count, -80.0), "fall": ploughed, "growth": np.full(count, 15.0)}
    add(_BEFORE, cover & bare & (first > 100), before | {"lai": generator.gamma(3.0, 0.3, count)})

    # A catch crop needs time before winter; a winter cereal follows most harvests and is just up in December.
    catch = generator.uniform(size=count) < np.where(harvest < 235, 0.4, 0.0)
    cereal = generator.normal(300, 12, count).clip(harvest + 25)
    sown = np.where(catch, harvest + generator.normal(38, 8, count), cereal)
    leaf_area = np.where(catch, generator.gamma(4.0, 0.6, count), generator.gamma(4.0, 0.15, count))
    follows = bare & (catch | (generator.uniform(size=count) < 0.6))
    after = {"rise": sown, "fall": np.full(count, _NEVER), "growth": np.where(catch, 9.0, 16.0)}
    add(_AFTER, follows, after | {"lai": leaf_area})


def _draw_cuts(
    parameters: Parameters, landscape: Landscape, generator: np.random.Generator
) -> tuple[Float, Float, Float]:
    """Days of mowing (F, CUTS), share taken (F,) and time scale of growing back (F,)."""
    count = len(landscape.label)
    normal = generator.normal(size=(count, CUTS)).clip(-2, 2)
    uniform = generator.uniform(size=count)
    depths = generator.normal(0, 0.08, count)
    days = np.full((count, CUTS), _NEVER)
    depth, regrowth = np.zeros(count), np.ones(count)
    for label, name in enumerate(parameters.class_names):
        cuts = CROPS[name].cuts
        here = landscape.label == label
        if cuts is None or not here.any():
            continue
        wait = np.full(CUTS, cuts.interval)
        wait[0] = cuts.first
        scale = np.full(CUTS, 0.12 * cuts.interval)
        scale[0] = cuts.spread
        late = _DAYS_A_CLIMATE_UNIT * landscape.climate[landscape.region[here], None]
        dates = np.cumsum(wait + parameters.variation * scale * normal[here], axis=1) + late
        number = cuts.fewest + (uniform[here] * (cuts.most - cuts.fewest + 1)).astype(np.int64)
        days[here] = np.where(np.arange(CUTS) < number[:, None], dates, _NEVER)
        depth[here] = (cuts.depth + depths[here]).clip(0.2, 0.95)
        regrowth[here] = cuts.regrowth
    return days.astype(np.float32), depth.astype(np.float32), regrowth.astype(np.float32)


def _left_standing(canopies: Canopies, field: Int, time: Float) -> Float:
    left = np.ones(time.shape, np.float32)
    mown = np.flatnonzero(canopies.depth[field] > 0)
    for cut in range(CUTS):
        since = time[mown] - canopies.cuts[field[mown], cut, None]
        taken = canopies.depth[field[mown], None] * np.exp(-since.clip(0) / canopies.regrowth[field[mown], None])
        left[mown] *= np.where(since >= 0, 1 - taken, 1)
    return left


def _logistic(values: NDArray[np.floating[Any]]) -> Float:
    # Clipped where float32 could overflow; the curve is flat there.
    result: Float = np.float32(1) / (1 + np.exp(-values.clip(-30, 30)))
    return result
