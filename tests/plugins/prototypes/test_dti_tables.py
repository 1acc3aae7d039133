"""Table 4 of Vincent et al. in the small: each transformation lowers the reconstruction error on test rows."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from eobench.data import Knobs, Supervision, build_scene, open_folder
from eobench.plugin import Budget, Places, RunContext, discover, make_dataset

ROOT = os.environ.get("EOBENCH_DATA")
RAW = {"warp": False, "offset": False}
PIECES = {"raw": RAW, "warp": {"offset": False}, "offset": {}}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Open a data set's `none` scene at a seed."""
    places = Places(Path(ROOT) if ROOT else None, tmp_path_factory.mktemp("cache"))
    registry = discover(places)

    def scene(name, seed, **params):
        card = registry.datasets[name]
        folder = open_folder(make_dataset(card, card.resolve(params), places).folder())
        return build_scene(
            folder,
            split=folder.header.default_split,
            modalities=(),
            supervision=Supervision("none"),
            knobs=Knobs(),
            seed=seed,
            flatten=False,
        )

    return scene, registry.methods["dti-ts"]


def errors(scene, card, seed):
    """Mean reconstruction error on test rows: raw, + time warp, + offset, with eight prototypes."""
    found = {}
    for name, pieces in PIECES.items():
        options = card.resolve({"clusters": 8, "batch_size": 32, "lr": 0.003, "stage_steps": 50, **pieces})
        run = RunContext(seed=seed, budget=Budget(steps=100))
        predictor = card.load_object()(options).fit(scene.view, run)
        found[name] = float(np.mean(predictor.predict(scene.test).reconstruction))
    return found


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_on_the_simulated_world(made, seed):
    open_scene, card = made
    found = errors(open_scene("simulated-fields", seed, samples=600), card, seed)
    assert found["raw"] > found["warp"] > found["offset"]


@pytest.mark.skipif(ROOT is None, reason="EOBENCH_DATA is not set: no real data at hand")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_on_mato_grosso(made, seed):
    if not (Path(ROOT or ".") / "matogrosso_modis").is_dir():
        pytest.skip("matogrosso_modis is not under EOBENCH_DATA")
    open_scene, card = made
    found = errors(open_scene("matogrosso_modis", seed), card, seed)
    assert found["raw"] > found["warp"] > found["offset"]
