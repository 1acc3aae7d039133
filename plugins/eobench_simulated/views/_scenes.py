"""`simulated-scenes`: land cover of large scenes, few of them labelled, and a pool that is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eobench.plugin import Places, Value
from eobench_simulated._writer import ArraySpec, write_arrays
from eobench_simulated.views._cards import SCENES
from eobench_simulated.views._clear import AROUND
from eobench_simulated.views._dataset import SimulatedDataset
from eobench_simulated.views._dense import COUNTS, dense_specs, parse_dense
from eobench_simulated.views._dense_folder import DenseSet, write_dense
from eobench_simulated.views._image_folder import Text, image_entry
from eobench_simulated.views._scene_rows import BANDS, IMAGES, POOL, SceneOptions, compute, make_plan, scene_jobs
from eobench_simulated.views._series import world_of


class SimulatedScenes(SimulatedDataset):
    """Scenes (N, size, size, 13) of Sentinel-2 on one clear date, with a class map each, and an unlabelled pool.

    After Dong et al.: 24 classes that are very unevenly frequent; here all sixteen crops and all eight covers of
    the land (grass, two woods, shrubs, wetland, water, towns and roads, bare land), with the option `imbalance` at
    100. Their 13 bands are those of the level 1C product; B10 (cirrus) sees no ground and is absent from surface
    reflectance, so it is given as what it mostly is, dark and noisy.

    Args:
        params: any of the card's options.
        places: where the cache lies.
        name: of the card.

    Raises:
        ParameterError: the options are impossible together.
    """

    def __init__(self, params: Mapping[str, Value], places: Places, name: str = SCENES.name) -> None:
        super().__init__(SCENES.resolve(params), places, name)
        self._options = parse_dense(SceneOptions, name, self.params)
        self._plan = make_plan(name, self._options)

    def write(self, folder: Path) -> None:
        """Write the sample folder."""
        options, plan = self._options, self._plan
        classes = world_of(options.world).classes
        image = (options.size, options.size, len(BANDS))
        specs = [
            ArraySpec(IMAGES, (options.samples, *image), "int16"),
            *dense_specs(options, options.size, len(classes)),
        ]
        jobs = scene_jobs(options, plan, tuple(spec.name for spec in specs))
        pools: dict[str, Any] = {}
        if options.pool:
            specs.append(ArraySpec(POOL, (options.pool, *image), "int16"))
            pools = {"unlabelled": image_entry(POOL, specs[-1].shape, "sentinel2", BANDS)}
        counts = write_arrays(folder, specs, jobs, compute)[COUNTS]
        made = DenseSet(
            options=options,
            windows=plan.labelled,
            classes=classes,
            by="region",
            modalities={"s2": image_entry(IMAGES, specs[0].shape, "sentinel2", BANDS)},
            default_split="block",
            pools=pools,
        )
        write_dense(folder, self.name, made, counts, plan.splits, _text(options))


def _text(options: SceneOptions) -> Text:
    return Text(
        "Simulated scenes: land cover of Sentinel-2 scenes, with an unlabelled pool, by PROSAIL",
        (
            f"s2: the clearest date of its communes within {AROUND} days of day {options.day}, "
            "cloudy pixels from the next clearest",
            "13 bands: B10 (cirrus) sees no ground and is noise around 0.0012; the others are surface reflectance",
            "block and region splits keep municipalities whole; region: the coolest quarter is test",
            "the pool lies in no municipality that is test in these two; no scene overlaps another",
            "scenes tile a municipality, and may cross from one of its communes to the next, where parcels end",
            "row and col: north-western corner in the municipality, pixels of 10 m",
        ),
        {},
    )
