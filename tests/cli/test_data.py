"""`eobench data`: what is listed, shown and verified, with its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from eobench.data import ModalityArray, ModalityInfo, SplitInfo, write_folder

N = 12


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root with one small sound set, `fields`."""
    data = tmp_path / "root"
    data.mkdir()
    make(data / "fields")
    return data


def make(folder: Path, values: np.ndarray | None = None) -> None:
    info = ModalityInfo("s2", "series", (4, 3), ("B03", "B04", "B08"), scale=0.0001)
    held = np.arange(N * 12, dtype=np.int16).reshape(N, 4, 3) if values is None else values
    write_folder(
        folder,
        name=folder.name,
        title="Made up",
        classes=("corn", "rice"),
        modalities={"s2": ModalityArray(info, held, None, np.array([0, 10, 20, 30], np.int16))},
        samples={
            "label": np.tile([0, 1], N // 2).astype(np.int16),
            "split": ["train"] * 6 + ["val"] * 2 + ["test"] * 4,
            "lon": np.linspace(8, 9, N),
            "lat": np.linspace(50, 51, N),
        },
        splits={"random": SplitInfo("random", "split", None, "within")},
        default_split="random",
    )


def test_list_tells_size_shape_and_splits_and_prepares_nothing(eobench, root, tmp_path):
    rows = json.loads(eobench("data", "list", "--json", "--data", str(root)).stdout)
    [fields] = [r for r in rows if r["name"] == "fields"]
    assert (fields["samples"], fields["shape"], fields["classes"]) == (N, "4 x 3", 2)
    assert (fields["kind"], fields["splits"], fields["state"]) == ("series", ["random"], "here")
    assert fields["bytes"] > N * 12 * 2
    [simulated] = [r for r in rows if r["name"] == "simulated-fields"]
    assert (simulated["state"], simulated["samples"]) == ("not prepared", None)
    assert not list((tmp_path / "cache").glob("generated/*"))


@pytest.mark.parametrize("width", ["54", "100", "200"])
def test_names_stand_whole_and_columns_go_as_the_terminal_narrows(eobench, root, width):
    (root / "fields" / "dataset.json").write_text(
        (root / "fields" / "dataset.json").read_text().replace("Made up", "Made up, " + "with a long title " * 12)
    )
    lines = eobench("data", "list", "--data", str(root), COLUMNS=width).stdout.splitlines()
    [line] = [text for text in lines if text.split()[:1] == ["fields"]]
    assert [text for text in lines if text.split()[:1] == ["breizhcrops_2018"]]
    assert "12" in line
    assert "folder" in line
    assert ("random*" in line) == (int(width) >= 100)
    assert ("Made up" in line) == (width == "200")


def test_list_shows_what_is_damaged_and_what_is_absent(eobench, root):
    (root / "fields" / "dataset.json").write_text('{"format": "sample-folder/1"}')
    rows = {r["name"]: r for r in json.loads(eobench("data", "list", "--json", "--data", str(root)).stdout)}
    assert rows["fields"]["state"] == "damaged"
    assert rows["ucr_crop"]["state"] == "absent"
    assert "ucr_crop" in rows["ucr_crop"]["get"]
    assert eobench("data", "list", "--data", str(root)).returncode == 0


def test_info_counts_each_class_in_each_subset(eobench, root):
    told = json.loads(eobench("data", "info", "fields", "--json", "--data", str(root)).stdout)
    [split] = told["splits"]
    assert split["per_class"] == {"train": [3, 3], "val": [1, 1], "test": [2, 2]}
    assert told["modalities"][0]["bands"] == ["B03", "B04", "B08"]


def test_a_sound_set_verifies_with_a_fingerprint_and_exit_code_0(eobench, root):
    done = eobench("data", "verify", "fields", "--json", "--data", str(root))
    [told] = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["counts"]["error"] == told["counts"]["warning"] == 0
    assert len(told["fingerprint"]) == 64


def test_copies_in_test_warn_but_do_not_fail(eobench, root):
    values = np.arange(N * 12, dtype=np.int16).reshape(N, 4, 3)
    values[8] = values[0]
    make(root / "copied", values)
    done = eobench("data", "verify", "copied", "--data", str(root))
    assert done.returncode == 0
    assert "1 of 4 test rows (25.0 %) copy the inputs of a train row" in done.stdout


def test_an_error_in_any_of_all_sets_is_exit_code_1_and_the_others_are_checked_too(eobench, root):
    make(root / "broken")
    (root / "broken" / "s2.npy").write_bytes(b"nothing")
    done = eobench("data", "verify", "--all", "--json", "--data", str(root))
    told = {t["name"]: t for t in json.loads(done.stdout)}
    assert done.returncode == 1
    assert list(told) == ["broken", "fields"]
    assert "s2.npy" in told["broken"]["findings"][0]["text"]
    assert told["broken"]["findings"][0]["todo"]
    assert told["fields"]["counts"]["error"] == 0


def test_verify_without_a_name_asks_for_one(eobench, root):
    done = eobench("data", "verify", "--data", str(root))
    assert done.returncode == 2
    assert "--all" in done.stderr


def test_an_absent_set_is_said_to_be_absent(eobench, root):
    done = eobench("data", "verify", "ucr_crop", "--data", str(root))
    assert done.returncode == 2
    assert "ucr_crop" in done.stderr


def test_show_writes_one_page_that_asks_nothing_of_the_network(eobench, root, tmp_path):
    done = eobench("data", "show", "fields", "--out", "pages/fields.html", "--data", str(root))
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "pages" / "fields.html").read_text(encoding="utf-8")
    assert done.stdout.strip() == "pages/fields.html"
    assert "<script src=" not in page
    assert "<link" not in page
    assert str(root) not in page


def test_show_names_the_splits_where_one_is_asked_for_that_is_not_there(eobench, root):
    done = eobench("data", "show", "fields", "--split", "randon", "--data", str(root))
    assert done.returncode == 2
    assert "Did you mean 'random'?" in done.stderr
