"""`bands=a+b`: some of the bands of a folder, so that a pool of other bands than the samples can be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eobench.data import (
    DatasetMissingError,
    Knobs,
    ModalityArray,
    ModalityInfo,
    SampleFolder,
    SplitInfo,
    Supervision,
    build_scene,
    check_folder,
    fingerprint,
    open_folder,
    without_preparing,
    write_folder,
)
from eobench.plugin import ParameterError, Places, discover, make_dataset
from eobench.testing import check_dataset

DAYS = np.arange(3, dtype=np.int16)
VALUES = np.random.default_rng(0).integers(1, 9999, (12, 3, 4)).astype(np.int16)
POOL = np.random.default_rng(1).integers(1, 9999, (5, 3, 2)).astype(np.int16)
VALID = np.random.default_rng(2).random((12, 3)) < 0.7


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A data root with one set: four bands of optics, one of radar, and a pool of two bands in another order."""
    VALID[:, 0] = True
    write_folder(
        tmp_path / "data" / "mine",
        name="mine",
        title="Mine",
        classes=("corn", "rice"),
        modalities={
            "s2": ModalityArray(
                ModalityInfo("s2", "series", (3, 4), ("red", "nir", "ndvi", "evi"), 1e-4), VALUES, VALID, DAYS
            ),
            "s1": ModalityArray(ModalityInfo("s1", "series", (3, 1), ("VV",)), VALUES[..., :1], None, DAYS),
        },
        samples={"label": np.arange(12) % 2, "split": ["train"] * 8 + ["test"] * 4},
        splits={"random": SplitInfo("random", "split", None, None)},
        default_split="random",
        pools={
            "cube": ModalityArray(ModalityInfo("cube", "series", (3, 2), ("evi", "ndvi"), 1e-4), POOL, None, DAYS)
        },
    )
    return Places(tmp_path / "data", tmp_path / "cache")


def opened(places: Places, bands: str | None) -> SampleFolder:
    card = discover(places, ["eobench_datasets"], entry_points=False).datasets["mine"]
    return open_folder(make_dataset(card, {} if bands is None else {"bands": bands}, places).folder())


def test_the_chosen_bands_stand_in_the_chosen_order_and_all_else_is_as_it_was(places: Places) -> None:
    whole, part = opened(places, None), opened(places, "evi+red")
    found = part.modality("s2")
    assert found.info.bands == ("evi", "red")
    np.testing.assert_array_equal(found.values, VALUES[..., [3, 0]])
    np.testing.assert_array_equal(found.valid, VALID)
    np.testing.assert_array_equal(part.labels(), whole.labels())
    np.testing.assert_array_equal(part.modality("s1").values, whole.modality("s1").values)
    assert [f.text for f in check_folder(part.path) if f.level == "error"] == []


def test_a_pool_is_cut_to_the_same_bands_so_that_a_task_can_take_it(places: Places) -> None:
    part = opened(places, "ndvi+evi")
    np.testing.assert_array_equal(part.pool("cube").values, POOL[..., [1, 0]])
    assert rows(part, pool=True) == rows(part, pool=False) + 5


def rows(folder: SampleFolder, *, pool: bool) -> int:
    scene = build_scene(
        folder,
        split="random",
        modalities=("s2",),
        supervision=Supervision("none"),
        knobs=Knobs(pool=pool),
        seed=0,
        flatten=False,
    )
    return len(scene.view.inputs)


def test_a_pool_that_lacks_a_chosen_band_stays_as_it_is(places: Places) -> None:
    part = opened(places, "red+ndvi")
    assert part.pool("cube").info.bands == ("evi", "ndvi")


def test_without_a_choice_it_is_the_folder_itself(places: Places) -> None:
    assert places.data is not None
    assert opened(places, None).path == places.data / "mine"
    assert not places.cache.exists()


def test_the_choice_and_its_order_are_part_of_what_identifies_the_data(places: Places) -> None:
    marks = {fingerprint(opened(places, b).path, places.cache) for b in (None, "ndvi", "ndvi+evi", "evi+ndvi")}
    assert len(marks) == 4


def test_a_copy_is_made_once_and_again_when_the_data_changed(places: Places) -> None:
    first = opened(places, "ndvi").path
    assert opened(places, "ndvi").path == first
    assert places.data is not None
    np.save(places.data / "mine" / "s2.npy", VALUES + 1)
    again = opened(places, "ndvi")
    assert again.path != first
    np.testing.assert_array_equal(again.modality("s2").values, VALUES[..., [2]] + 1)


def test_a_listing_makes_no_copy(places: Places) -> None:
    with without_preparing(), pytest.raises(DatasetMissingError, match="eobench data prepare"):
        opened(places, "ndvi")


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        (
            "ndwi",
            r"mine: option 'bands': unknown band 'ndwi'. Did you mean 'ndvi'\? Allowed: VV, evi, ndvi, nir, red",
        ),
        ("ndvi+", "unknown band ''"),
        ("ndvi+evi+ndvi", "names 'ndvi' twice"),
    ],
)
def test_bands_that_are_not_there_or_stand_twice_are_named(places: Places, bands: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        opened(places, bands)


def test_such_a_copy_keeps_the_promises_of_data_sets_that_are_made(places: Places) -> None:
    registry = discover(places, ["eobench_datasets"], entry_points=False)
    found = {o.check: o.status for o in check_dataset("mine[bands=ndvi+evi]", registry, places)}
    assert "failed" not in found.values()
    assert found["preparing-twice-gives-the-same"] == found["damaged-folders-are-refused"] == "passed"
