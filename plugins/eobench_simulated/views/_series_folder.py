"""The folder of a set of pixel series: arrays, columns with their splits, region tables, header."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated._census import perturb, true_proportions
from eobench_simulated._writer import write_arrays
from eobench_simulated.views._cards import CARDS, COMMUNES
from eobench_simulated.views._series import (
    MODALITY,
    SeriesOptions,
    array_specs,
    band_names,
    class_names,
    compute,
    make_jobs,
    world_of,
)
from eobench_simulated.views._splits import PARTS, split_by_block, split_by_field, split_by_region
from eobench_simulated.views._tables import write_columns, write_proportions
from eobench_simulated.world import SENSORS

Array = NDArray[Any]
Int = NDArray[np.int64]

UNLABELLED: Final = -1
NO_PART: Final = "pool"  # of unlabelled rows that lie in the validation or test part: they are in none


def write_series(
    folder: Path, name: str, options: SeriesOptions, texts: Mapping[str, object], identity: str = ""
) -> None:
    """Write the whole sample folder.

    Args:
        folder: empty, or left by an interrupted call.
        name: of the card.
        options: of the set.
        texts: `title`, `origin` and `quirks` of the header.
        identity: see `write_arrays`.
    """
    arrays = write_arrays(folder, array_specs(options), make_jobs(options), compute, identity=identity)
    columns = _Columns(options, arrays)
    write_columns(folder / "samples.parquet", options.rows, columns.take)
    for table, shares in columns.proportions().items():
        write_proportions(folder / f"{table}.parquet", "region", columns.regions, class_names(options), shares)
    header = _header(name, options, texts)
    (folder / "dataset.json").write_text(json.dumps(header, indent=1) + "\n", encoding="utf-8")


class _Columns:
    """The columns of samples.parquet, from what the jobs noted of each row."""

    def __init__(self, options: SeriesOptions, arrays: Mapping[str, Array]) -> None:
        self._options = options
        self._arrays = arrays
        width = len(str(options.world.regions - 1))
        self.regions = [f"{options.area}{m:0{width}}" for m in range(options.world.regions)]
        first = _starts(arrays["place"], arrays["parcel"])
        self._field = np.repeat(np.arange(len(first), dtype=np.int32), np.diff(first, append=options.rows))
        self._labelled = np.add.reduceat(~np.asarray(arrays["unlabelled"]), first, dtype=np.int64)
        self._label = arrays["label"][first].astype(np.int64)
        self._place = arrays["place"][first].astype(np.int64)
        self._parts = self._splits()

    def _splits(self) -> dict[str, Int]:
        """Part of each field, by split; fields without labelled rows have no say in those of the others."""
        seed = self._options.world.seed
        region = self._place // COMMUNES
        climate = np.asarray(world_of(self._options.world).climate(self._options.area))
        parts = {name: np.zeros(len(self._label), np.int64) for name in ("random", "block", "region")}
        for known in (self._labelled > 0, self._labelled == 0):
            if known.any():
                streams = [np.random.default_rng([seed, 11, index]) for index in range(2)]
                parts["random"][known] = split_by_field(self._label[known], streams[0])
                parts["region"][known] = split_by_region(region[known], climate, self._label[known], streams[1])
        block = np.random.default_rng([seed, 11, 2])
        parts["block"] = split_by_block(self._place, self._label, self._labelled, block)
        return parts

    def take(self, rows: slice) -> dict[str, Array]:
        """The columns of some rows."""
        field, unlabelled = self._field[rows], np.asarray(self._arrays["unlabelled"][rows])
        place = self._place[field]
        regions = np.array(self.regions, object)
        communes = np.array([f"{name}_{c}" for name in self.regions for c in range(COMMUNES)], object)
        columns: dict[str, Array] = {
            "label": np.where(unlabelled, UNLABELLED, self._arrays["label"][rows]).astype(np.int16),
            "region": regions[place // COMMUNES],
            "commune": communes[place],
            "field": field,
            "mixed": np.asarray(self._arrays["mixed"][rows]),
        }
        names = np.array([*PARTS, NO_PART], object)
        for split, parts in self._parts.items():
            part = parts[field]
            columns[f"split_{split}"] = names[np.where(unlabelled & (part > 0), len(PARTS), part)]
        return columns

    def proportions(self) -> dict[str, NDArray[np.float64]]:
        """The tables: exact for the labelled rows of each municipality, and as a census reports them."""
        options = self._options
        labelled = ~np.asarray(self._arrays["unlabelled"])
        region = np.asarray(self._arrays["place"])[labelled] // COMMUNES
        label = np.asarray(self._arrays["label"])[labelled]
        ones = np.ones(len(label), np.int64)
        exact = true_proportions(region, label, ones, len(self.regions), len(class_names(options)))
        generator = np.random.default_rng([options.world.seed, 13])
        return {"exact": exact, "census": perturb(exact, options.census_error, generator)}


def _starts(*columns: Array) -> Int:
    """Where a field's rows begin, (F,): rows come sorted by commune and parcel."""
    change = np.ones(len(columns[0]), np.bool_)
    change[1:] = False
    for column in columns:
        change[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(change)


def _header(name: str, options: SeriesOptions, texts: Mapping[str, object]) -> dict[str, Any]:
    world = world_of(options.world)
    days = world.acquisitions(options.area, options.year, "sentinel2", options.dates).days
    return {
        "format": "sample-folder/1",
        "name": name,
        "title": texts["title"],
        "task": "classification",
        "classes": list(class_names(options)),
        "samples": "samples.parquet",
        "modalities": {
            MODALITY[sensor]: {
                "file": f"{MODALITY[sensor]}.npy",
                "kind": "series",
                "shape": [options.rows, options.dates, len(band_names(sensor))],
                "dtype": "int16",
                "valid": "valid.npy",
                "bands": list(band_names(sensor)),
                "scale": SENSORS[sensor].scale,
                "units": SENSORS[sensor].units,
                "fill": SENSORS[sensor].fill,
                "days": [int(day) for day in days],
                "start": f"{options.year}-01-01",
            }
            for sensor in options.sensors
        },
        "groups": ["region", "commune", "field"],
        "flags": ["mixed"],
        "splits": {
            "random": {"column": "split_random", "whole": "field", "val": "grouped"},
            "block": {"column": "split_block", "whole": "commune", "val": "grouped"},
            "region": {"column": "split_region", "whole": "region", "val": "within"},
        },
        "default_split": "block",
        "tables": {
            "exact": {"file": "exact.parquet", "kind": "proportions", "by": "region", "exact": True},
            "census": {"file": "census.parquet", "kind": "proportions", "by": "region", "exact": False},
        },
        "origin": f"{texts['origin']}; options {json.dumps(asdict(options))}",
        "source": "generated on the user's machine; nothing is downloaded",
        "licence": CARDS[name].licence,
        "citation": CARDS[name].citation,
        "quirks": [*_quirks(options), *_list(texts["quirks"])],
    }


def _list(values: object) -> Sequence[object]:
    return values if isinstance(values, Sequence) else [values]


def _quirks(options: SeriesOptions) -> list[str]:
    return [
        "simulated: useful to compare methods under known truth, no evidence of accuracy on real fields",
        "one sun and view geometry all year; no flowers, no topography, no labels in error",
        "dates are acquisitions, not composites",
        "region split: the coolest quarter of the municipalities is test; random split: fields are whole",
        "flag mixed: the pixel sees a neighbouring parcel as well; its label is that of most of it",
        "tables describe the labelled rows of whole municipalities, test rows included; census is wrong by "
        f"{options.census_error} in each (sum over classes of |reported - true|)",
    ]
