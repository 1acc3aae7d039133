"""`simulated-patches`: patches of two sensors, labelled by the pixel at their centre."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Places, Value
from eobench_simulated._writer import write_arrays
from eobench_simulated.views._cards import PATCHES
from eobench_simulated.views._clear import AROUND
from eobench_simulated.views._dataset import SimulatedDataset
from eobench_simulated.views._image_folder import Places as Level
from eobench_simulated.views._image_folder import Text, image_entry, place_names, write_header, write_tables
from eobench_simulated.views._patch_rows import (
    OPTICAL,
    SAR,
    SIZE,
    PatchOptions,
    compute,
    parse_patches,
    patch_jobs,
    patch_specs,
)
from eobench_simulated.views._series import class_names, world_of
from eobench_simulated.views._splits import PARTS, split_by_block, split_by_field, split_by_region
from eobench_simulated.views._tables import write_columns
from eobench_simulated.views._window_splits import split_parcels
from eobench_simulated.world import COMMUNES, SENSORS

Array = NDArray[Any]
Int = NDArray[np.int64]

PARCEL_SPLITS: Final = {"polygon_50": 0.5, "polygon_75": 0.75}
"""Share of each class's parcels that train, as in La Rosa et al.: Campo Verde, and LEM."""


class SimulatedPatches(SimulatedDataset):
    """Patches (N, 21, 21, C) of 10 m, with the class of the pixel at the centre, which lies inside a parcel.

    After La Rosa et al.: modality `optical` is one clear date of Landsat 8 (resampled to the radar's grid, as
    there) or of Sentinel-2; `sar` stacks VV and VH of several dates of Sentinel-1 as channels. In the paper each
    is an experiment of its own: choose with `modalities=sar`.

    Args:
        params: any of the card's options.
        places: where the cache lies.
        name: of the card.

    Raises:
        ParameterError: the options are impossible together.
    """

    def __init__(self, params: Mapping[str, Value], places: Places, name: str = PATCHES.name) -> None:
        super().__init__(PATCHES.resolve(params), places, name)
        self._options = parse_patches(name, self.params)

    def write(self, folder: Path) -> None:
        """Write the sample folder."""
        options, common = self._options, self._options.drawn
        specs, classes = patch_specs(options), class_names(common)
        arrays = write_arrays(folder, specs, patch_jobs(options), compute)
        columns = _columns(options, arrays)
        write_columns(
            folder / "samples.parquet", common.samples, lambda rows: {k: v[rows] for k, v in columns.items()}
        )
        regions, communes = place_names(common.area, common.world.regions)
        place = arrays["place"].astype(np.int64)
        levels = (Level("region", place // COMMUNES, regions), Level("commune", place, communes))
        counts = np.asarray(arrays["label"])[:, None] == np.arange(len(classes))
        tables = write_tables(folder, levels, classes, counts, common)
        own = {
            "task": "classification",
            "classes": list(classes),
            "modalities": {
                "optical": image_entry(OPTICAL, specs[0].shape, options.optical, options.bands),
                "sar": image_entry(SAR, specs[1].shape, "sentinel1", options.sar_bands),
            },
            "groups": ["region", "commune", "field"],
            "flags": [],
            "splits": {
                "random": {"column": "split_random", "whole": "field", "val": "grouped"},
                "block": {"column": "split_block", "whole": "commune", "val": "grouped"},
                "region": {"column": "split_region", "whole": "region", "val": "within"},
                **{key: {"column": f"split_{key}", "whole": "field", "val": None} for key in PARCEL_SPLITS},
            },
            "default_split": "block",
            "tables": tables,
        }
        write_header(folder, self.name, common, _text(options), own)


def _columns(options: PatchOptions, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The columns of samples.parquet."""
    world, area = options.drawn.world, options.drawn.area
    place, label = arrays["place"].astype(np.int64), arrays["label"].astype(np.int64)
    # Rows come sorted by commune and parcel, so fields are numbered in the order of the rows.
    _, first, field = np.unique(place << 32 | arrays["parcel"], return_index=True, return_inverse=True)
    regions, communes = place_names(area, world.regions)
    columns: dict[str, Array] = {
        "label": np.asarray(arrays["label"]),
        "region": regions[place // COMMUNES],
        "commune": communes[place],
        "field": field.astype(np.int32),
        "row": np.asarray(arrays["row"]),
        "col": np.asarray(arrays["col"]),
    }
    random, region, block, *parcels = (np.random.default_rng([world.seed, 11, index]) for index in (0, 1, 2, 4, 5))
    place, label = place[first], label[first]
    climate = np.asarray(world_of(world).climate(area))
    parts = {
        "random": split_by_field(label, random),
        "block": split_by_block(place, label, np.bincount(field), block),
        "region": split_by_region(place // COMMUNES, climate, label, region),
    }
    for (name, train), stream in zip(PARCEL_SPLITS.items(), parcels, strict=True):
        parts[name] = split_parcels(label, train, stream)
    return columns | {f"split_{name}": np.array(PARTS, object)[part[field]] for name, part in parts.items()}


def _text(options: PatchOptions) -> Text:
    coarse = SENSORS[options.optical].grid < SENSORS["sentinel1"].grid
    repeated = "; each pixel of 30 m is repeated 3 x 3 on the radar's grid of 10 m" if coarse else ""
    return Text(
        f"Simulated patches: {SIZE} x {SIZE} pixels of two sensors around pixels of parcels, by PROSAIL",
        (
            f"optical: {options.optical} on the commune's clearest date within {AROUND} "
            f"days of day {options.day}, cloudy pixels from the next clearest{repeated}",
            "sar: VV and VH of each date as channels; VV_d026 is of the day 26 after 1 January",
            f"the centre and {options.border} pixel(s) around it, each way, lie in one parcel",
            "random and polygon splits: parcels are whole (polygon: as in the paper), but a patch may show a "
            "parcel of the other part; block split: communes are whole, and no patch reaches into another",
            "region split: the coolest quarter of the municipalities is test",
            "row and col: the centre in its commune, pixels of 10 m",
        ),
        {"optical": options.optical, "day": options.day, "border": options.border},
    )
