import pytest

from eobench.data import EobenchError
from eobench.results import COLUMNS, Entry, Journal, merge_rows, read_rows, write_plan


def planned(key, **more):
    return {"cell": key, "task": "t", "status": None, "reason": None, **more}


def test_a_run_is_read_from_its_plan_and_journal_in_plan_order(tmp_path):
    write_plan(tmp_path, [planned("a"), planned("b"), planned("c", status="unsupported", reason="too large")])
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.append([Entry({"cell": "b", "task": "t", "status": "ok", "oa": 0.5})])
    rows = read_rows(tmp_path)
    assert [(r["cell"], r["status"]) for r in rows] == [("a", "not-run"), ("b", "ok"), ("c", "unsupported")]
    assert rows[1]["oa"] == 0.5
    assert rows[2]["reason"] == "too large"


def test_identity_columns_are_those_of_the_plan_as_it_is_now():
    row = {"cell": "a", "task": "old", "status": "ok", "reason": None, "oa": 1.0}
    assert merge_rows([planned("a", task="new")], {"a": Entry(row)}) == [row | {"task": "new"}]


def test_what_planning_knows_now_outweighs_an_earlier_row():
    old = Entry({"cell": "a", "status": "failed", "reason": "x"})
    (row,) = merge_rows([planned("a", status="unsupported", reason="bag too large")], {"a": old})
    assert (row["status"], row["reason"]) == ("unsupported", "bag too large")


def test_a_run_that_is_not_there_is_named(tmp_path):
    with pytest.raises(EobenchError, match="no run 'quick'"):
        read_rows(tmp_path / "quick")


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 1}', '{"schema": 9, "cells": []}'])
def test_a_damaged_or_foreign_plan_is_refused(tmp_path, text):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(EobenchError, match=r"plan\.json"):
        read_rows(tmp_path)


def test_columns_are_named_once_and_documented():
    names = [c.name for c in COLUMNS]
    assert len(set(names)) == len(names)
    assert all(c.doc for c in COLUMNS)
