"""Every supervision level on every real folder at hand."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from eobench.data import (
    EobenchError,
    Knobs,
    LabelBudget,
    Supervision,
    UnsupportedError,
    build_scene,
    open_folder,
    unsupported_reason,
)

ROOT = os.environ.get("EOBENCH_DATA")
pytestmark = pytest.mark.skipif(ROOT is None, reason="EOBENCH_DATA is not set: no real data at hand")
NAMES = (
    "agnet_bags",
    "agnet_patches",
    "cawa_central_asia",
    "cerrado_cbers",
    "matogrosso_modis",
    "ucr_crop",
    "us_s2_cdl",
    "worldcereal_canada",
)
BAGS_OF_IMAGES = ("bags", "regions", "global", "census")  # of label maps: their pixels are not series then
LEVELS = (
    Supervision("full"),
    Supervision("few", labels=LabelBudget(per_class=20)),
    Supervision("bags", bag_size=32),
    Supervision("bags", bag_size=256, redraws=2),
    Supervision("regions"),
    Supervision("global", bag_size=32),
    Supervision("census", bag_size=32, source="perturbed", error=0.1),
    Supervision("census", bag_size=32),
    Supervision("none"),
)


def opened(name):
    path = Path(ROOT or "") / name
    if not path.is_dir():
        pytest.skip(f"{name} is not under EOBENCH_DATA")
    return open_folder(path)


def scene(folder, supervision, split=None, knobs=None):
    dense = folder.header.task == "segmentation"
    return build_scene(
        folder,
        split=split or folder.header.default_split,
        modalities=(),
        supervision=supervision,
        knobs=knobs or Knobs(),
        seed=0,
        flatten=dense and supervision.level not in BAGS_OF_IMAGES,
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_level_of_every_split_is_built_or_planned_as_unsupported(name):
    folder = opened(name)
    for split in folder.header.splits:
        counts = folder.counts(split)
        for supervision in LEVELS:
            reason = unsupported_reason(folder.header, counts, split, supervision, Knobs())
            if reason is not None:
                with pytest.raises(UnsupportedError):
                    scene(folder, supervision, split)
                continue
            built = scene(folder, supervision, split)
            assert len(built.train_truth) == len(built.view) > 0
            assert len(built.truth) == len(built.test) == counts.test * np.prod(built.map_shape or (1, 1))
            for bags in (built.view.bags, built.test_bags):
                for part in bags.partitions if bags else ():
                    assert part.proportions.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_central_asia_by_region_names_the_class_that_train_never_saw():
    built = scene(opened("cawa_central_asia"), Supervision("full"), "region")
    assert "wheat-maize (137 scored)" in built.warning
    assert (built.truth == built.classes.index("wheat-maize")).sum() == 137


def test_agnet_tiles_carry_the_shares_of_the_whole_tile():
    folder = opened("agnet_bags")
    built = scene(folder, Supervision("regions", by="tile"))
    part, table = built.view.bags.partition(0), np.stack(list(folder.table("proportions").values()))
    exact = {v.tobytes() for v in np.round(table / table.sum(axis=1, keepdims=True), 4).astype(np.float32)}
    found = [v.tobytes() for v in np.round(part.proportions.astype(np.float64), 4).astype(np.float32)]
    assert len(part) == 947
    assert set(found) <= exact
    of_pixels = np.stack([np.bincount(built.train_truth[part.bag(i)], minlength=16) / 64 for i in range(50)])
    assert 0.01 < np.abs(of_pixels - part.proportions[:50]).mean() < 0.05


def test_a_pool_of_two_of_six_bands_is_unsupported():
    with pytest.raises(EobenchError, match="no pool that fits"):
        scene(opened("cerrado_cbers"), Supervision("none"), knobs=Knobs(pool=True))


def test_a_scene_of_20000_series_takes_less_than_03_seconds_once_opened():
    folder = opened("us_s2_cdl")
    scene(folder, Supervision("full"))
    seconds = []
    for supervision in (Supervision("full"), Supervision("bags", bag_size=32)):
        start = time.perf_counter()
        scene(folder, supervision, "random")
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.3
