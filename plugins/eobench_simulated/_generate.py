"""Write the simulated data set as a `sample-folder/1`."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eobench_simulated._census import perturb, true_proportions
from eobench_simulated._landscape import Landscape, make_landscape
from eobench_simulated._observe import FILL, SCALE, Pixels, Weather, draw_pixels, make_weather, observe
from eobench_simulated._parameters import CARD, NAME, Parameters, parse_parameters
from eobench_simulated._phenology import Canopies, make_canopies
from eobench_simulated._splits import NAMES, split_by_block, split_by_field, split_by_region
from eobench_simulated._table import CanopyTable, load_table

Int = NDArray[np.int64]
Progress = Callable[[float], None]

START: Final = "2021-01-01"
SENSOR: Final = "sentinel2"
_VALUES_AT_ONCE: Final = 2_000_000  # pixels x dates x bands of a chunk: about a hundred megabytes at work


@dataclass(frozen=True)
class World:
    """All that is drawn before any pixel is: fields, canopies, weather, splits and census."""

    parameters: Parameters
    landscape: Landscape
    canopies: Canopies
    weather: Weather
    table: CanopyTable
    splits: dict[str, Int]
    exact: NDArray[np.float64]
    census: NDArray[np.float64]


def make_world(parameters: Parameters) -> World:
    """Draw the world.

    Each part has a stream of its own, so that a parameter of one leaves the others as they are.
    """
    streams = [np.random.default_rng(part) for part in np.random.SeedSequence(parameters.seed).spawn(6)]
    landscape = make_landscape(parameters, streams[0])
    exact = true_proportions(
        landscape.region, landscape.label, landscape.pixels, parameters.regions, parameters.classes
    )
    return World(
        parameters=parameters,
        landscape=landscape,
        canopies=make_canopies(parameters, landscape, streams[1]),
        weather=make_weather(parameters, landscape, streams[2], streams[3]),
        table=load_table(SENSOR),
        splits={
            "random": split_by_field(landscape.label, streams[4]),
            "block": split_by_block(landscape.block_of_all, landscape.label, landscape.pixels, streams[4]),
            "region": split_by_region(landscape.region, landscape.climate, landscape.label, streams[4]),
        },
        exact=exact,
        census=perturb(exact, parameters.census_error, streams[5]),
    )


def generate(parameters: Mapping[str, object], folder: Path, progress: Progress | None = None) -> None:
    """Write a whole `simulated-fields` into `folder`, which exists and is empty.

    Args:
        parameters: Any of `OPTIONS`; the others take their defaults.
        folder: Where the files go. The caller makes the whole atomic.
        progress: Called with the share done, 0 to 1, after each chunk.

    Raises:
        ParameterError: A parameter is unknown or impossible; nothing has been written.
    """
    world = make_world(parse_parameters(parameters))
    shape = (world.parameters.samples, world.parameters.dates, len(world.table.bands))
    chunk = max(1, _VALUES_AT_ONCE // (shape[1] * shape[2] * world.parameters.field_pixels))
    values = np.lib.format.open_memmap(folder / "s2.npy", "w+", np.int16, shape)
    valid = np.lib.format.open_memmap(folder / "s2_valid.npy", "w+", np.bool_, shape[:2])
    mixed = np.empty(shape[0], np.bool_)
    for rows, pixels in _chunks(world, chunk):
        values[rows], valid[rows] = observe(
            world.parameters, world.landscape, world.canopies, world.weather, world.table, pixels
        )
        mixed[rows] = pixels.share > 0
        if progress is not None:
            progress(rows.stop / shape[0])
    values.flush()
    valid.flush()
    _samples(world, mixed).to_parquet(folder / "samples.parquet", index=False)
    for name in ("exact", "census"):
        _table(world, getattr(world, name)).to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "dataset.json").write_text(json.dumps(_header(world), indent=1) + "\n", encoding="utf-8")


def _chunks(world: World, fields_at_once: int) -> Iterator[tuple[slice, Pixels]]:
    first = world.landscape.first_pixel
    count = len(world.landscape.label)
    for start in range(0, count, fields_at_once):
        end = min(start + fields_at_once, count)
        pixels = draw_pixels(world.parameters, world.landscape, np.arange(start, end), len(world.table.bands))
        yield slice(int(first[start]), int(first[end])), pixels


def _region_names(regions: int) -> NDArray[np.object_]:
    width = len(str(regions - 1))
    return np.array([f"R{region:0{width}}" for region in range(regions)], dtype=object)


def _samples(world: World, mixed: NDArray[np.bool_]) -> pd.DataFrame:
    landscape = world.landscape
    field = np.repeat(np.arange(len(landscape.label)), landscape.pixels)
    region = _region_names(landscape.regions)[landscape.region]
    block = np.array([f"{name}_{part}" for name, part in zip(region, landscape.block, strict=True)], dtype=object)
    columns: dict[str, Any] = {
        "label": landscape.label[field].astype(np.int16),
        "region": region[field],
        "block": block[field],
        "field": field.astype(np.int32),
        "mixed": mixed,
    }
    columns |= {f"split_{name}": NAMES[part][field] for name, part in world.splits.items()}
    return pd.DataFrame(columns)


def _table(world: World, proportions: NDArray[np.float64]) -> pd.DataFrame:
    regions, classes = proportions.shape
    return pd.DataFrame(
        {
            "region": np.repeat(_region_names(regions), classes),
            "class": np.tile(np.array(world.parameters.class_names, dtype=object), regions),
            "proportion": proportions.ravel().astype(np.float32),
        }
    )


def _header(world: World) -> dict[str, Any]:
    parameters = world.parameters
    shape = [parameters.samples, parameters.dates, len(world.table.bands)]
    return {
        "format": "sample-folder/1",
        "name": NAME,
        "title": "Simulated fields: a year of Sentinel-2 pixel series of crops, by PROSAIL",
        "task": "classification",
        "classes": list(parameters.class_names),
        "samples": "samples.parquet",
        "modalities": {
            "s2": {
                "file": "s2.npy",
                "kind": "series",
                "shape": shape,
                "dtype": "int16",
                "valid": "s2_valid.npy",
                "bands": list(world.table.bands),
                "scale": SCALE,
                "units": "surface reflectance",
                "fill": FILL,
                "days": [int(day) for day in world.weather.days],
                "start": START,
            }
        },
        "groups": ["region", "block", "field"],
        "flags": ["mixed"],
        "splits": {
            "random": {"column": "split_random", "whole": "field", "val": "grouped"},
            "block": {"column": "split_block", "whole": "block", "val": "grouped"},
            "region": {"column": "split_region", "whole": "region", "val": "within"},
        },
        "default_split": "block",
        "tables": {
            "exact": {"file": "exact.parquet", "kind": "proportions", "by": "region", "exact": True},
            "census": {"file": "census.parquet", "kind": "proportions", "by": "region", "exact": False},
        },
        "origin": (
            "Simulated by eobench (plugin eobench_simulated): double logistic phenology through a look-up table "
            f"of PROSPECT-D and 4SAIL; parameters {json.dumps(asdict(parameters))}"
        ),
        "source": "generated on the user's machine; nothing is downloaded",
        "licence": CARD.licence,
        "citation": CARD.citation,
        "quirks": _quirks(parameters),
    }


def _quirks(parameters: Parameters) -> list[str]:
    return [
        "simulated: useful to compare methods under known truth, no evidence of accuracy on real fields",
        "one sun and view geometry all year; no flowers, no topography, no labels in error",
        "dates are acquisitions, not composites; invalid values are 0",
        "region split: the quarter of regions with the latest seasons is test; random split: fields are whole",
        "flag mixed: the pixel sees a neighbouring field of the same block as well; its label is its own field's",
        "tables describe whole regions, test pixels included; census is wrong by "
        f"{parameters.census_error} in each region (sum over classes of |reported - true|)",
    ]
