"""`simulated-series-images`: image series of windows of communes with the class of each pixel, as in PASTIS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Places, Value
from eobench_simulated._writer import ArraySpec, Job, write_arrays
from eobench_simulated.views._cards import SERIES_IMAGES
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
from eobench_simulated.views._image_folder import Text
from eobench_simulated.views._legend import legend
from eobench_simulated.views._series import world_of
from eobench_simulated.views._window_splits import (
    FOLDS,
    Split,
    split_blocks,
    split_coolest,
    split_folds,
    split_windows,
)
from eobench_simulated.views._windows import Window, choose, even_shares, read_ground, windows_of_commune
from eobench_simulated.world import COMMUNES, SENSORS, TILE, Acquisitions

IMAGES: Final = "s2.npy"
PARCELS: Final = "parcels.npy"
BANDS: Final = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
_INDEX: Final = [SENSORS["sentinel2"].bands.index(band) for band in BANDS]
_PASSES: Final = np.arange(2, 365, 5)  # days on which one of the two Sentinel-2 passes
_JOB_BYTES: Final = 48 << 20


@dataclass(frozen=True)
class SeriesImageOptions(DenseOptions):
    """Options of `simulated-series-images`."""

    dates: int
    size: int
    legend: str
    void_borders: bool


@dataclass(frozen=True)
class SeriesImages:
    """The payload of a job: windows of one commune."""

    options: SeriesImageOptions
    windows: tuple[Window, ...]


def draw_days(options: SeriesImageOptions) -> NDArray[np.int16]:
    """Days, (T,), at uneven distances: some of the sensor's passes; of more, fewer are a part."""
    generator = np.random.default_rng([options.world.seed, ord(options.area), options.year, 23])
    days: NDArray[np.int16] = np.sort(generator.permutation(_PASSES)[: options.dates]).astype(np.int16)
    return days


def series_windows(options: SeriesImageOptions) -> list[tuple[Window, ...]]:
    """The windows of each commune; one commune of a municipality is used up before the next is begun."""
    in_commune = (TILE // options.size) ** 2
    made = []
    for region, count in enumerate(even_shares(options.samples, options.world.regions)):
        for commune in range(-(-count // in_commune)):
            key = [options.world.seed, ord(options.area), region * COMMUNES + commune, 24]
            grid, here = windows_of_commune(region, commune, options.size), count - commune * in_commune
            made.append(tuple(choose(grid, here, np.random.default_rng(key))))
    return made


def series_jobs(options: SeriesImageOptions, arrays: list[ArraySpec]) -> tuple[list[Job], tuple[Window, ...]]:
    """Cut the windows into jobs, by commune; return them with all windows in the order of the rows."""
    most = max(1, _JOB_BYTES // (2 * options.dates * options.size**2 * len(BANDS)))
    jobs: list[Job] = []
    chosen: list[Window] = []
    for windows in series_windows(options):
        for first in range(0, len(windows), most):
            part = windows[first : first + most]
            rows = (len(chosen), len(chosen) + len(part))
            jobs.append(Job(SeriesImages(options, part), dict.fromkeys((a.name for a in arrays), rows)))
            chosen += part
    return jobs, tuple(chosen)


def compute(job: SeriesImages) -> dict[str, NDArray[Any]]:
    """Windows of one commune: reflectance, NaN where clouds hid the ground, classes and parcels."""
    options, first = job.options, job.windows[0]
    size, place = options.size, (options.area, options.year)
    world, tiles = tiles_of(options, first.municipality, (first.commune,))
    acquisitions = Acquisitions("sentinel2", *place, draw_days(options))
    images = np.empty((len(job.windows), options.dates, size, size, len(BANDS)), np.float16)
    scale = np.float32(SENSORS["sentinel2"].scale)
    for image, window in zip(images, job.windows, strict=True):
        (part,) = window.parts()
        corner = part.tile[0].start, part.tile[1].start
        tile = tiles[window.commune]
        values, seen = world.observe_window(tile, "sentinel2", acquisitions, *corner, size, size)
        image[...] = values[..., _INDEX] * scale
        image[~seen] = np.nan
    parcels = [read_ground(world, *place, window, "parcel") for window in job.windows]
    maps = class_maps(options, job.windows, options.legend, void_borders=options.void_borders)
    return {IMAGES: images, PARCELS: np.stack(parcels).astype(np.int32), **maps}


class SimulatedSeriesImages(SimulatedDataset):
    """Image series (N, dates, size, size, 10) of Sentinel-2, with a class map each.

    As in PASTIS: ten bands, up to 61 days at uneven distances, five folds. Unlike PASTIS, whose pictures show
    clouds, pixels under cloud are missing (NaN), so that a pixel holds here what its series holds in
    `simulated-fields`. `parcels.npy` (N, size, size) numbers the parcels of each municipality.

    Args:
        params: any of the card's options.
        places: where the cache lies.
        name: of the card.

    Raises:
        ParameterError: the options are impossible together.
    """

    def __init__(self, params: Mapping[str, Value], places: Places, name: str = SERIES_IMAGES.name) -> None:
        super().__init__(SERIES_IMAGES.resolve(params), places, name)
        options = self._options = parse_dense(SeriesImageOptions, name, self.params)
        regions = options.world.regions
        check_range(name, "regions", regions, FOLDS, 400, f"{FOLDS} folds of whole municipalities")
        most = regions * COMMUNES * (TILE // options.size) ** 2
        why = f"{regions} regions with windows of {options.size} pixels"
        check_range(name, "samples", options.samples, regions, most, why)

    def write(self, folder: Path) -> None:
        """Write the sample folder."""
        options = self._options
        classes, _ = legend(world_of(options.world), options.legend)
        image = (options.size, options.size)
        specs = [
            ArraySpec(IMAGES, (options.samples, options.dates, *image, len(BANDS)), "float16"),
            ArraySpec(PARCELS, (options.samples, *image), "int32"),
            *dense_specs(options, options.size, len(classes)),
        ]
        jobs, windows = series_jobs(options, specs)
        counts = write_arrays(folder, specs, jobs, compute)[COUNTS]
        made = DenseSet(
            options=options,
            windows=windows,
            classes=classes,
            by="region",
            modalities={"s2": _entry(options, specs[0])},
            default_split="block",
            void=options.void_borders,
            more={"parcels": {"file": PARCELS, "dtype": "int32"}},
        )
        write_dense(folder, self.name, made, counts, _splits(made, counts), _text(options))


def _splits(made: DenseSet, counts: NDArray[np.integer]) -> dict[str, Split]:
    world = made.options.world
    random, region, block, folds = (np.random.default_rng([world.seed, 11, index]) for index in range(4))
    commune = made.regions if made.communes is None else made.communes
    return {
        "random": split_windows(counts, random),
        "block": split_blocks(commune, counts, "commune", block),
        "region": split_coolest(made.regions, world_of(world).climate(made.options.area), region),
        **split_folds(made.regions, counts, folds),
    }


def _entry(options: SeriesImageOptions, spec: ArraySpec) -> dict[str, Any]:
    return {
        "file": IMAGES,
        "kind": "image-series",
        "shape": list(spec.shape),
        "dtype": spec.dtype,
        "bands": list(BANDS),
        "scale": 1.0,
        "units": SENSORS["sentinel2"].units,
        "fill": "nan",
        "days": [int(day) for day in draw_days(options)],
        "start": f"{options.year}-01-01",
    }


def _text(options: SeriesImageOptions) -> Text:
    void = ("void (255): pixels that see two parcels; tables leave them out",) if options.void_borders else ()
    other = ("other_land is all that is no crop",) if options.legend == "crops" else ()
    return Text(
        "Simulated image series: a year of Sentinel-2 over windows of communes, with crops, by PROSAIL",
        (
            "float16, as NaN marks single pixels under cloud; a step is missing where all of a window is",
            "parcels.npy: parcel of each pixel, those of a municipality's commune c from c times a million on",
            "block split: communes are whole; region split: the coolest quarter of the municipalities is test",
            "fold_k: municipalities are whole; from fold k on, three train, the next validates, the last tests",
            "row and col: north-western corner in the municipality, pixels of 10 m",
            *void,
            *other,
        ),
        {},
    )
