"""`pool_mask`: the farmed part of a pool, told by how much NDVI moves over the year."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eobench.data import (
    Knobs,
    ModalityArray,
    ModalityInfo,
    SampleFolder,
    SplitInfo,
    Supervision,
    build_scene,
    open_folder,
    write_folder,
)
from eobench.plugin import ParameterError, Places, discover, make_dataset
from eobench_datasets._pool_mask import ndvi_deviation

STEPS = 6
DAYS = np.arange(STEPS, dtype=np.int16)
WAVE = np.array([1, -1] * 3)
DEVIATIONS = np.array([0.02, 0.3, 0.1, 0.2, 0.05])
"""Of the five rows of the pool: forest, soybean, pasture, maize, savanna, say."""
BANDS = ("red", "nir")


def series(deviations: np.ndarray) -> np.ndarray:
    """(N, T, 2) red and near infrared as 16-bit reflectance, whose NDVI swings around 0.5."""
    ndvi = 0.5 + deviations[:, None] * WAVE
    return np.rint(np.stack([(1 - ndvi) / 2, (1 + ndvi) / 2], axis=-1) * 10_000).astype(np.int16)


def pool(values: np.ndarray, bands: tuple[str, ...] = BANDS, valid: np.ndarray | None = None) -> ModalityArray:
    info = ModalityInfo("land", "series", values.shape[1:], bands, 1e-4)
    return ModalityArray(info, values, valid, DAYS)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A set of 40 labelled series with a pool of five, the second of which has a gap; and one without a pool."""
    valid = np.ones((5, STEPS), bool)
    valid[1, 4:] = False
    for name, pools in (("with_pool", {"land": pool(series(DEVIATIONS), valid=valid)}), ("without", None)):
        info = ModalityInfo("s2", "series", (STEPS, 2), BANDS, 1e-4)
        write_folder(
            tmp_path / "data" / name,
            name=name,
            title="Mine",
            classes=("corn", "rice"),
            modalities={"s2": ModalityArray(info, series(np.linspace(0.1, 0.3, 40)), None, DAYS)},
            samples={"label": np.arange(40) % 2, "split": ["train"] * 30 + ["test"] * 10},
            splits={"random": SplitInfo("random", "split", None, None)},
            default_split="random",
            pools=pools,
        )
    return Places(tmp_path / "data", tmp_path / "cache")


def opened(places: Places, name: str = "with_pool", **params: str) -> SampleFolder:
    card = discover(places, ["eobench_datasets"], entry_points=False).datasets[name]
    return open_folder(make_dataset(card, params, places).folder())


def test_the_deviation_is_that_of_ndvi_over_the_observed_steps() -> None:
    valid = np.ones((5, STEPS), bool)
    valid[0, 1:] = False  # one step: it cannot move
    valid[4] = False
    found = ndvi_deviation(pool(series(DEVIATIONS), valid=valid))
    assert_allclose(found, [0, 0.3, 0.1, 0.2, np.nan], atol=1e-3)
    stored = np.rint((0.5 + DEVIATIONS[:, None] * WAVE) * 10_000).astype(np.int16)[..., None]
    assert_allclose(ndvi_deviation(pool(stored, ("ndvi",))), DEVIATIONS, atol=1e-3)


def test_rows_that_move_less_leave_the_pool_and_all_else_is_as_it_was(places: Places) -> None:
    whole, part = opened(places), opened(places, pool_mask="deviation-0.15")
    assert_array_equal(part.pool("land").values, whole.pool("land").values[[1, 3]])
    assert_array_equal(part.pool("land").valid, [[True] * 4 + [False] * 2, [True] * 6])
    assert_array_equal(part.modality("s2").values, whole.modality("s2").values)
    assert_array_equal(part.labels(), whole.labels())
    assert part.path != whole.path


def test_a_percentile_leaves_out_that_share_of_the_pool(places: Places) -> None:
    part = opened(places, pool_mask="percentile-40")
    assert_array_equal(part.pool("land").values, series(DEVIATIONS)[[1, 2, 3]])


def test_the_mask_is_made_before_bands_are_chosen(places: Places) -> None:
    part = opened(places, pool_mask="deviation-0.15", bands="red")
    assert part.pool("land").info.bands == ("red",)
    assert_array_equal(part.pool("land").values, series(DEVIATIONS)[[1, 3]][..., :1])


@pytest.mark.parametrize("level", ["global", "census"])
def test_bags_are_drawn_from_what_stays_of_the_pool(places: Places, level: str) -> None:
    folder = opened(places, pool_mask="deviation-0.15")
    given = {"area": "train"} if level == "global" else {"source": "perturbed", "error": 0.1}
    scene = build_scene(
        folder,
        split="random",
        modalities=(),
        supervision=Supervision(level, bag_size=4, redraws=1, **given),
        knobs=Knobs(pool=True, validation="none"),
        seed=0,
        flatten=False,
    )
    assert scene.view.bags is not None
    of_pool = {row.tobytes() for row in series(DEVIATIONS)[[1, 3]]}
    bagged = scene.view.inputs.modalities[0].values[scene.view.bags.partition(0).rows]
    assert len(bagged) == 32  # 30 of train and 2 of the pool, in bags of 4
    assert of_pool <= {np.ascontiguousarray(row).tobytes() for row in bagged}


def test_more_than_any_row_deviates_is_an_error_with_the_most(places: Places) -> None:
    with pytest.raises(ParameterError, match=r"at most 0\.3"):
        opened(places, pool_mask="deviation-0.6")


@pytest.mark.parametrize("text", ["0.15", "deviation", "deviation-2", "percentile-0", "percentile-x", "share-5"])
def test_another_mask_says_what_is_allowed(places: Places, text: str) -> None:
    with pytest.raises(ParameterError, match="as percentile-25"):
        opened(places, pool_mask=text)


def test_a_pool_without_ndvi_names_what_is_there(tmp_path: Path, places: Places) -> None:
    info = ModalityInfo("sar", "series", (STEPS, 1), ("VV",))
    values = np.ones((4, STEPS, 1), np.float32)
    write_folder(
        tmp_path / "data" / "radar",
        name="radar",
        title="Radar",
        classes=("corn", "rice"),
        modalities={"sar": ModalityArray(info, values, None, DAYS)},
        samples={"label": np.arange(4) % 2, "split": ["train"] * 2 + ["test"] * 2},
        splits={"random": SplitInfo("random", "split", None, None)},
        default_split="random",
        pools={"land": ModalityArray(info, values, None, DAYS)},
    )
    with pytest.raises(ParameterError, match=r"found land \(series: VV\)"):
        opened(places, "radar", pool_mask="deviation-0.1")


def test_a_set_without_a_pool_has_no_such_option(places: Places) -> None:
    with pytest.raises(ParameterError, match="pool_mask"):
        opened(places, "without", pool_mask="deviation-0.1")
