"""What the folders of all image views share: names of places, region tables, the header's common part."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated._census import perturb
from eobench_simulated.views._cards import CARDS
from eobench_simulated.views._dense import DenseOptions
from eobench_simulated.views._series import SeriesOptions
from eobench_simulated.views._tables import write_proportions
from eobench_simulated.world import COMMUNES, SENSORS

Array = NDArray[Any]
Int = NDArray[np.int64]
Options = DenseOptions | SeriesOptions

ORIGIN: Final = (
    "Simulated by eobench (plugin eobench_simulated): canopies of PROSPECT-D and 4SAIL in one landscape"
)


@dataclass(frozen=True)
class Text:
    """What a view says of itself.

    Attributes:
        title: one line.
        quirks: what to know.
        options: those that are not in the set's own (`asdict`), for the origin.
    """

    title: str
    quirks: tuple[str, ...]
    options: Mapping[str, Any]


def place_names(area: str, regions: int) -> tuple[Array, Array]:
    """Names of an area's municipalities and of their communes; those of `simulated-fields`."""
    width = len(str(regions - 1))
    names = [f"{area}{m:0{width}}" for m in range(regions)]
    return np.array(names, object), np.array([f"{name}_{c}" for name in names for c in range(COMMUNES)], object)


def image_entry(file: str, shape: Sequence[int], sensor: str, bands: Sequence[str]) -> dict[str, Any]:
    """Header entry of images of a sensor's counts, without gaps."""
    return {
        "file": file,
        "kind": "image",
        "shape": list(shape),
        "dtype": "int16",
        "bands": list(bands),
        "scale": SENSORS[sensor].scale,
        "units": SENSORS[sensor].units,
    }


@dataclass(frozen=True, eq=False)
class Places:
    """Where the rows lie, at one level of the administration.

    Attributes:
        by: the group whose values name the places: `region` (a municipality) or `commune`.
        place: (N,) place of each row.
        names: of all places, those without rows too.
    """

    by: str
    place: Int
    names: Array


def write_tables(
    folder: Path, levels: Sequence[Places], classes: Sequence[str], counts: Array, options: Options
) -> dict[str, Any]:
    """Write for each level an exact table and a census; return their entries in the header.

    Those of the first level are named `exact` and `census`, others `exact_region` and so on. Places without a row
    stand in no table.

    Args:
        folder: to write into.
        levels: of the administration.
        classes: K names.
        counts: (N, K) pixels or rows of each class.
        options: of the set.
    """
    entries: dict[str, Any] = {}
    for level in levels:
        used, index = np.unique(level.place, return_inverse=True)
        areas = np.zeros((len(used), len(classes)))
        np.add.at(areas, index, counts)
        exact = areas / areas.sum(axis=1, keepdims=True)
        generator = np.random.default_rng([options.world.seed, 13])
        tables = {"exact": exact, "census": perturb(exact, options.census_error, generator)}
        for kind, shares in tables.items():
            name = kind if level is levels[0] else f"{kind}_{level.by}"
            write_proportions(folder / f"{name}.parquet", level.by, level.names[used].tolist(), classes, shares)
            entries[name] = {
                "file": f"{name}.parquet",
                "kind": "proportions",
                "by": level.by,
                "exact": kind == "exact",
            }
    return entries


def write_header(folder: Path, name: str, options: Options, text: Text, own: Mapping[str, Any]) -> None:
    """Write dataset.json, which makes the folder a data set.

    Args:
        folder: to write into.
        name: of the card.
        options: of the set.
        text: what the view says of itself.
        own: keys of this set, from `task` to `tables`.
    """
    header = {
        "format": "sample-folder/1",
        "name": name,
        "title": text.title,
        "samples": "samples.parquet",
        **own,
        "origin": f"{ORIGIN}; options {json.dumps(asdict(options) | dict(text.options))}",
        "source": "generated on the user's machine; nothing is downloaded",
        "licence": CARDS[name].licence,
        "citation": CARDS[name].citation,
        "quirks": [
            "simulated: useful to compare methods under known truth, no evidence of accuracy on real land",
            "one sun and view geometry all year; no flowers, no topography, no labels in error",
            *text.quirks,
            f"tables count the labelled samples, test rows included; census is wrong by {options.census_error} "
            "in each place (sum over classes of |reported - true|)",
        ],
    }
    (folder / "dataset.json").write_text(json.dumps(header, indent=1) + "\n", encoding="utf-8")
