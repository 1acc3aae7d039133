"""`simulated-chips`: chips that tile communes, with the classes of their pixels and the communes' shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eobench.data import Knobs, Supervision, build_scene, check_folder, open_folder
from eobench.plugin import ParameterError, Places
from eobench_simulated.views._chips import SimulatedChips
from eobench_simulated.views._series import world_of
from eobench_simulated.world import WorldOptions

OPTIONS: dict[str, Any] = {"samples": 64}


@pytest.fixture(scope="module")
def make_chips(make: Any) -> Any:
    def call(**options: Any) -> Any:
        return make("simulated-chips", **OPTIONS | options)

    return call


@pytest.fixture(scope="module")
def chips(make_chips: Any) -> Any:
    return make_chips()


def maps(made: Any) -> NDArray[np.uint8]:
    return np.load(made.path / "targets.npy", allow_pickle=False)


def shares(made: Any, by: str) -> NDArray[np.float64]:
    """Of the classes in the maps of each place, (places, K), places sorted by name."""
    classes = len(made.header["classes"])
    counts = np.stack([np.bincount(m.ravel(), minlength=classes) for m in maps(made)])
    places = sorted(set(made.samples[by]))
    summed = np.stack([counts[made.samples[by] == place].sum(axis=0) for place in places])
    return np.asarray(summed / summed.sum(axis=1, keepdims=True))


def test_the_folder_is_a_sample_folder_without_errors(chips: Any) -> None:
    assert "error" not in {finding.level for finding in check_folder(chips.path)}


def test_a_chip_has_three_bands_and_a_map_of_the_same_size(chips: Any) -> None:
    assert chips.header["task"] == "segmentation"
    assert chips.header["modalities"]["rgb"]["bands"] == ["B04", "B03", "B02"]
    assert chips.values("rgb").shape == (64, 96, 96, 3)
    assert maps(chips).shape == (64, 96, 96)
    assert (chips.values("rgb") > 0).all()


def test_sixteen_chips_tile_a_commune(chips: Any) -> None:
    world = world_of(WorldOptions(crops=4, regions=4))
    land = world.tile("A", 1, 0, 2021).label
    rows = chips.samples[chips.samples.commune == "A1_0"]
    assert len(rows) == 16
    seen = np.zeros((384, 384), np.int64)
    for index, row in rows.iterrows():
        window = slice(row.row, row.row + 96), slice(row.col, row.col + 96)
        seen[window] += 1
        crops = land[window] < 4
        np.testing.assert_array_equal(maps(chips)[index] == chips.header["classes"].index("crops"), crops)
    assert (seen == 1).all()


def test_trees_are_darker_than_towns(chips: Any) -> None:
    red, land, classes = chips.values("rgb")[..., 0], maps(chips), chips.header["classes"]
    trees, towns = (np.median(red[land == classes.index(name)]) for name in ("trees", "built_up"))
    assert trees < 0.6 * towns


@pytest.mark.parametrize(("suffix", "by"), [("", "commune"), ("_region", "region")])
def test_exact_tables_count_pixels_and_a_census_is_wrong_by_the_chosen_amount(
    make_chips: Any, suffix: str, by: str
) -> None:
    made = make_chips(samples=128, census_error=0.2)
    exact, census = (made.table(f"{kind}{suffix}", by).to_numpy() for kind in ("exact", "census"))
    np.testing.assert_allclose(exact, shares(made, by), atol=1e-6)
    np.testing.assert_allclose(np.abs(census - exact).sum(axis=1), 0.2, atol=1e-5)
    assert len(exact) == {"commune": 8, "region": 4}[by]


def test_each_chip_is_shown_with_the_shares_of_its_commune(chips: Any) -> None:
    scene = build_scene(
        open_folder(chips.path),
        split="block",
        modalities=(),
        supervision=Supervision("regions", by="commune"),
        knobs=Knobs(),
        seed=0,
        flatten=False,
    )
    bags = scene.view.bags
    assert bags is not None
    shown = {tuple(np.round(p, 4)) for p in np.asarray(bags.partitions[0].proportions)}
    known = {tuple(np.round(p, 4)) for p in chips.table("exact", "commune").to_numpy()}
    assert shown <= known
    assert scene.truth.shape[1:] == (96, 96)


@pytest.mark.parametrize("split", ["random", "block", "region"])
def test_splits_keep_their_group_whole_and_train_on_every_class(make_chips: Any, split: str) -> None:
    made = make_chips(samples=128)
    entry = made.header["splits"][split]
    parts = made.samples[entry["column"]]
    assert set(parts) == {"train", "val", "test"}
    if entry["whole"]:
        groups = made.samples[entry["whole"]]
        assert not set(groups[parts == "test"]) & set(groups[parts != "test"])
    assert set(np.unique(maps(made)[parts == "train"])) == set(range(len(made.header["classes"])))


def test_legends_are_groups_of_the_same_land(make_chips: Any, chips: Any) -> None:
    land, crops = make_chips(legend="all"), make_chips(legend="crops")
    assert crops.header["classes"] == [*land.header["classes"][:4], "other_land"]
    np.testing.assert_array_equal(maps(crops), np.minimum(maps(land), 4))
    cover = maps(chips) == chips.header["classes"].index("crops")
    np.testing.assert_array_equal(cover, maps(land) < 4)
    np.testing.assert_array_equal(chips.values("rgb"), land.values("rgb"))


def test_a_median_is_smoother_than_a_date(make_chips: Any, chips: Any) -> None:
    median = make_chips(composite="median")
    fine, coarse = (np.abs(np.diff(m.values("rgb").astype(float), axis=1)).mean() for m in (median, chips))
    assert fine < 0.9 * coarse


def test_fewer_chips_are_a_part_of_more(make_chips: Any, chips: Any) -> None:
    fewer = make_chips(samples=32)
    places = ["commune", "row", "col"]
    assert set(map(tuple, fewer.samples[places].to_numpy())) <= set(map(tuple, chips.samples[places].to_numpy()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 40}, r"samples.*40.*16 regions need from 64 to 1024"),
        ({"samples": 1025}, r"samples.*1025.*from 64 to 1024"),
        ({"composite": "mean"}, r"composite.*'mean'.*clearest"),
        ({"legend": "five"}, r"legend.*'five'.*cover"),
    ],
)
def test_impossible_options_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        SimulatedChips(options, Places(None, tmp_path))
