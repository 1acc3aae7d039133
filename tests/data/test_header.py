"""Reading dataset.json: sound headers are read, all else is refused with file, key, found and allowed."""

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eobench.data import DataError, ForeignFormatError, read_header

SOUND: dict[str, Any] = {
    "format": "sample-folder/1",
    "name": "fields",
    "title": "Some fields",
    "task": "classification",
    "classes": ["corn", "rice"],
    "samples": "samples.parquet",
    "modalities": {
        "s2": {
            "file": "s2.npy",
            "kind": "series",
            "shape": [5, 3, 2],
            "dtype": "int16",
            "bands": ["red", "nir"],
            "scale": 0.0001,
            "fill": "nan",
            "valid": "s2_valid.npy",
            "days": [0, 10, 20],
            "start": {"january_1_of": "year"},
        },
    },
    "groups": ["block", "year"],
    "flags": ["mixed"],
    "splits": {"block": {"column": "split_block", "whole": "block", "val": "grouped"}},
    "default_split": "block",
    "pools": {
        "more": {
            "file": "pool_more.npy",
            "kind": "image",
            "shape": [2, 4, 4, 1],
            "dtype": "uint8",
            "bands": ["g"],
        }
    },
    "tables": {"census": {"file": "census.parquet", "by": "block", "kind": "proportions", "exact": False}},
    "origin": "made up",
}


def write(folder: Path, header: Any) -> Path:
    (folder / "dataset.json").write_text(header if isinstance(header, str) else json.dumps(header))
    return folder


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    header = copy.deepcopy(SOUND)
    change(header)
    return header


def test_a_sound_header_is_read_whole(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, SOUND))
    s2 = header.modalities["s2"]
    assert (header.samples, header.classes, header.default_split) == (5, ("corn", "rice"), "block")
    assert (s2.info.sizes, s2.info.bands, s2.info.scale) == ((3, 2), ("red", "nir"), 0.0001)
    assert (s2.days, s2.start, s2.valid) == ((0, 10, 20), {"january_1_of": "year"}, "s2_valid.npy")
    assert s2.fill is not None
    assert math.isnan(s2.fill)
    assert header.pools["more"].days == (0,)
    assert not header.tables["census"].exact
    assert header.meta == {"origin": "made up"}
    assert header.files() == ("census.parquet", "pool_more.npy", "s2.npy", "s2_valid.npy", "samples.parquet")


def s2(header: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = header["modalities"]["s2"]
    return found


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], list[str]]] = {
    "no name": (lambda h: h.pop("name"), ["name is missing"]),
    "misspelt key": (lambda h: h.update(taks=h.pop("task")), ["task is missing; is 'taks' meant"]),
    "misspelt optional key": (lambda h: h.update(group=h.pop("groups")), ["'group'", "Did you mean 'groups'?"]),
    "title of no text": (lambda h: h.update(title=3), ["title is 3", "a text"]),
    "unknown task": (lambda h: h.update(task="regression"), ["'classification', 'segmentation'"]),
    "class twice": (lambda h: h.update(classes=["a", "b", "a"]), ['classes is "a"', "twice"]),
    "no class": (lambda h: h.update(classes=[]), ["classes is []"]),
    "no modality": (lambda h: h.update(modalities={}), ["modalities is {}", "at least one"]),
    "name with a comma": (lambda h: h["modalities"].update({"a,b": s2(h)}), ["a,b", "letters, digits"]),
    "unknown kind": (lambda h: s2(h).update(kind="serie"), ["modalities.s2.kind", "Did you mean 'series'?"]),
    "axes and kind": (lambda h: s2(h).update(kind="image"), ["3 axes", "(N, H, W, C)"]),
    "bands and shape": (lambda h: s2(h).update(bands=["red"]), ["1 bands are named", "2 (last axis)"]),
    "band twice": (lambda h: s2(h).update(bands=["red", "red"]), ["modalities.s2.bands", "twice"]),
    "no samples": (lambda h: s2(h).update(shape=[0, 3, 2]), ["modalities.s2.shape"]),
    "shape of text": (lambda h: s2(h).update(shape="5x3x2"), ["modalities.s2.shape", "whole numbers"]),
    "type of objects": (lambda h: s2(h).update(dtype="object"), ["modalities.s2.dtype", "'int16'"]),
    "scale 0": (lambda h: s2(h).update(scale=0), ["scale is 0"]),
    "scale of text": (lambda h: s2(h).update(scale="1"), ["modalities.s2.scale", "a finite number"]),
    "no days": (lambda h: s2(h).pop("days"), ["modalities.s2.days is missing"]),
    "days and steps": (lambda h: s2(h).update(days=[0, 1]), ["2 days", "3 steps"]),
    "days back": (lambda h: s2(h).update(days=[0, 20, 10]), ["10 follows 20 (step 2)"]),
    "day out of int16": (lambda h: s2(h).update(days=[0, 1, 40000]), ["modalities.s2.days"]),
    "start of words": (lambda h: s2(h).update(start="spring"), ["start is 'spring'", "ISO date"]),
    "start by nothing": (lambda h: s2(h).update(start={"colum": "x"}), ["Did you mean 'column'?"]),
    "misspelt mask": (lambda h: s2(h).update(vaild="v.npy"), ["'vaild'", "Did you mean 'valid'?"]),
    "fill of words": (lambda h: s2(h).update(fill="none"), ["modalities.s2.fill"]),
    "absolute file": (lambda h: s2(h).update(file="/etc/passwd"), ["modalities.s2.file", "inside the folder"]),
    "file above": (lambda h: s2(h).update(file="a/../../b.npy"), ["modalities.s2.file"]),
    "Windows file": (lambda h: s2(h).update(valid="..\\b.npy"), ["modalities.s2.valid"]),
    "samples above": (lambda h: h.update(samples="../samples.parquet"), ["samples is"]),
    "table above": (lambda h: h["tables"]["census"].update(file="../t.parquet"), ["tables.census.file"]),
    "numbers of samples": (
        lambda h: h["modalities"].update(s1=s2(h) | {"shape": [6, 3, 2]}),
        ["modalities.s1.shape says 6", "modalities.s2.shape says 5"],
    ),
    "no split": (lambda h: h.update(splits={}), ["splits is {}"]),
    "default split": (lambda h: h.update(default_split="blok"), ["default_split", "Did you mean 'block'?"]),
    "whole of no group": (
        lambda h: h["splits"]["block"].update(whole="blocks"),
        ["splits.block.whole", "'block'"],
    ),
    "unknown val": (lambda h: h["splits"]["block"].update(val="inside"), ["splits.block.val", "'within'"]),
    "table by no group": (
        lambda h: h["tables"]["census"].update(by="county"),
        ["tables.census.by", "block, year"],
    ),
    "table exact": (lambda h: h["tables"]["census"].update(exact="no"), ["tables.census.exact", "true or false"]),
    "targets of classes": (lambda h: h.update(targets={"file": "t.npy"}), ["'segmentation'"]),
    "no targets": (lambda h: h.update(task="segmentation"), ["targets is missing"]),
    "ignore is a class": (
        lambda h: h.update(task="segmentation", targets={"file": "t.npy", "ignore": 1}),
        ["targets: ignore is 1", "outside the classes"],
    ),
    "groups of text": (lambda h: h.update(groups="block"), ["groups", "a list of texts"]),
    "modality of text": (lambda h: h.update(modalities={"s2": "s2.npy"}), ["modalities.s2", "an object"]),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_header_is_refused_by_file_and_key(tmp_path: Path, what: str) -> None:
    change, words = WRONG[what]
    with pytest.raises(DataError) as caught:
        read_header(write(tmp_path, changed(change)))
    for word in [str(tmp_path / "dataset.json"), *words]:
        assert word in str(caught.value)


def test_an_unknown_format_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ForeignFormatError, match=r"'sample-folder/2'.*allowed: 'sample-folder/1'"):
        read_header(write(tmp_path, SOUND | {"format": "sample-folder/2"}))


def test_a_table_folder_is_refused_as_tables_only(tmp_path: Path) -> None:
    with pytest.raises(ForeignFormatError, match="tables only"):
        read_header(write(tmp_path, {"format": "table-folder/1", "name": "census"}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"format": ', "line 1, column 12: not valid JSON"),
        ('{"name": "a", "name": "b"}', "'name' stands twice"),
        ("[1, 2]", "holds list"),
        ('{"title": "no format"}', "format is missing"),
        ("\x80", "cannot"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "dataset.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match="not valid JSON" if words == "cannot" else words) as caught:
        read_header(tmp_path)
    assert str(tmp_path / "dataset.json") in str(caught.value)


def test_a_folder_without_a_header_is_no_sample_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no dataset\.json"):
        read_header(tmp_path)
    with pytest.raises(DataError, match="there is no such folder"):
        read_header(tmp_path / "nowhere")
