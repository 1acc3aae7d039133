"""Writing a sample folder: what is written is read back; what is not valid leaves nothing behind."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eobench.data import (
    DataError,
    ModalityArray,
    ModalityInfo,
    RegionTable,
    SampleFolder,
    SplitInfo,
    open_folder,
    write_folder,
)

CLASSES = ("corn", "rice", "Fichtenwald, gemäßigt")
DTYPES = ("uint8", "uint16", "int16", "int32", "float32", "float64")


@st.composite
def modalities(draw: st.DrawFn, name: str, count: int, kind: Any = None) -> ModalityArray:
    kind = kind or draw(st.sampled_from(["series", "image", "image-series"]))
    steps, side, bands = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    sizes = {"series": (steps,), "image": (side, side + 1), "image-series": (steps, side, side)}[kind] + (bands,)
    steps = 1 if kind == "image" else steps
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    valid = draw(st.none() | arrays(np.bool_, (count, steps)))
    days: Any = np.arange(steps) * draw(st.integers(1, 30)) * (kind != "image")
    if kind != "image" and draw(st.booleans()):
        days = days + draw(arrays(np.int16, (count, 1), elements=st.integers(-100, 100)))
    info = ModalityInfo(
        name=name,
        kind=kind,
        sizes=sizes,
        bands=tuple(f"b{i}" for i in range(bands)),
        scale=draw(st.sampled_from([1.0, 0.0001])),
        units=draw(st.sampled_from([None, "dB"])),
    )
    values = draw(arrays(dtype, (count, *sizes)))
    return ModalityArray(info, values, valid, np.asarray(days, np.int16))


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 6))
    names = draw(st.lists(st.sampled_from(["s2", "s1", "weather-x"]), min_size=1, max_size=2, unique=True))
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
    region = draw(st.lists(text, min_size=count, max_size=count))
    samples: dict[str, Any] = {
        "region": np.array(region, object),
        "year": draw(arrays(np.int16, count)),
        "mixed": draw(arrays(np.bool_, count)),
        "lon": draw(arrays(np.float32, count, elements=st.floats(-180, 180, width=32))),
        "part": np.array(
            draw(st.lists(st.sampled_from(["train", "val", "test", "x"]), min_size=count, max_size=count))
        ),
    }
    given: dict[str, Any] = {"samples": samples, "task": draw(st.sampled_from(["classification", "segmentation"]))}
    if given["task"] == "classification":
        samples["label"] = draw(arrays(np.int64, count, elements=st.integers(-1, len(CLASSES) - 1)))
    else:
        values = st.sampled_from([0, 1, 2, 255])
        given |= {"targets": draw(arrays(np.uint8, (count, 2, 3), elements=values)), "ignore": 255}
    shares = arrays(np.float64, len(CLASSES), elements=st.floats(0.01, 1)).map(lambda v: v / v.sum())
    given["tables"] = {"census": RegionTable("region", {r: draw(shares) for r in set(region)}, exact=False)}
    given["modalities"] = {n: draw(modalities(n, count)) for n in names}
    given["pools"] = {"more": draw(modalities("more", draw(st.integers(1, 4))))}
    given["starts"] = {names[0]: draw(st.sampled_from(["2021-01-01", {"january_1_of": "year"}]))}
    return given


COMMON: dict[str, Any] = {
    "name": "made",
    "title": "Made up",
    "classes": CLASSES,
    "splits": {"area": SplitInfo("area", "part", "region", "within")},
    "default_split": "area",
    "groups": ("region", "year"),
    "flags": ("mixed",),
    "meta": {"origin": "a test", "quirks": ["none"]},
}


def same(written: ModalityArray, read: ModalityArray) -> None:
    assert read.info == written.info
    assert read.values.dtype == written.values.dtype
    np.testing.assert_array_equal(read.values, written.values)
    np.testing.assert_array_equal(read.days, written.days)
    assert (read.valid is None) == (written.valid is None)
    if written.valid is not None:
        np.testing.assert_array_equal(read.valid, written.valid)


@settings(max_examples=60, deadline=None)
@given(contents())
def test_what_is_written_is_read_back(given: dict[str, Any]) -> None:
    with TemporaryDirectory() as place:
        write_folder(Path(place) / "made", **COMMON, **given)
        folder = open_folder(Path(place) / "made")
        header = folder.header
        assert (header.name, header.classes, header.groups, header.flags) == (
            "made",
            CLASSES,
            ("region", "year"),
            ("mixed",),
        )
        assert header.splits == COMMON["splits"]
        assert header.meta == COMMON["meta"]
        for name, modality in given["modalities"].items():
            same(modality, folder.modality(name))
            assert header.modalities[name].start == given["starts"].get(name)
        same(given["pools"]["more"], folder.pool("more"))
        for name in ("region", "year", "mixed", "lon", "part"):
            np.testing.assert_array_equal(folder.column(name), given["samples"][name])
        for region, shares in given["tables"]["census"].proportions.items():
            np.testing.assert_allclose(folder.table("census")[region], shares)
        if header.task == "classification":
            np.testing.assert_array_equal(folder.labels(), given["samples"]["label"])
        else:
            targets = given["targets"].astype(int)
            np.testing.assert_array_equal(folder.labels(), np.where(targets == 255, -1, targets))


def small(**other: Any) -> dict[str, Any]:
    info = ModalityInfo("s2", "series", (2, 1), ("ndvi",))
    values = np.arange(6, dtype=np.float32).reshape(3, 2, 1)
    given: dict[str, Any] = COMMON | {
        "modalities": {"s2": ModalityArray(info, values, None, np.array([0, 10], np.int16))},
        "samples": {
            "label": np.array([0, 1, -1]),
            "region": ["a", "a", "b"],
            "year": [2020, 2020, 2021],
            "mixed": np.zeros(3, bool),
            "part": ["train", "train", "test"],
        },
    }
    return given | other


def with_column(name: str, values: Any) -> dict[str, Any]:
    return small(samples=small()["samples"] | {name: values})


def with_modality(**other: Any) -> dict[str, Any]:
    return small(modalities={"s2": replace(small()["modalities"]["s2"], **other)})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (with_column("label", np.array([0, 1, 3])), "row 2 holds class 3"),
        (with_column("label", np.array([0, 1, -2])), "row 2 holds class -2"),
        (with_column("label", np.array([0, 1, 99999])), "row 2 holds class 99999"),
        (with_column("label", np.array([0.0, 1.0, 2.0])), "column 'label' holds float64"),
        (with_column("year", [2020, 2021]), "differ in length"),
        (with_column("mixed", [0, 1, 0]), "flag 'mixed' is of type int64"),
        (small(groups=("region", "years")), "Did you mean 'year'"),
        (small(default_split="random"), "default_split"),
        (small(meta={"classes": 3}), "meta holds 'classes'"),
        (small(classes=("a", "a", "b")), "twice"),
        (
            small(
                pools={"a": small()["modalities"]["s2"]},
                modalities={n: small()["modalities"]["s2"] for n in ("s2", "pool_a")},
            ),
            "'pool_a.npy' would be written twice",
        ),
        (with_modality(values=np.zeros((4, 2, 1), np.float32)), "holds 3 rows, but dataset.json says 4"),
        (with_modality(values=np.full((3, 2, 1), None)), "Python objects"),
        (with_modality(values=np.zeros((3, 2, 1), np.complex64)), "dtype"),
        (
            with_modality(valid=np.ones((2, 2), bool)),
            "s2_valid.npy: expected a .npy array of bool with shape \\(3, 2\\)",
        ),
        (with_modality(days=np.array([10, 0], np.int16)), "do not increase"),
        (small(tables={"t": RegionTable("region", {"a": np.array([0.5, 0.2, 0.2])})}), "sum to 0.9000"),
        (small(tables={"t": RegionTable("region", {"a": np.array([0.5, 0.5])})}), "'a' has not one proportion"),
        (small(tables={"t": RegionTable("farm", {"a": np.array([1.0, 0, 0])})}), "tables.t.by"),
        (small(modalities={"../s2": small()["modalities"]["s2"]}), "written twice or elsewhere"),
        (small(task="segmentation", targets=np.full((3, 1, 1), 7)), "row 0 holds class 7"),
        (small(task="segmentation", targets=np.zeros((2, 1, 1), np.uint8)), r"shape \(3, H, W\)"),
    ],
)
def test_what_is_not_valid_is_refused_and_leaves_nothing_behind(
    tmp_path: Path, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        write_folder(tmp_path / "made", **given)
    assert not (tmp_path / "made").exists()


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    write_folder(tmp_path / "made", **small())
    before = (tmp_path / "made" / "dataset.json").stat().st_mtime_ns
    with pytest.raises(DataError, match="is there already"):
        write_folder(tmp_path / "made", **small(title="Other"))
    assert (tmp_path / "made" / "dataset.json").stat().st_mtime_ns == before


def test_an_empty_folder_may_be_written_into_and_stays_empty_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        write_folder(tmp_path, **with_column("label", np.array([0, 1, 3])))
    assert list(tmp_path.iterdir()) == []
    assert isinstance(write_folder(tmp_path, **small()), SampleFolder)


def test_values_are_stored_little_endian_and_in_row_order(tmp_path: Path) -> None:
    values = np.asfortranarray(np.arange(6, dtype=">f4").reshape(3, 2, 1))
    write_folder(tmp_path / "made", **with_modality(values=values))
    stored = np.load(tmp_path / "made" / "s2.npy")
    assert stored.dtype.str == "<f4"
    assert stored.flags.c_contiguous
    np.testing.assert_array_equal(stored, values)
