from __future__ import annotations

import pytest

from eobench.results import Entry, Journal
from eobench.tracking import backlog, switched_off, tracking_uri
from eobench.tracking._ledger import Ledger


def test_the_backlog_is_what_ran_and_was_not_sent_to_this_server(tmp_path):
    rows = {"a": "ok", "b": "failed", "c": "skipped", "d": "ok"}
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.append(Entry({"cell": cell, "status": status}) for cell, status in rows.items())
    Ledger(tmp_path / "tracked.jsonl", "here").cell("a")
    assert backlog(tmp_path, "here") == 2  # b and d: what was skipped has nothing to send
    assert backlog(tmp_path, "there") == 3


def test_a_run_that_has_not_begun_has_no_backlog(tmp_path):
    assert backlog(tmp_path / "nothing", "here") == 0


def test_tracking_goes_to_the_cache_where_nothing_else_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking_uri(tmp_path) == f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", " http://there:5000 ")
    assert tracking_uri(tmp_path) == "http://there:5000"


@pytest.mark.parametrize(("value", "off"), [("off", True), (" OFF ", True), ("", False), ("on", False)])
def test_tracking_is_switched_off_by_a_word(monkeypatch, value, off):
    monkeypatch.setenv("EOBENCH_TRACKING", value)
    assert switched_off() is off
