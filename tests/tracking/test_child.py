"""The tracking process: it answers, it says why not, and it never outlives the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from eobench.tracking._child import Child
from eobench.tracking._session import Opening


@pytest.fixture
def opening(tmp_path):
    return Opening(f"sqlite:///{tmp_path / 'mlflow.db'}", "board", 1, 0, (tmp_path / "artifacts").as_uri())


def test_mlflow_is_imported_there_and_not_here(opening):
    code = (
        "import sys\n"
        "from eobench.tracking._child import Child\n"
        "from eobench.tracking._session import Opening\n"
        f"child = Child(Opening({opening.uri!r}, 'board', 1, 0, {opening.artifacts!r}))\n"
        "child.send({'cell': 'a', 'status': 'ok', 'oa': 0.5}, {'loss': [(0, 1.0)]}, None, cached=False)\n"
        "child.close({'ok': 1})\n"
        "print(sorted({'mlflow', 'pandas', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_the_server_says_is_raised_here(opening):
    child = Child(opening)
    row = {"cell": "a", "status": "ok", "method_label": "x", "seed": 0}
    with pytest.raises(ConnectionError, match="int"):
        child.send({**row, "started": "2026-01-01T00:00:00+00:00", "oa": 10**400}, {}, None, cached=False)
    assert child.alive()
    child.send(row, {}, None, cached=False)
    child.close({"ok": 1})


def test_a_process_that_was_killed_is_an_error_with_a_reason(opening):
    child = Child(opening)
    os.kill(child._process.pid, signal.SIGKILL)
    with pytest.raises(ConnectionError, match="tracking process"):
        child.send({"cell": "a", "status": "ok"}, {}, None, cached=False)
    assert not child.alive()
    child.end()


def test_it_ends_at_once_when_the_run_is_killed_even_while_mlflow_is_imported(opening):
    code = (
        "from eobench.tracking._child import Child\n"
        "from eobench.tracking._session import Opening\n"
        f"Child(Opening({opening.uri!r}, 'board', 1, 0, None))"
    )
    run = subprocess.Popen([sys.executable, "-c", code])
    children = []
    while not children:
        time.sleep(0.02)
        children = psutil.Process(run.pid).children()
    run.kill()
    run.wait()
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert (len(gone), alive) == (1, [])
