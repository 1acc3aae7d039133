import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eobench.data import EobenchError
from eobench.results import Entry, Journal, JournalError


def entry(key, status="ok", **more):
    return Entry({"cell": key, "status": status, **more})


def keys(path):
    return list(Journal(path).read())


def test_what_is_appended_is_read_back(tmp_path):
    path = tmp_path / "run" / "journal.jsonl"
    with Journal(path) as journal:
        journal.append([Entry({"cell": "a", "status": "ok", "oa": 0.5}, "curves/a.json", {"seconds": 3.0})])
    found = Journal(path).read()["a"]
    assert found.row == {"cell": "a", "status": "ok", "oa": 0.5}
    assert found.curves == "curves/a.json"
    assert found.limits == {"seconds": 3.0}


def test_an_absent_journal_is_empty(tmp_path):
    assert Journal(tmp_path / "none.jsonl").read() == {}


def test_rows_can_be_read_while_the_journal_is_open(tmp_path):
    path = tmp_path / "j.jsonl"
    with Journal(path) as journal:
        journal.append([entry("a")])
        assert keys(path) == ["a"]
        journal.append([entry("b"), entry("c")])
        assert keys(path) == ["a", "b", "c"]


def test_the_last_line_of_a_cell_counts(tmp_path):
    path = tmp_path / "j.jsonl"
    with Journal(path) as journal:
        journal.append([entry("a", "failed"), entry("b")])
        journal.append([entry("a", "ok")])
    assert Journal(path).read()["a"].row["status"] == "ok"


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(1, 10_000), rows=st.integers(1, 4))
def test_a_torn_last_line_is_dropped_and_cut_off_by_the_next_append(tmp_path_factory, cut, rows):
    path = tmp_path_factory.mktemp("torn") / "j.jsonl"
    names = [f"cell{i}" for i in range(rows)]
    with Journal(path) as journal:
        for name in names:
            journal.append([entry(name, reason="é" * 40)])
    data = path.read_bytes()
    kept = data[: -min(cut, len(data))]
    path.write_bytes(kept)
    whole = kept.count(b"\n")
    assert keys(path) == names[:whole]
    with Journal(path) as journal:
        journal.append([entry("after")])
    assert keys(path) == [*names[:whole], "after"]
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_numpy_values_and_nan_become_plain_json(tmp_path):
    path = tmp_path / "j.jsonl"
    row = {
        "cell": "a",
        "oa": np.float32(0.5),
        "n": np.int64(3),
        "bad": float("nan"),
        "m": np.eye(2),
        "l": [np.nan],
    }
    with Journal(path) as journal:
        journal.append([Entry(row)])
    assert Journal(path).read()["a"].row == {
        "cell": "a",
        "oa": 0.5,
        "n": 3,
        "bad": None,
        "m": [[1.0, 0.0], [0.0, 1.0]],
        "l": [None],
    }


def test_a_value_that_json_has_not_is_refused_before_anything_is_written(tmp_path):
    with Journal(tmp_path / "j.jsonl") as journal, pytest.raises(JournalError, match="object"):
        journal.append([Entry({"cell": "a", "thing": object()})])
    assert not (tmp_path / "j.jsonl").exists()


def test_another_schema_version_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "j.jsonl"
    path.write_text('{"schema":99,"row":{"cell":"a"}}\n')
    with pytest.raises(EobenchError, match=r"line 1: written with version 99.*another name"):
        Journal(path).read()


@pytest.mark.parametrize("line", ["{broken", '"text"', "[1]", '{"schema":1}', '{"no":1}'])
def test_a_damaged_line_is_named(tmp_path, line):
    path = tmp_path / "j.jsonl"
    path.write_text(line + '\n{"schema":1,"row":{"cell":"b"}}\n')
    with pytest.raises(JournalError, match=r"j\.jsonl, line 1"):
        Journal(path).read()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EobenchError, match="cannot be written"):
        Journal(tmp_path / "file" / "j.jsonl").append([entry("a")])
