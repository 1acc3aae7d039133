"""Opening a sample folder: header and columns at once, arrays only when asked for, and only as promised."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eobench.data import (
    DataError,
    EobenchError,
    ModalityArray,
    ModalityInfo,
    RegionTable,
    SampleFolder,
    SplitInfo,
    open_folder,
    write_folder,
)

N, T = 6, 4


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("whole") / "made")


def series(name: str = "s2", bands: int = 2, days: Any = (0, 10, 20, 30), valid: Any = None) -> ModalityArray:
    info = ModalityInfo(name, "series", (T, bands), tuple(f"b{i}" for i in range(bands)), scale=0.5)
    values = np.arange(N * T * bands, dtype=np.int16).reshape(N, T, bands)
    return ModalityArray(info, values, valid, np.asarray(days, np.int16))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make(tmp_path / "made")


def make(place: Path) -> Path:
    valid = np.ones((N, T), bool)
    valid[0, 1] = False
    write_folder(
        place,
        name="made",
        title="Made up",
        classes=("corn", "rice", "wheat"),
        modalities={"s2": series(valid=valid), "s1": series("s1", 1, days=(0, 12, 24, 36))},
        pools={"more": series("more")},
        samples={
            "label": [0, 0, 1, 1, -1, 2],
            "farm": ["a", "a", "b", "b", "c", "c"],
            "mixed": [False, True, False, False, False, False],
            "split": ["train", "train", "val", "test", "train", "away"],
        },
        splits={"area": SplitInfo("area", "split", "farm", "grouped")},
        default_split="area",
        groups=("farm",),
        flags=("mixed",),
        tables={"exact": RegionTable("farm", {"a": np.array([0.25, 0.75, 0]), "b": np.array([0, 0, 1.0])})},
    )
    return place


def edit(place: Path, change: Callable[[dict[str, Any]], object]) -> None:
    header = json.loads((place / "dataset.json").read_text())
    change(header)
    (place / "dataset.json").write_text(json.dumps(header))


def test_opening_opens_no_array(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "load", lambda *a, **k: pytest.fail("an array was opened"))
    counts = open_folder(place).counts("area")
    assert (counts.train, counts.val, counts.test) == (3, 1, 1)


def test_counting_rows_imports_neither_torch_nor_pandas(place: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from eobench.data import open_folder;"
        f"open_folder(Path({str(place)!r})).counts('area', 'mixed');"
        "print([m for m in ('torch', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_labelled_rows_are_counted_by_class_and_flagged_ones_can_be_left_out(place: Path) -> None:
    folder = open_folder(place)
    per_class = folder.counts("area").per_class
    assert per_class is not None
    assert {s: c.tolist() for s, c in per_class.items()} == {
        "train": [2, 0, 0],
        "val": [0, 1, 0],
        "test": [0, 1, 0],
    }
    fewer = folder.counts("area", "mixed")
    assert fewer.train == 2
    assert fewer.per_class is not None
    assert fewer.per_class["train"].tolist() == [1, 0, 0]


def test_values_are_memory_mapped_and_read_only(place: Path) -> None:
    modality = open_folder(place).modality("s2")
    assert isinstance(modality.values.base, np.memmap)
    assert not modality.values.flags.writeable
    assert modality.days.dtype == np.int16
    batch = open_folder(place).inputs(("s2",)).batch()
    assert batch.values.shape == (N, 2, T)
    assert np.isnan(batch.values[0, :, 1]).all()
    assert batch.values[0, 1, 0] == 0.5


def test_a_copy_in_another_process_opens_the_folder_again(place: Path) -> None:
    folder = open_folder(place)
    folder.row_ids()
    sent = pickle.dumps(folder)
    assert len(sent) < 500
    np.testing.assert_array_equal(pickle.loads(sent).row_ids(), folder.row_ids())


def test_modalities_of_different_dates_are_not_concatenated(place: Path) -> None:
    with pytest.raises(DataError, match="different dates"):
        open_folder(place).inputs()
    assert open_folder(place).inputs(("s1",)).shape == (1, T)


def test_a_table_gives_proportions_in_the_order_of_the_classes(place: Path) -> None:
    table = open_folder(place).table("exact")
    assert {region: shares.tolist() for region, shares in table.items()} == {"a": [0.25, 0.75, 0], "b": [0, 0, 1]}


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda f: f.modality("s3"), "unknown modality 's3'"),
        (lambda f: f.pool("less"), "unknown pool 'less'"),
        (lambda f: f.table("exakt"), "Did you mean 'exact'?"),
        (lambda f: f.counts("zone"), "unknown split 'zone'"),
        (lambda f: f.counts("area", "mixd"), "Did you mean 'mixed'?"),
        (lambda f: f.column("lable"), "Did you mean 'label'?"),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(
    place: Path, ask: Callable[[SampleFolder], object], words: str
) -> None:
    with pytest.raises(EobenchError) as caught:
        ask(open_folder(place))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda h: h["splits"]["area"].update(column="splt"), "splits.area.column: unknown column"),
        (lambda h: h.update(flags=["mixd"]), "Did you mean 'mixed'?"),
        (lambda h: h["modalities"]["s2"].update(start={"column": "date"}), "modalities.s2.start"),
        (lambda h: [m.update(shape=[7, *m["shape"][1:]]) for m in h["modalities"].values()], "holds 6 rows"),
        (lambda h: h["splits"]["area"].update(column="label"), "allowed: texts ('train', 'val', 'test')"),
        (lambda h: h.update(samples="rows.parquet"), "rows.parquet: there is no such file"),
    ],
)
def test_a_header_that_the_columns_do_not_bear_out_is_refused(
    place: Path, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    edit(place, change)
    with pytest.raises(DataError) as caught:
        open_folder(place)
    assert words in str(caught.value)


def _truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 8)


def _lengthen(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"12345678")


def _pickle(file: Path) -> None:
    file.write_bytes(pickle.dumps([1, 2, 3]))


def _objects(file: Path) -> None:
    np.save(file, np.full((N, T, 2), None), allow_pickle=True)


def _archive(file: Path) -> None:
    with file.open("wb") as stream:
        np.savez(stream, values=np.zeros(3))


DAMAGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (_truncate, "damaged or truncated"),
    "too long": (_lengthen, "bytes in all; found"),
    "header only": (lambda f: os.truncate(f, 40), "damaged or truncated"),
    "empty": (lambda f: os.truncate(f, 0), "an empty file"),
    "missing": (lambda f: f.unlink(), "there is no such file"),
    "pickled": (_pickle, "a file of another kind"),
    "text": (lambda f: f.write_text("band,value\n"), "a file of another kind"),
    "objects": (_objects, "Python objects, which are never read"),
    "archive": (_archive, "an archive of several arrays"),
    "another type": (lambda f: np.save(f, np.zeros((N, T, 2), np.float32)), "found type float32"),
    "another shape": (lambda f: np.save(f, np.zeros((N, 2, T), np.int16)), f"found shape ({N}, 2, {T})"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_or_foreign_array_is_refused_by_file_expected_and_found(place: Path, damage: str) -> None:
    do, words = DAMAGED[damage]
    do(place / "s2.npy")
    with pytest.raises(DataError) as caught:
        open_folder(place).modality("s2")
    expected = f"expected a .npy array of int16 with shape ({N}, {T}, 2)"
    for word in (str(place / "s2.npy"), expected, words):
        assert word in str(caught.value)


def test_the_mask_and_the_days_are_checked_too(place: Path) -> None:
    np.save(place / "s2_valid.npy", np.ones((N, T), np.uint8))
    with pytest.raises(DataError, match=r"s2_valid\.npy: expected a \.npy array of bool"):
        open_folder(place).modality("s2")
    edit(place, lambda h: h["modalities"]["s1"].update(days="s1_days.npy"))
    np.save(place / "s1_days.npy", np.zeros((N, T + 1), np.int16))
    with pytest.raises(DataError, match=r"s1_days\.npy: expected a \.npy array of int16 with shape \(6, 4\)"):
        open_folder(place).modality("s1")


def test_a_pool_may_have_any_number_of_samples_but_only_its_shape(place: Path) -> None:
    np.save(place / "pool_more.npy", np.zeros((17, T, 2), np.int16))
    assert len(open_folder(place).pool("more").values) == 17
    np.save(place / "pool_more.npy", np.zeros((17, T + 1, 2), np.int16))
    with pytest.raises(DataError, match=r"expected a \.npy array with shape \(N, 4, 2\)"):
        open_folder(place).pool("more")


@pytest.mark.parametrize("damage", [_truncate, _pickle])
def test_damaged_columns_are_refused_by_file(place: Path, damage: Callable[[Path], object]) -> None:
    damage(place / "samples.parquet")
    with pytest.raises(DataError, match=r"samples\.parquet: expected a whole Parquet file"):
        open_folder(place)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["samples.parquet", "s2.npy", "s2_valid.npy", "dataset.json", "exact.parquet"]), st.data())
def test_no_flipped_byte_raises_anything_but_a_data_error(whole: Path, name: str, data: st.DataObject) -> None:
    with TemporaryDirectory() as place:
        shutil.copytree(whole, place, dirs_exist_ok=True)
        content = bytearray((whole / name).read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, min(len(content), 4000) - 1))
            content[at] = data.draw(st.integers(0, 255))
        (Path(place) / name).write_bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2]))])
        with suppress(DataError):
            folder = open_folder(Path(place))
            folder.labels()
            folder.counts("area")
            folder.column("farm")
            folder.modality("s2")
            folder.table("exact")


def test_labels_outside_the_classes_are_refused_by_row(place: Path) -> None:
    table = pq.read_table(place / "samples.parquet")
    column = pa.array([0, 0, 3, 1, 0, 0], pa.int16())
    pq.write_table(
        table.set_column(table.schema.get_field_index("label"), "label", column), place / "samples.parquet"
    )
    with pytest.raises(DataError, match=r"column 'label': row 2 holds class 3; allowed: 0 to 2 \(3 classes\)"):
        open_folder(place).labels()


def test_without_a_mask_a_step_is_missing_where_all_of_it_is_the_fill(place: Path) -> None:
    edit(place, lambda h: h["pools"]["more"].update(fill=-9999))
    values = np.zeros((N, T, 2), np.int16)
    values[1, 2] = -9999
    values[2, 0, 0] = -9999  # one band alone is a value
    np.save(place / "pool_more.npy", values)
    valid = open_folder(place).pool("more").valid
    assert valid is not None
    assert np.argwhere(~valid).tolist() == [[1, 2]]


def test_where_there_is_a_mask_it_rules_over_the_fill(place: Path) -> None:
    edit(place, lambda h: h["modalities"]["s2"].update(fill=0))
    np.save(place / "s2.npy", np.zeros((N, T, 2), np.int16))
    valid = open_folder(place).modality("s2").valid
    assert valid is not None
    assert np.argwhere(~valid).tolist() == [[0, 1]]


def test_columns_of_every_type_are_read(place: Path) -> None:
    table = pq.read_table(place / "samples.parquet")
    extra = {
        "word": pa.array(["x", None, "y", "x", "", "z"]).dictionary_encode(),
        "count": pa.array([1, None, 3, 4, 5, 6]),
        "date": pa.array(["2021-01-01"] * N).cast(pa.date32()),
    }
    for name, values in extra.items():
        table = table.append_column(name, values)
    pq.write_table(table, place / "samples.parquet", row_group_size=4)
    folder = open_folder(place)
    assert folder.column("word").tolist() == ["x", None, "y", "x", "", "z"]
    np.testing.assert_array_equal(folder.column("count"), [1, np.nan, 3, 4, 5, 6])
    assert folder.column("date").tolist() == ["2021-01-01"] * N


REAL = Path(os.environ.get("EOBENCH_DATA", "/nowhere"))
real = pytest.mark.skipif("EOBENCH_DATA" not in os.environ, reason="EOBENCH_DATA is not set: no real data at hand")

SETS = {  # samples, then train, val and test rows of the default split (data README)
    "agnet_bags": (101952, 60608, 20608, 20736),
    "agnet_patches": (200, 119, 41, 40),
    "cawa_central_asia": (8435, 5061, 1687, 1687),
    "cerrado_cbers": (922, 552, 185, 185),
    "matogrosso_modis": (2115, 1269, 423, 423),
    "ucr_crop": (23999, 6120, 1080, 16799),
    "us_s2_cdl": (20020, 12012, 4004, 4004),
    "worldcereal_canada": (3621, 2172, 725, 724),
}


@real
@pytest.mark.parametrize("name", SETS)
def test_every_real_folder_opens_whole(name: str) -> None:
    folder = open_folder(REAL / name)
    header = folder.header
    counts = folder.counts(header.default_split)
    assert (header.samples, counts.train, counts.val, counts.test) == SETS[name]
    assert len(folder.labels()) == header.samples
    for modality in header.modalities:
        assert len(folder.inputs((modality,)).batch(np.arange(3)).values) == 3
    for pool in header.pools:
        assert len(folder.pool(pool).values)
    for table in header.tables:
        assert len(folder.table(table)) == 1593


@real
def test_the_real_table_folder_is_refused() -> None:
    with pytest.raises(DataError, match="tables only"):
        open_folder(REAL / "us_county_crop_area")
