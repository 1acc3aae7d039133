"""`simulated-fields` is a whole sample folder, the same for the same parameters, and what these say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eobench_simulated import _generate
from eobench_simulated._generate import generate


def test_the_header_names_every_file_and_no_other(small: Any) -> None:
    header = small.header
    named = {"dataset.json", header["samples"]}
    named |= {m[key] for m in header["modalities"].values() for key in ("file", "valid")}
    named |= {table["file"] for table in header["tables"].values()}
    assert {file.name for file in small.path.iterdir()} == named


def test_arrays_are_as_the_header_says(small: Any) -> None:
    modality = small.header["modalities"]["s2"]
    assert small.values.shape == tuple(modality["shape"]) == (600, 12, 12)
    assert small.values.dtype == modality["dtype"]
    assert small.valid.shape == small.values.shape[:2]
    assert len(modality["days"]) == 12
    assert len(modality["bands"]) == 12
    assert modality["days"][0] == 0
    assert modality["days"][-1] < 365
    assert (np.diff(modality["days"]) > 0).all()


def test_columns_are_those_that_the_header_names(small: Any) -> None:
    header = small.header
    splits = [split["column"] for split in header["splits"].values()]
    assert list(small.samples.columns) == ["label", *header["groups"], *header["flags"], *splits]
    assert small.samples.label.dtype == np.int16
    assert small.samples.mixed.dtype == np.bool_
    assert set(small.samples.label) == set(range(len(header["classes"])))


def test_reflectance_is_physical_and_unobserved_values_are_the_fill(small: Any) -> None:
    modality = small.header["modalities"]["s2"]
    assert (small.values[~small.valid] == modality["fill"]).all()
    observed = small.values[small.valid] * modality["scale"]
    assert observed.min() > 0
    assert np.quantile(observed, 0.999) < 0.8


def test_the_same_parameters_give_the_same_bytes(make: Any, small: Any) -> None:
    again = make()
    for file in small.path.iterdir():
        assert file.read_bytes() == (again.path / file.name).read_bytes(), file.name


def test_another_seed_gives_another_world(make: Any, small: Any) -> None:
    other = make(seed=1)
    assert (other.samples.label != small.samples.label).mean() > 0.3
    assert (other.values != small.values).mean() > 0.5


@pytest.mark.parametrize("values_at_once", [1, 5_000])
def test_chunks_change_no_number(
    make: Any, small: Any, monkeypatch: pytest.MonkeyPatch, values_at_once: int
) -> None:
    monkeypatch.setattr(_generate, "_VALUES_AT_ONCE", values_at_once)
    chunked = make()
    np.testing.assert_array_equal(chunked.values, small.values)
    np.testing.assert_array_equal(chunked.valid, small.valid)
    assert chunked.samples.equals(small.samples)


def test_clouds_hide_the_same_fields_and_change_none(make: Any) -> None:
    clear, cloudy = make(cloud_fraction=0.0, haze=0.0), make(cloud_fraction=0.6, haze=0.0)
    assert clear.samples.equals(cloudy.samples)
    np.testing.assert_array_equal(clear.values[cloudy.valid], cloudy.values[cloudy.valid])


def test_the_census_error_changes_the_census_alone(make: Any, small: Any) -> None:
    other = make(census_error=0.4)
    for file in ("samples.parquet", "s2.npy", "s2_valid.npy", "exact.parquet"):
        assert (other.path / file).read_bytes() == (small.path / file).read_bytes()
    assert not np.allclose(other.table("census"), small.table("census"))


def test_progress_rises_to_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_generate, "_VALUES_AT_ONCE", 50_000)
    told: list[float] = []
    generate({"samples": 600, "classes": 4, "dates": 12}, tmp_path, told.append)
    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1] == 1


def test_fields_hold_one_class_in_one_block_of_one_region(small: Any) -> None:
    each = small.samples.groupby("field")
    assert (each[["label", "block", "region"]].nunique() == 1).all(axis=None)
    assert len(each) == 600 // 4
    assert (small.samples.groupby("block").region.nunique() == 1).all()


@pytest.mark.parametrize("split", ["random", "block", "region"])
def test_a_split_never_cuts_its_group(default: Any, split: str) -> None:
    entry = default.header["splits"][split]
    parts = default.samples[entry["column"]]
    assert set(parts) == {"train", "val", "test"}
    assert (parts == "train").mean() > 0.5
    groups = {part: set(default.samples[entry["whole"]][parts == part]) for part in ("train", "val", "test")}
    assert not groups["test"] & (groups["train"] | groups["val"])
    if entry["val"] == "grouped":
        assert not groups["val"] & groups["train"]
    else:
        assert groups["val"] <= groups["train"]


@pytest.mark.parametrize("split", ["random", "block"])
def test_every_part_of_a_split_holds_every_class(default: Any, split: str) -> None:
    counts = default.samples.groupby([f"split_{split}", "label"]).size().unstack(fill_value=0)
    assert counts.shape == (3, 8)
    assert (counts > 0).all(axis=None)


def test_the_region_split_holds_out_later_regions(default: Any) -> None:
    # Maize comes up later there, so that its green in June is less.
    days = np.array(default.header["modalities"]["s2"]["days"])
    june = default.ndvi()[:, (days > 150) & (days < 185)]
    maize = default.samples.label == default.header["classes"].index("maize")
    test = default.samples.split_region == "test"
    assert np.nanmean(june[maize & test]) < np.nanmean(june[maize & ~test]) - 0.03


def test_the_exact_table_counts_all_pixels_of_each_region(small: Any) -> None:
    counts = small.samples.groupby(["region", "label"]).size().unstack(fill_value=0)
    shares = counts.to_numpy() / counts.to_numpy().sum(axis=1, keepdims=True)
    table = small.table("exact")
    assert list(table.index) == list(counts.index)
    np.testing.assert_allclose(table, shares, atol=1e-6)
    assert small.header["tables"]["exact"]["exact"] is True


@pytest.mark.parametrize("error", [0.0, 0.1, 0.4])
def test_the_census_is_wrong_by_the_chosen_amount_in_every_region(make: Any, error: float) -> None:
    made = make(census_error=error)
    census, exact = made.table("census").to_numpy(), made.table("exact").to_numpy()
    np.testing.assert_allclose(np.abs(census - exact).sum(axis=1), error, atol=1e-5)
    np.testing.assert_allclose(census.sum(axis=1), 1, atol=1e-5)
    assert (census >= 0).all()
    assert made.header["tables"]["census"]["exact"] is False


@pytest.mark.parametrize("imbalance", [1.0, 20.0])
def test_imbalance_is_the_ratio_of_the_most_to_the_least_frequent_class(make: Any, imbalance: float) -> None:
    shares = make(samples=12_000, dates=4, imbalance=imbalance).shares()
    assert shares.max() / shares.min() == pytest.approx(imbalance, rel=0.5)


def test_regions_differ_more_the_larger_their_contrast(make: Any) -> None:
    spreads = [
        make(samples=6000, dates=4, imbalance=1, region_contrast=contrast)
        .table("exact")
        .to_numpy()
        .std(axis=0)
        .mean()
        for contrast in (0.0, 0.5, 1.5)
    ]
    assert spreads[0] * 1.5 < spreads[1]
    assert spreads[1] * 1.5 < spreads[2]


def test_mixed_pixels_are_flagged_and_differ_from_pure_ones(make: Any) -> None:
    pure, mixed = make(mixed_pixels=0.0), make(mixed_pixels=0.5)
    assert not pure.samples.mixed.any()
    flag = mixed.samples.mixed.to_numpy()
    assert flag.mean() == pytest.approx(0.5, abs=0.06)
    np.testing.assert_array_equal(mixed.values[~flag], pure.values[~flag])
    assert (mixed.values[flag] != pure.values[flag]).any(axis=(1, 2)).mean() > 0.9


def test_the_smallest_set_that_is_allowed_can_be_made(make: Any) -> None:
    made = make(samples=48, classes=4, regions=4, field_pixels=1, dates=4)
    assert set(made.samples.label) == {0, 1, 2, 3}
    assert set(made.samples.split_block) == {"train", "val", "test"}
