"""`simulated-fields` is a whole sample folder, the same for the same options, and what these say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eobench.data import check_folder, open_folder
from eobench.plugin import ParameterError, Places
from eobench_simulated import _writer
from eobench_simulated.views import _series
from eobench_simulated.views._fields import SimulatedFields

SPLITS = ("random", "block", "region")


def another(tmp_path: Path, options: dict[str, Any]) -> Path:
    """The same set, made again in another cache."""
    return SimulatedFields(options, Places(None, tmp_path)).folder()


def test_the_folder_is_a_sample_folder_without_faults(default: Any) -> None:
    assert {finding.level for finding in check_folder(default.path)} == {"info"}


def test_the_header_names_every_file_and_no_other(small: Any) -> None:
    header = small.header
    named = {"dataset.json", header["samples"]}
    named |= {m[key] for m in header["modalities"].values() for key in ("file", "valid")}
    named |= {table["file"] for table in header["tables"].values()}
    assert {file.name for file in small.path.iterdir()} == named


def test_arrays_are_as_the_header_says(small: Any) -> None:
    modality = small.header["modalities"]["s2"]
    assert small.values().shape == tuple(modality["shape"]) == (360, 12, 12)
    assert small.values().dtype == modality["dtype"]
    assert small.valid.shape == (360, 12)
    assert len(modality["bands"]) == 12
    assert (np.diff(modality["days"]) > 0).all()
    assert 0 <= modality["days"][0] <= modality["days"][-1] < 365


def test_reflectance_is_physical_and_unobserved_values_are_the_fill(small: Any) -> None:
    modality, values = small.header["modalities"]["s2"], small.values()
    assert (values[~small.valid] == modality["fill"]).all()
    observed = values[small.valid] * modality["scale"]
    assert observed.min() > 0
    assert np.quantile(observed, 0.999) < 0.8
    assert small.valid.any(axis=1).all()


def test_the_tropics_have_their_own_crops_and_no_more_than_six(make: Any) -> None:
    tropics = make(landscape="tropical", crops=10, samples=720)
    assert tropics.header["classes"][:2] == ["soybean_corn", "soybean_cotton"]
    assert len(tropics.header["classes"]) == 6
    assert {finding.level for finding in check_folder(tropics.path)} == {"info"}


def test_the_same_options_give_the_same_bytes(small: Any, tmp_path: Path) -> None:
    again = another(tmp_path, {"samples": 360, "crops": 4, "regions": 4, "dates": 12})
    assert {file.name: file.read_bytes() for file in again.iterdir()} == small.bytes()


def test_workers_change_no_byte(small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_writer, "_WORTH_WORKERS", -1.0)
    again = another(tmp_path, {"samples": 360, "crops": 4, "regions": 4, "dates": 12})
    assert {file.name: file.read_bytes() for file in again.iterdir()} == small.bytes()


def test_the_cut_into_jobs_changes_no_pixel_and_no_column(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Noise is drawn for the pixels that are observed together; all else is a function of the place.
    monkeypatch.setattr(_series, "_ROWS_A_JOB", 13)
    again = another(tmp_path, {"samples": 360, "crops": 4, "regions": 4, "dates": 12})
    for name in ("samples.parquet", "exact.parquet", "census.parquet", "dataset.json"):
        assert (again / name).read_bytes() == small.bytes()[name]
    both = np.load(again / "valid.npy", allow_pickle=False) & small.valid
    assert both.mean() > 0.95 * small.valid.mean()
    values = np.load(again / "s2.npy", allow_pickle=False)[both].astype(float)
    assert np.corrcoef(values.ravel(), small.values()[both].ravel())[0, 1] > 0.97


def test_another_seed_year_or_area_is_another_set_of_the_same_classes(make: Any, small: Any) -> None:
    for options in ({"seed": 1}, {"year": 2022}, {"area": "B"}):
        other = make(**options)
        assert other.header["classes"] == small.header["classes"]
        assert (other.values() != small.values()).mean() > 0.5
    assert not set(make(area="B").samples.region) & set(small.samples.region)


def test_clouds_hide_the_same_pixels_and_change_none(make: Any) -> None:
    clear, cloudy = make(cloud_fraction=0.0, haze=0.0), make(cloud_fraction=0.6, haze=0.0)
    assert clear.samples.equals(cloudy.samples)
    np.testing.assert_array_equal(clear.values()[cloudy.valid], cloudy.values()[cloudy.valid])


def test_the_census_error_changes_the_census_alone(make: Any, small: Any) -> None:
    other = make(census_error=0.4)
    for name in ("samples.parquet", "s2.npy", "valid.npy", "exact.parquet"):
        assert other.bytes()[name] == small.bytes()[name]
    assert not np.allclose(other.table("census"), small.table("census"))


def test_fields_hold_one_class_in_one_commune_of_one_region(default: Any) -> None:
    each = default.samples.groupby("field")
    assert (each[["label", "commune", "region"]].nunique() == 1).all(axis=None)
    assert (default.samples.groupby("commune").region.nunique() == 1).all()
    assert 4 < len(default.samples) / len(each) < 9


def test_samples_lie_in_every_municipality(small: Any, default: Any) -> None:
    assert small.samples.region.value_counts().min() > 80
    assert default.samples.region.nunique() == 16
    assert default.samples.commune.nunique() == 64


@pytest.mark.parametrize("split", SPLITS)
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


@pytest.mark.parametrize("split", SPLITS)
def test_train_holds_every_class(default: Any, small: Any, split: str) -> None:
    for made in (default, small):
        assert (made.counts(f"split_{split}").loc["train"] > 0).all()


@pytest.mark.parametrize("split", ["random", "block"])
def test_every_part_of_a_split_holds_every_class(default: Any, split: str) -> None:
    assert (default.counts(f"split_{split}") > 0).all(axis=None)


def test_the_exact_table_counts_all_rows_of_each_region(small: Any) -> None:
    counts = small.counts("region")
    table = small.table("exact")
    assert list(table.index) == list(counts.index)
    np.testing.assert_allclose(table, counts.to_numpy() / counts.to_numpy().sum(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("error", [0.0, 0.1, 0.4])
def test_the_census_is_wrong_by_the_chosen_amount_in_every_region(make: Any, error: float) -> None:
    made = make(census_error=error)
    census, exact = made.table("census").to_numpy(), made.table("exact").to_numpy()
    np.testing.assert_allclose(np.abs(census - exact).sum(axis=1), error, atol=1e-5)
    np.testing.assert_allclose(census.sum(axis=1), 1, atol=1e-5)
    assert (census >= 0).all()


def test_other_land_can_be_drawn_too(make: Any, small: Any) -> None:
    land = make(land="all")
    crops = small.header["classes"]
    assert land.header["classes"][: len(crops)] == crops
    assert len(land.header["classes"]) > len(crops)
    assert land.samples.label.max() >= len(crops)


def test_mixed_pixels_are_flagged(default: Any) -> None:
    assert 0.01 < default.samples.mixed.mean() < 0.6


def test_what_the_harness_reads_is_what_was_made(small: Any) -> None:
    opened = open_folder(small.path)
    assert opened.header.name == "simulated-fields"
    assert opened.header.default_split == "block"
    assert {name: table.exact for name, table in opened.header.tables.items()} == {"exact": True, "census": False}
    assert opened.modality("s2").values.shape == (360, 12, 12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 100}, r"samples.*100.*need from 480 to \d{7}"),
        ({"samples": 3_000_000}, r"samples.*3000000.*to \d{7}"),
        ({"samples": 300_000, "region_contrast": 2.0, "area": "B", "seed": 3}, r"samples.*300000.*to \d{6}"),
        ({"samples": 600, "regions": 100}, r"samples.*600.*100 regions.*need from 2400"),
        ({"crops": 99}, r"crops.*99.*whole number"),
        ({"census_error": 0.6}, r"census_error.*0\.6.*0 to 0\.5"),
        ({"dates": 400}, r"dates.*400.*4 to 144"),
        ({"area": "C"}, r"area.*'C'.*'A', 'B'"),
        ({"year": 2020}, r"year.*2020.*2021"),
        ({"cloudfraction": 0.1}, r"cloudfraction.*cloud_fraction"),
    ],
)
def test_impossible_options_are_refused_before_anything_is_made(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        SimulatedFields(options, Places(None, tmp_path))
    assert not list(tmp_path.iterdir())


def test_the_smallest_set_that_is_allowed_can_be_made(make: Any) -> None:
    made = make(samples=48, field_pixels=1, dates=4)
    assert set(made.samples.label) == {0, 1, 2, 3}
    assert set(made.samples.split_block) == {"train", "val", "test"}
