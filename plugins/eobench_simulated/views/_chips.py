"""`simulated-chips`: RGB chips that tile communes, with the classes of their pixels and the communes' shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Places, Value
from eobench_simulated._writer import ArraySpec, Job, write_arrays
from eobench_simulated.views._cards import CHIPS
from eobench_simulated.views._clear import AROUND, SEASON, clear_days, observe_clear, observe_median
from eobench_simulated.views._dataset import SimulatedDataset
from eobench_simulated.views._dense import (
    COUNTS,
    DenseOptions,
    check_range,
    class_maps,
    dense_specs,
    parse_dense,
    tiles_of,
)
from eobench_simulated.views._dense_folder import DenseSet, write_dense
from eobench_simulated.views._image_folder import Text, image_entry
from eobench_simulated.views._legend import legend
from eobench_simulated.views._series import world_of
from eobench_simulated.views._window_splits import split_blocks, split_coolest, split_windows
from eobench_simulated.views._windows import Window, choose, even_shares, windows_of_commune
from eobench_simulated.world import COMMUNES, SENSORS, TILE

SIZE: Final = 96
BANDS: Final = ("B04", "B03", "B02")
IMAGES: Final = "rgb.npy"
_INDEX: Final = tuple(SENSORS["sentinel2"].bands.index(band) for band in BANDS)
_IN_COMMUNE: Final = (TILE // SIZE) ** 2
_FEWEST: Final = 4  # chips of a municipality


@dataclass(frozen=True)
class ChipOptions(DenseOptions):
    """Options of `simulated-chips`."""

    day: int
    composite: str
    legend: str


@dataclass(frozen=True)
class Chips:
    """The payload of a job: chips of one commune."""

    options: ChipOptions
    windows: tuple[Window, ...]


def chip_windows(options: ChipOptions) -> list[tuple[Window, ...]]:
    """The chips of each commune: as few communes as hold them all, and one of each municipality at least."""
    regions = options.world.regions
    communes = max(regions, -(-options.samples // _IN_COMMUNE))
    counts = enumerate(even_shares(communes, regions))
    places = [(region, commune) for region, count in counts for commune in range(count)]
    made = []
    for (region, commune), count in zip(places, even_shares(options.samples, communes), strict=True):
        key = [options.world.seed, ord(options.area), region * COMMUNES + commune, 21]
        grid = windows_of_commune(region, commune, SIZE)
        made.append(tuple(choose(grid, count, np.random.default_rng(key))))
    return made


def compute(job: Chips) -> dict[str, NDArray[Any]]:
    """Chips of one commune: images, class maps and their counts."""
    options, first = job.options, job.windows[0]
    world, tiles = tiles_of(options, first.municipality, (first.commune,))
    tile, median = tiles[first.commune], options.composite == "median"
    days = clear_days(world, [tile], "sentinel2", options.day)
    values = np.empty((len(job.windows), SIZE, SIZE, len(BANDS)), np.int16)
    for index, window in enumerate(job.windows):
        (part,) = window.parts()
        if median:
            seen = observe_median(world, tile, "sentinel2", options.day, *part.pixels(), _INDEX)
        else:
            seen = observe_clear(world, tile, "sentinel2", days, *part.pixels(), _INDEX)
        values[index] = seen.reshape(values.shape[1:])
    return {IMAGES: values, **class_maps(options, job.windows, options.legend)}


class SimulatedChips(SimulatedDataset):
    """Chips (N, 96, 96, 3) of red, green and blue, with a class map each.

    As Ramos-Pollan et al. use them: a method may be shown the shares of the classes in each chip's commune, and is
    scored on the pixels. Sixteen chips tile a commune.

    Args:
        params: any of the card's options.
        places: where the cache lies.
        name: of the card.

    Raises:
        ParameterError: the options are impossible together.
    """

    def __init__(self, params: Mapping[str, Value], places: Places, name: str = CHIPS.name) -> None:
        super().__init__(CHIPS.resolve(params), places, name)
        options = self._options = parse_dense(ChipOptions, name, self.params)
        regions = options.world.regions
        most = regions * COMMUNES * _IN_COMMUNE
        check_range(name, "samples", options.samples, _FEWEST * regions, most, f"{regions} regions")

    def write(self, folder: Path) -> None:
        """Write the sample folder."""
        options = self._options
        world = world_of(options.world)
        classes, _ = legend(world, options.legend)
        specs = [
            ArraySpec(IMAGES, (options.samples, SIZE, SIZE, len(BANDS)), "int16"),
            *dense_specs(options, SIZE, len(classes)),
        ]
        jobs: list[Job] = []
        windows: list[Window] = []
        for chips in chip_windows(options):
            rows = (len(windows), len(windows) + len(chips))
            jobs.append(Job(Chips(options, chips), dict.fromkeys((s.name for s in specs), rows)))
            windows += chips
        counts = write_arrays(folder, specs, jobs, compute)[COUNTS]
        made = DenseSet(
            options=options,
            windows=tuple(windows),
            classes=classes,
            by="commune",
            modalities={"rgb": image_entry(IMAGES, specs[0].shape, "sentinel2", BANDS)},
            default_split="block",
        )
        commune = made.regions if made.communes is None else made.communes
        streams = [np.random.default_rng([options.world.seed, 11, index]) for index in (2, 1, 0)]
        splits = {
            "random": split_windows(counts, streams[2]),
            "block": split_blocks(commune, counts, "commune", streams[0]),
            "region": split_coolest(made.regions, world.climate(options.area), streams[1]),
        }
        write_dense(folder, self.name, made, counts, splits, _text(options))


def _text(options: ChipOptions) -> Text:
    around, day = (SEASON if options.composite == "median" else AROUND), options.day
    seen = (
        f"each band's median over the clear dates within {around} days of day {day}"
        if options.composite == "median"
        else f"the commune's clearest date within {around} days of day {day}, cloudy pixels from the next clearest"
    )
    return Text(
        "Simulated chips: RGB of Sentinel-2 that tile communes, with land cover, by PROSAIL",
        (
            f"rgb: {seen}",
            "block split: communes are whole; region split: the coolest quarter of the municipalities is test",
            "row and col: north-western corner in the municipality, pixels of 10 m; commune c lies at row c // 2 "
            "and column c % 2 of two by two",
        ),
        {},
    )
