"""Fingerprints: of what a folder holds, kept so that nothing is read twice."""

import json
import multiprocessing
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eobench.data import DataError, ModalityArray, ModalityInfo, SplitInfo, _fingerprint, fingerprint, write_folder


def make(path: Path, **other: str) -> Path:
    days = np.array([0, 10], np.int16)

    def modality(name: str, start: float) -> ModalityArray:
        values = start + np.arange(6.0).reshape(3, 2, 1)
        return ModalityArray(ModalityInfo(name, "series", (2, 1), ("ndvi",)), values, None, days)

    write_folder(
        path,
        name="made",
        title="Made up",
        classes=("corn", "rice"),
        modalities={"s1": modality("s1", 5.0), "s2": modality("s2", 0.0)},
        samples={"label": [0, 1, 0], "split": ["train", "train", "test"]},
        splits={"random": SplitInfo("random", "split", None, None)},
        default_split="random",
        meta=other,
    )
    for file in path.iterdir():
        os.utime(file, (1_600_000_000, 1_600_000_000))
    return path


def test_it_tells_what_the_folder_holds_not_where_it_lies(tmp_path: Path) -> None:
    first = fingerprint(make(tmp_path / "first"), tmp_path / "cache")
    assert len(first) == 64
    shutil.copytree(tmp_path / "first", tmp_path / "second", copy_function=shutil.copyfile)
    (tmp_path / "second" / "notes.txt").write_text("not named by the header")
    header = json.loads((tmp_path / "second" / "dataset.json").read_text())
    turned = dict(reversed(list(header.items())))
    (tmp_path / "second" / "dataset.json").write_text(json.dumps(turned, indent=8))
    assert fingerprint(tmp_path / "second", tmp_path / "cache") == first
    assert fingerprint(tmp_path / "second", tmp_path / "another") == first


@pytest.mark.parametrize("name", ["s2.npy", "samples.parquet", "dataset.json"])
def test_any_change_of_content_changes_it(tmp_path: Path, name: str) -> None:
    folder = make(tmp_path / "made")
    before = fingerprint(folder, tmp_path / "cache")
    if name == "dataset.json":
        header = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(header | {"classes": ["corn", "wheat"]}))
    elif name == "samples.parquet":
        table = pq.read_table(folder / name)
        pq.write_table(table.set_column(0, "label", pa.array([1, 1, 0], pa.int16())), folder / name)
    else:
        content = bytearray((folder / name).read_bytes())
        content[-1] ^= 1
        (folder / name).write_bytes(content)
    assert fingerprint(folder, tmp_path / "cache") != before


def test_two_files_that_change_places_change_it(tmp_path: Path) -> None:
    first, second = make(tmp_path / "first"), make(tmp_path / "second")
    (second / "s2.npy").rename(second / "hold")
    (second / "s1.npy").rename(second / "s2.npy")
    (second / "hold").rename(second / "s1.npy")
    assert fingerprint(first, tmp_path / "cache") != fingerprint(second, tmp_path / "cache")


def test_damage_is_told_before_it_is_hashed_and_nothing_is_kept(tmp_path: Path) -> None:
    folder = make(tmp_path / "made")
    content = (folder / "s2.npy").read_bytes()
    (folder / "s2.npy").write_bytes(content[:-8])
    with pytest.raises(DataError, match=r"s2.npy: expected a .npy array"):
        fingerprint(folder, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
    (folder / "s2.npy").write_bytes(content)
    assert len(fingerprint(folder, tmp_path / "cache")) == 64


def test_a_second_call_reads_no_file_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "made")
    first = fingerprint(folder, tmp_path / "cache")
    monkeypatch.setattr(_fingerprint, "_hash_file", lambda file: pytest.fail(f"{file} was read again"))
    monkeypatch.setattr(np, "load", lambda *a, **k: pytest.fail("an array was opened"))
    assert fingerprint(folder, tmp_path / "cache") == first


def test_a_file_that_changed_a_moment_ago_is_not_kept(tmp_path: Path) -> None:
    folder = make(tmp_path / "made")
    stamp = time.time_ns() + 10**9
    os.utime(folder / "s2.npy", ns=(stamp, stamp))
    fingerprint(folder, tmp_path / "cache")
    kept = json.loads((tmp_path / "cache" / "fingerprints.json").read_text())
    assert sorted(Path(key).name for key in kept) == ["s1.npy", "samples.parquet"]


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"/a/b": 3}', '{"/a/b": [1, 2, 3]}'])
def test_a_damaged_cache_is_an_empty_one(tmp_path: Path, content: str) -> None:
    folder = make(tmp_path / "made")
    first = fingerprint(folder, tmp_path / "cache")
    (tmp_path / "cache" / "fingerprints.json").write_text(content)
    assert fingerprint(folder, tmp_path / "cache") == first
    assert len(json.loads((tmp_path / "cache" / "fingerprints.json").read_text())) >= 2


def test_where_nothing_can_be_kept_it_is_right_all_the_same(tmp_path: Path) -> None:
    folder = make(tmp_path / "made")
    (tmp_path / "file").write_text("")
    assert fingerprint(folder, tmp_path / "file" / "cache") == fingerprint(folder, tmp_path / "cache")


def test_processes_that_keep_at_once_lose_nothing(tmp_path: Path) -> None:
    folders = [make(tmp_path / f"made{i}") for i in range(4)]
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=fingerprint, args=(f, tmp_path / "cache")) for f in folders]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    kept = json.loads((tmp_path / "cache" / "fingerprints.json").read_text())
    assert {Path(key).parent.name for key in kept} == {f.name for f in folders}
    assert sorted(p.name for p in (tmp_path / "cache").iterdir()) == ["fingerprints.json", "fingerprints.lock"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = make(tmp_path / "made")
    (folder / "s2.npy").unlink()
    with pytest.raises(DataError, match=r"s2\.npy: there is no such file"):
        fingerprint(folder, tmp_path / "cache")
