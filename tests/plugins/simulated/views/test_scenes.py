"""`simulated-scenes`: many classes, few of them frequent, and scenes without labels beside the labelled ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eobench.data import Knobs, Supervision, build_scene, check_folder, open_folder
from eobench.plugin import ParameterError, Places
from eobench_simulated.views import _scene_rows
from eobench_simulated.views._cards import SCENES
from eobench_simulated.views._dense import parse_dense
from eobench_simulated.views._scene_rows import Plan, SceneOptions, make_plan
from eobench_simulated.views._scenes import SimulatedScenes
from eobench_simulated.views._series import world_of

OPTIONS: dict[str, Any] = {"samples": 12, "pool": 16, "size": 64, "crops": 16}


@pytest.fixture(scope="module")
def scenes(make: Any) -> Any:
    return make("simulated-scenes", **OPTIONS)


def targets(made: Any) -> NDArray[np.uint8]:
    return np.load(made.path / "targets.npy", allow_pickle=False)


def plan_of(**options: Any) -> tuple[SceneOptions, Plan]:
    parsed = parse_dense(SceneOptions, SCENES.name, SCENES.resolve(options))
    return parsed, make_plan(SCENES.name, parsed)


def pixels(window: Any) -> set[tuple[int, int, int]]:
    """The blocks of 64 x 64 pixels that a window covers."""
    blocks = range(0, window.size, 64)
    return {(window.municipality, window.row + down, window.col + right) for down in blocks for right in blocks}


def test_the_folder_is_a_sample_folder_without_errors(scenes: Any) -> None:
    assert "error" not in {finding.level for finding in check_folder(scenes.path)}


def test_scenes_have_thirteen_bands_and_the_pool_has_too(scenes: Any) -> None:
    bands = scenes.header["modalities"]["s2"]["bands"]
    assert bands == [*(f"B{n:02}" for n in range(1, 9)), "B8A", "B09", "B10", "B11", "B12"]
    assert scenes.values().shape == (12, 64, 64, 13)
    pool = np.load(scenes.path / "pool_s2.npy", allow_pickle=False)
    assert pool.shape == (16, 64, 64, 13)
    assert scenes.header["pools"]["unlabelled"]["bands"] == bands
    assert (pool > 0).all()
    assert scenes.values()[..., 10].max() < 40


def test_there_are_24_classes_and_most_are_rare() -> None:
    options, _ = plan_of()
    world = world_of(options.world)
    assert len(world.classes) == 24
    shares = world.class_shares("A", 2021).mean(axis=0)
    assert (shares < 0.02).sum() >= 10
    assert shares.max() > 50 * shares.min()


def test_maps_are_of_the_ground_below_also_where_communes_meet() -> None:
    options, plan = plan_of(samples=32, size=128, pool=0)
    window = next(w for w in plan.labelled if w.size == 128 and w.row == 256)
    assert _scene_rows.Window(0, 320, 320, 128).communes == (0, 1, 2, 3)
    world = world_of(options.world)
    made = _scene_rows.class_maps(options, (window,), "all")["targets.npy"][0]
    for part in window.parts():
        tile = world.tile("A", window.municipality, part.commune, 2021)
        np.testing.assert_array_equal(made[part.window], tile.label[part.tile])


def test_no_scene_of_the_pool_overlaps_a_labelled_one_or_lies_where_a_split_by_place_tests() -> None:
    _, plan = plan_of()
    assert len(plan.labelled) == 32
    assert len(plan.pool) == 48
    seen = [pixels(window) for window in (*plan.labelled, *plan.pool)]
    assert len(set().union(*seen)) == sum(map(len, seen))
    for name in ("block", "region"):
        tested = {
            w.municipality for w, part in zip(plan.labelled, plan.splits[name].part, strict=True) if part == 2
        }
        assert tested
        assert not tested & {w.municipality for w in plan.pool}


@pytest.mark.parametrize("split", ["random", "block", "region"])
def test_a_split_never_cuts_its_group(scenes: Any, split: str) -> None:
    entry = scenes.header["splits"][split]
    parts = scenes.samples[entry["column"]]
    assert set(parts) == {"train", "val", "test"}
    if entry["whole"]:
        groups = scenes.samples[entry["whole"]]
        assert not set(groups[parts == "test"]) & set(groups[parts != "test"])


def test_the_pool_joins_a_view_without_labels(scenes: Any) -> None:
    scene = build_scene(
        open_folder(scenes.path),
        split="block",
        modalities=(),
        supervision=Supervision("full"),
        knobs=Knobs(pool=True),
        seed=0,
        flatten=False,
    )
    labels = scene.view.labels
    assert labels is not None
    assert int((labels < 0).all(axis=(1, 2)).sum()) == 16


def test_tables_count_the_pixels_of_the_labelled_scenes(scenes: Any) -> None:
    region, classes = scenes.samples.region, len(scenes.header["classes"])
    counts = np.stack(
        [np.bincount(targets(scenes)[region == r].ravel(), minlength=classes) for r in sorted(set(region))]
    )
    exact, census = (scenes.table(name).to_numpy() for name in ("exact", "census"))
    np.testing.assert_allclose(exact, counts / counts.sum(axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_allclose(np.abs(census - exact).sum(axis=1), 0.1, atol=1e-5)


def test_another_year_shows_the_same_land_with_other_crops(make: Any, scenes: Any) -> None:
    other = make("simulated-scenes", **OPTIONS, year=2022)
    assert other.samples.equals(scenes.samples)
    assert other.header["classes"] == scenes.header["classes"]
    woods = scenes.header["classes"].index("deciduous_forest")
    np.testing.assert_array_equal(targets(other) == woods, targets(scenes) == woods)
    assert (targets(other) != targets(scenes)).mean() > 0.05


def test_a_set_needs_no_pool(make: Any) -> None:
    made = make("simulated-scenes", **OPTIONS | {"pool": 0})
    assert "pools" not in made.header
    assert not (made.path / "pool_s2.npy").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 31}, r"samples.*31.*16 regions with scenes of 256 pixels need from 32 to 144"),
        ({"samples": 200}, r"samples.*200.*from 32 to 144"),
        ({"pool": 130}, r"pool.*130.*need from 0 to \d+"),
        ({"size": 100}, r"size.*100.*64, 128, 256"),
        ({"crops": 17}, r"crops.*17.*2 to 16"),
    ],
)
def test_impossible_options_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        SimulatedScenes(options, Places(None, tmp_path))
    assert not list(tmp_path.iterdir())
