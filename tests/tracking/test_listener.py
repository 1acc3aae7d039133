from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import types
from dataclasses import replace

import pytest

from eobench.plugin import CellDone, Places, RunInfo
from eobench.tracking import eobench_listeners
from eobench.tracking._mlflow import MlflowListener, TrackingError
from eobench.tracking._session import QUIET, Session
from eobench.tracking._state import default_uri

DEAD = "http://127.0.0.1:9"


def make_row(cell, status="ok", **more):
    return {
        "cell": cell,
        "method": "ncc",
        "method_label": "ncc",
        "method_params": "{}",
        "dataset_label": "fields",
        "supervision": "full",
        "seed": 0,
        "status": status,
        "classes": ["a", "b"],
        "oa": 0.5,
        "confusion": [[3, 1], [2, 2]],
        "total_seconds": 2.0,
        "started": "2026-01-01T00:00:00+00:00",
        **more,
    }


@pytest.fixture
def info(tmp_path, monkeypatch):
    for name in (*QUIET, "MLFLOW_TRACKING_URI", "EOBENCH_TRACKING"):
        monkeypatch.delenv(name, raising=False)
    return RunInfo("board", tmp_path / "runs" / "board", 3, 0, Places(None, tmp_path / "cache"))


def hear(info, *events, listener=None):
    """Tell a listener of a run, as the runner's thread does; return what it complained of."""
    listener = listener or MlflowListener(Session)
    calls = [(listener.run_started, info), *((listener.cell_finished, event) for event in events)]
    calls.append((listener.run_finished, {"ok": len(events), "failed": 0}))
    errors = []
    for call, argument in calls:
        try:
            call(argument)
        except TrackingError as error:
            errors.append(str(error))
    return errors


def test_the_card_is_a_listener_that_loads():
    (card,) = eobench_listeners()
    assert card.name == "mlflow"
    assert card.load_object() is MlflowListener


def never(_opening):
    """A connection that fails, so that a test sees whether it was tried."""
    raise ConnectionError("tried")


def test_a_run_in_which_everything_was_sent_before_opens_nothing(info):
    info = replace(info, cached=info.cells)
    info.folder.mkdir(parents=True)
    line = {"cell": "a", "uri": default_uri(info.places.cache)}
    (info.folder / "tracked.jsonl").write_text(json.dumps(line) + "\n")
    assert hear(info, CellDone(make_row("a"), cached=True), listener=MlflowListener(never)) == []
    (error,) = hear(info, CellDone(make_row("b"), cached=True), listener=MlflowListener(never))
    assert "tried" in error  # there was something new


def test_a_run_with_cells_to_run_opens_before_the_first_is_finished(info, server):
    MlflowListener(Session).run_started(info)
    assert list(server.runs) == ["run0"]


@pytest.mark.parametrize("status", ["unsupported", "skipped", "not-run"])
def test_cells_that_never_ran_are_not_sent(info, status):
    info = replace(info, cached=info.cells)
    assert hear(info, CellDone(make_row("a", status)), listener=MlflowListener(never)) == []


@pytest.mark.parametrize("word", ["off", "0", "False"])
def test_tracking_can_be_turned_off(info, monkeypatch, word):
    monkeypatch.setenv("EOBENCH_TRACKING", word)
    assert hear(info, CellDone(make_row("a")), listener=MlflowListener(never)) == []
    assert not info.folder.exists()


def test_a_server_that_is_away_costs_seconds_and_is_said_once(info, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", DEAD)
    import mlflow  # noqa: F401 - its import is not what is timed

    start = time.perf_counter()
    errors = hear(info, *(CellDone(make_row(c)) for c in "abc"))
    assert time.perf_counter() - start < 10
    assert len(errors) == 1
    assert DEAD in errors[0]
    assert "the next one sends what is missing" in errors[0]
    assert not (info.folder / "tracked.jsonl").exists()


class FakeClient:
    """As much of MlflowClient as the listener uses, on a server that can go away or refuse a cell."""

    def __init__(self):
        self.runs: dict[str, dict[str, str]] = {}
        self.ended: dict[str, str] = {}
        self.away = False
        self.refused = ""

    def __getattr__(self, name):
        def call(*_args, **_kwargs):
            if self.away:
                raise ConnectionError("gone")

        return call

    def get_experiment_by_name(self, _name):
        return types.SimpleNamespace(lifecycle_stage="active", experiment_id="1")

    def create_run(self, _experiment, start_time=None, tags=None, run_name=None):
        if self.away:
            raise ConnectionError("gone")
        if self.refused and self.refused in run_name:
            raise ValueError("not this one")
        run = f"run{len(self.runs)}"
        self.runs[run] = {**tags, "name": run_name}
        return types.SimpleNamespace(info=types.SimpleNamespace(run_id=run))

    def set_terminated(self, run, status=None, end_time=None):
        self.ended[run] = status

    def children(self):
        return [t["name"] for t in self.runs.values() if "mlflow.parentRunId" in t]


@pytest.fixture
def server(monkeypatch):
    client = FakeClient()
    monkeypatch.setattr("eobench.tracking._session._client", lambda uri: client)
    return client


def test_a_later_run_sends_the_backlog_and_nothing_twice(info, server):
    a, b = (CellDone(make_row(c, method_label=c, confusion=None)) for c in "ab")
    listener = MlflowListener(Session)
    listener.run_started(info)
    listener.cell_finished(a)
    server.away = True
    with pytest.raises(TrackingError):
        listener.cell_finished(b)
    listener.run_finished({})
    server.away = False
    for _ in range(2):
        hear(info, *(CellDone(d.row, cached=True) for d in (a, b)))
    assert [name[0] for name in server.children()] == ["a", "b"]


def test_a_row_that_is_refused_does_not_stop_the_others(info, server):
    server.refused = "bad"
    errors = hear(info, *(CellDone(make_row(c, method_label=c, confusion=None)) for c in ("a", "bad", "c")))
    assert len(errors) == 1
    assert "refuses cell bad" in errors[0]
    assert [name[0] for name in server.children()] == ["a", "c"]


def test_a_cell_that_ran_again_is_sent_again(info, server):
    hear(info, CellDone(make_row("a", "failed", confusion=None)))
    hear(info, CellDone(make_row("a", confusion=None)))
    assert len(server.children()) == 2


def test_the_parent_run_of_a_killed_run_is_closed_by_the_next(info, server):
    listener = MlflowListener(Session)
    listener.run_started(info)
    listener.cell_finished(CellDone(make_row("a", confusion=None)))  # and then it was killed
    hear(info, CellDone(make_row("b", confusion=None)))
    assert server.ended["run0"] == "KILLED"
    assert server.ended["run2"] == "FINISHED"


def test_an_sqlite_file_gets_parent_child_curves_and_confusion_matrix(info):
    from mlflow import MlflowClient

    artifacts = info.folder / "artifacts"
    artifacts.mkdir(parents=True)
    (artifacts / "prototypes.npy").write_bytes(b"x")
    curve = [(s, 1 / (s + 1)) for s in range(1200)]
    done = CellDone(make_row("a"), {"loss": curve}, artifacts)
    failed = CellDone(make_row("b", "failed", oa=float("nan"), confusion=None, reason="why"))
    assert hear(info, done, failed, listener=MlflowListener()) == []

    client = MlflowClient(tracking_uri=default_uri(info.places.cache))
    experiment = client.get_experiment_by_name("board")
    runs = {r.data.tags.get("eobench.cell"): r for r in client.search_runs([experiment.experiment_id])}
    parent = runs.pop(None)
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["cells/ok"] == 2
    assert {r.data.tags["mlflow.parentRunId"] for r in runs.values()} == {parent.info.run_id}
    ok, failed = runs["a"], runs["b"]
    assert (ok.info.status, failed.info.status) == ("FINISHED", "FAILED")
    assert failed.data.tags["eobench.reason"] == "why"
    assert ok.data.metrics["oa"] == 0.5
    assert ok.data.params["method"] == "ncc"
    assert ok.info.end_time - ok.info.start_time == 2000
    history = client.get_metric_history(ok.info.run_id, "curve/loss")
    assert sorted((m.step, m.value) for m in history) == curve
    names = {f.path for f in client.list_artifacts(ok.info.run_id)}
    assert names == {"confusion.json", "confusion.svg", "artifacts"}
    assert (info.places.cache / "mlflow-artifacts").is_dir()


def test_the_card_and_the_listener_import_nothing_heavy():
    heavy = "[m for m in ('mlflow', 'torch', 'pandas') if m in sys.modules]"
    code = f"import sys, eobench.tracking._mlflow, eobench.tracking._session; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
    assert done.stdout.strip() == "[]"
