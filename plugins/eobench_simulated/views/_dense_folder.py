"""The folder of a set of class maps: columns with their splits, region tables, header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench_simulated.views._dense import IGNORED, TARGETS, DenseOptions
from eobench_simulated.views._image_folder import Places, Text, place_names, write_header, write_tables
from eobench_simulated.views._splits import PARTS
from eobench_simulated.views._tables import write_columns
from eobench_simulated.views._window_splits import Split
from eobench_simulated.views._windows import Window
from eobench_simulated.world import COMMUNES

Array = NDArray[Any]
Int = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DenseSet:
    """What is written about a set of class maps.

    Attributes:
        options: of the set.
        windows: (N,) in the order of the rows.
        classes: K names.
        by: group of the tables `exact` and `census`: `region` (a municipality) or `commune`; the other has tables
            of its own where windows lie in one commune each.
        modalities, pools: entries of the header.
        default_split: name.
        void: some pixels are ignored.
        more: further keys of the header.
    """

    options: DenseOptions
    windows: tuple[Window, ...]
    classes: tuple[str, ...]
    by: str
    modalities: Mapping[str, Any]
    default_split: str
    void: bool = False
    pools: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def regions(self) -> Int:
        """Municipality of each row."""
        return np.array([w.municipality for w in self.windows])

    @property
    def communes(self) -> Int | None:
        """Commune of each row, numbered through the area; None where windows cross from one to the next."""
        if any(len(w.communes) > 1 for w in self.windows):
            return None
        made: Int = self.regions * COMMUNES + np.array([w.commune for w in self.windows])
        return made


def write_dense(
    folder: Path, name: str, made: DenseSet, counts: Array, splits: Mapping[str, Split], text: Text
) -> None:
    """Write all that stands beside the arrays.

    Args:
        folder: that holds the arrays.
        name: of the card.
        made: the set.
        counts: (N, K) pixels of each class.
        splits: by name.
        text: what the view says of itself.
    """
    options, communes = made.options, made.communes
    region_names, commune_names = place_names(options.area, options.world.regions)
    columns: dict[str, Array] = {"region": region_names[made.regions]}
    if communes is not None:
        columns["commune"] = commune_names[communes]
    groups = list(columns)
    columns["row"] = np.array([w.row for w in made.windows], np.int32)
    columns["col"] = np.array([w.col for w in made.windows], np.int32)
    for key, split in splits.items():
        columns[f"split_{key}"] = np.array(PARTS, object)[split.part]
    write_columns(
        folder / "samples.parquet",
        len(made.windows),
        lambda rows: {key: values[rows] for key, values in columns.items()},
    )
    levels = [Places("region", made.regions, region_names)]
    if communes is not None:
        levels.append(Places("commune", communes, commune_names))
    levels.sort(key=lambda level: level.by != made.by)
    own = {
        "task": "segmentation",
        "classes": list(made.classes),
        "modalities": dict(made.modalities),
        "targets": {"file": TARGETS, "ignore": IGNORED if made.void else None},
        "groups": groups,
        "flags": [],
        "splits": {k: {"column": f"split_{k}", "whole": s.whole, "val": s.val} for k, s in splits.items()},
        "default_split": made.default_split,
        "tables": write_tables(folder, levels, made.classes, counts, options),
        **({"pools": dict(made.pools)} if made.pools else {}),
        **made.more,
    }
    write_header(folder, name, options, text, own)
