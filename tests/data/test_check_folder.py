"""Checking a sample folder: leaks, cut groups, unseen classes and broken files are found and counted."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eobench.data import (
    ModalityArray,
    ModalityFiles,
    ModalityInfo,
    RegionTable,
    SplitInfo,
    check_folder,
    progress_to,
    write_folder,
)
from eobench.data._check_values import ValueCheck

N = 8


def make(path: Path, values: Any = None, **other: Any) -> Path:
    info = ModalityInfo("s2", "series", (2, 1), ("ndvi",))
    held = np.arange(2.0 * N).reshape(N, 2, 1) if values is None else values
    given: dict[str, Any] = {
        "classes": ("corn", "rice", "wheat"),
        "splits": {"area": SplitInfo("area", "split", "farm", "grouped")},
        "label": [0, 1, 2, 0, 1, 2, 0, 1],
        "split": ["train"] * 4 + ["val"] * 2 + ["test"] * 2,
        "farm": ["a", "a", "b", "b", "c", "c", "d", "d"],
        "tables": {},
        "flags": {},
    } | other
    write_folder(
        path / "made",
        name="made",
        title="Made up",
        classes=given["classes"],
        modalities={"s2": ModalityArray(info, held, None, np.array([0, 10], np.int16))},
        samples={key: given[key] for key in ("label", "split", "farm")} | given["flags"],
        flags=tuple(given["flags"]),
        splits=given["splits"],
        default_split="area",
        groups=("farm",),
        tables=given["tables"],
    )
    return path / "made"


def found(folder: Path, level: str) -> list[str]:
    return [f.text for f in check_folder(folder) if f.level == level]


def test_a_sound_folder_has_no_error_and_no_warning(tmp_path: Path) -> None:
    folder = make(tmp_path)
    assert found(folder, "error") == []
    assert found(folder, "warning") == []
    assert found(folder, "info") == ["split area: 4 train, 2 val, 2 test"]


def test_a_test_row_that_copies_a_train_row_is_counted_whatever_its_label_or_group(tmp_path: Path) -> None:
    values = np.arange(2.0 * N).reshape(N, 2, 1)
    values[5] = values[0]
    values[6] = values[7] = values[4]  # copies of a validation row are none of train
    split = ["train"] * 4 + ["val"] + ["test"] * 3
    folder = make(tmp_path, values, split=split, splits={"area": SplitInfo("area", "split", None, "within")})
    assert found(folder, "warning") == [
        "5 rows hold the inputs of a row of another class",
        "split area: 1 of 3 test rows (33.3 %) copy the inputs of a train row",
    ]
    assert "3 of 8 rows repeat the inputs of another row" in found(folder, "info")


def test_a_group_that_is_cut_is_an_error_where_it_is_declared_whole(tmp_path: Path) -> None:
    farm = ["a", "a", "b", "b", "c", "c", "a", "d"]
    assert found(make(tmp_path, farm=farm), "error") == ["split area: farm 'a' cut between test and train"]


@pytest.mark.parametrize(
    ("val", "errors"), [("grouped", ["split area: farm 'a' cut between val and train"]), ("within", [])]
)
def test_validation_groups_are_whole_only_where_grouped(tmp_path: Path, val: Any, errors: list[str]) -> None:
    farm = ["a", "a", "b", "b", "a", "c", "d", "d"]
    splits = {"area": SplitInfo("area", "split", "farm", val)}
    assert found(make(tmp_path, farm=farm, splits=splits), "error") == errors


def test_a_class_that_train_never_sees_is_a_warning(tmp_path: Path) -> None:
    folder = make(tmp_path, label=[0, 1, 0, 0, 1, 0, 2, -1])
    assert found(folder, "warning") == ["split area: test holds class 'wheat' that train never saw"]
    assert "1 of 8 rows are unlabelled" in found(folder, "info")


def test_a_subset_without_rows_is_an_error(tmp_path: Path) -> None:
    assert found(make(tmp_path, split=["train"] * 6 + ["val"] * 2), "error") == ["split area: no test rows"]


def test_validation_rows_that_the_header_denies_are_an_error(tmp_path: Path) -> None:
    splits = {"area": SplitInfo("area", "split", None, None)}
    assert found(make(tmp_path, splits=splits), "error") == [
        "split area: val is null, but 2 rows are validation rows"
    ]


def test_missing_steps_and_empty_rows_are_counted(tmp_path: Path) -> None:
    values = np.arange(2.0 * N).reshape(N, 2, 1)
    values[0] = np.nan
    folder = make(tmp_path, values)
    assert found(folder, "warning") == ["modality s2: 1 rows have no observation at all"]
    assert "modality s2: 12.5 % of steps are missing" in found(folder, "info")
    values[1, 0] = np.inf
    assert found(make(tmp_path / "other", values), "error") == ["modality s2: 1 infinite values (from row 1)"]


def scaled(values: Any, valid: Any = None, days: Any = (0, 10), fill: float | None = None) -> list[str]:
    """What is found in the values of one modality, read in two blocks."""
    info = ModalityInfo("s2", "series", np.shape(values)[1:], ("red", "nir"))
    given = tuple(days) if np.ndim(days) == 1 else "s2_days.npy"
    check = ValueCheck("modality s2", ModalityFiles(info, "s2.npy", "int16", None, given, None, fill))
    mask = None if valid is None else np.array(valid)
    part = ModalityArray(info, np.array(values), mask, np.array(days, np.int16))
    for rows in (slice(0, 2), slice(2, None)):
        check.add(part.take(rows))
    return [text for _, text, _ in check.findings()]


GOOD = np.arange(12, dtype=np.int16).reshape(3, 2, 2)


def test_sound_values_give_no_finding() -> None:
    assert scaled(GOOD) == []


def test_a_step_that_holds_the_fill_although_the_mask_calls_it_observed_is_found() -> None:
    values = GOOD.copy()
    values[2, 1] = -1
    valid = np.ones((3, 2), bool)
    assert scaled(values, valid, fill=-1) == [
        "modality s2: 1 steps that the mask calls observed hold the fill -1 alone"
    ]
    valid[2, 1] = False
    assert scaled(values, valid, fill=-1) == ["modality s2: 16.7 % of steps are missing"]


def test_dates_that_do_not_rise_are_found_where_they_were_observed() -> None:
    assert scaled(GOOD, days=(10, 10)) == ["modality s2: its days do not rise from step to step"]
    days = [[0, 5], [0, 5], [5, 0]]
    assert scaled(GOOD, days=days) == ["modality s2: the days of 1 rows do not rise from step to step"]
    assert scaled(GOOD, [[True, True], [True, True], [True, False]], days) == [
        "modality s2: 16.7 % of steps are missing"
    ]


def test_a_band_of_one_value_and_a_step_that_nobody_saw_are_found() -> None:
    values = GOOD.copy()
    values[:, :, 1] = 7
    assert scaled(values) == ["modality s2: one and the same value everywhere in nir"]
    valid = np.array([[True, False]] * 3)
    assert scaled(GOOD, valid)[1] == "modality s2: step 1 is observed in no row"


def test_a_flag_that_marks_the_copies_is_named(tmp_path: Path) -> None:
    values = np.arange(2.0 * N).reshape(N, 2, 1)
    values[6] = values[0]
    folder = make(tmp_path, values, label=[0] * N, flags={"copied": [False] * 6 + [True, False]})
    [copies] = [f for f in check_folder(folder) if f.about == "copies"]
    assert copies.todo == "flag 'copied' marks them: set exclude: copied"


def test_checking_reads_rows_and_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[Any] = []
    with progress_to(told.append):
        check_folder(make(tmp_path))
    assert (told[-1].folder, told[-1].done, told[-1].total, told[-1].unit) == ("made", N, N, "rows")


def test_a_region_that_a_table_lacks_is_a_warning(tmp_path: Path) -> None:
    shares = np.array([0.5, 0.5, 0])
    table = RegionTable("farm", {"a": shares, "b": shares, "d": shares})
    assert found(make(tmp_path, tables={"exact": table}), "warning") == ["table exact lacks farm 'c'"]


def test_a_class_without_labels_is_a_warning(tmp_path: Path) -> None:
    folder = make(tmp_path, classes=("corn", "rice", "wheat", "oat"))
    assert found(folder, "warning") == ["no label of class 'oat'"]


def test_what_cannot_be_read_is_an_error_not_an_exception(tmp_path: Path) -> None:
    folder = make(tmp_path)
    (folder / "s2.npy").write_bytes(b"not an array")
    assert len(found(folder, "error")) == 1
    assert "s2.npy" in found(folder, "error")[0]
    assert "holds no dataset.json" in found(tmp_path, "error")[0]


REAL = Path(os.environ.get("EOBENCH_DATA", "/nowhere"))
real = pytest.mark.skipif("EOBENCH_DATA" not in os.environ, reason="EOBENCH_DATA is not set: no real data at hand")


@real
def test_the_test_rows_of_ucr_crop_that_copy_a_train_row_are_found() -> None:
    texts = found(REAL / "ucr_crop", "warning")
    assert "split official: 2753 of 16799 test rows (16.4 %) copy the inputs of a train row" in texts


@real
def test_the_class_that_train_never_saw_in_central_asia_is_found() -> None:
    texts = found(REAL / "cawa_central_asia", "warning")
    assert "split region: test holds class 'wheat-maize' that train never saw" in texts


@real
@pytest.mark.parametrize(
    "name",
    [
        *("agnet_bags", "agnet_patches", "cawa_central_asia", "cerrado_cbers"),
        *("matogrosso_modis", "ucr_crop", "us_s2_cdl", "worldcereal_canada"),
    ],
)
def test_no_real_folder_breaks_its_own_promise(name: str) -> None:
    assert found(REAL / name, "error") == []
