"""The example plugin from outside the tree: installed like anybody's, listed, checked, run and tested."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

SOURCE = Path(__file__).parents[2] / "examples" / "eobench-plugin-example"
MAIN = "from eobench.cli import main; main()"


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example's own files, and what pip installed of them in `site`."""
    pytest.importorskip("hatchling", reason="building a package without network needs hatchling (group dev)")
    root = tmp_path_factory.mktemp("outside")
    unbuilt = shutil.ignore_patterns("__pycache__", ".pytest_cache", "*.egg-info", "leaderboards")
    shutil.copytree(SOURCE, root / "package", ignore=unbuilt)
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", "site", "./package"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    return root


def call(outside: Path, *command: str, cwd: str) -> str:
    """Run Python with the installed package, and nothing of its source, on the path."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EOBENCH_", "MLFLOW_", "PYTEST_"))}
    variables = {"EOBENCH_CACHE": str(outside / "cache"), "EOBENCH_TRACKING": "off", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=outside / cwd,
        env=kept | variables | {"PYTHONPATH": str(outside / "site"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_an_installed_plugin_is_listed_with_its_package(outside):
    listed = json.loads(call(outside, "-c", MAIN, "list", "--json", cwd="."))
    [card] = [m for m in listed["methods"] if m["name"] == "shrunken-centroids"]
    assert card["plugin"] == "shrunken_centroids"
    [plugin] = [p for p in listed["plugins"] if p["name"] == card["plugin"]]
    assert plugin == {
        "name": "shrunken_centroids",
        "module": "eobench_plugin_example",
        "from": "eobench-plugin-example 0.1.0",
        "state": "ok",
    }


def test_it_keeps_the_contract(outside):
    [report] = json.loads(call(outside, "-c", MAIN, "check", "shrunken-centroids", "--json", cwd="."))
    statuses = {o["check"]: o["status"] for o in report["outcomes"]}
    assert "passed" in statuses.values()
    assert [name for name, status in statuses.items() if status == "failed"] == []


def test_its_tasks_give_rows_and_shrinking_matters(outside):
    run = ["-c", MAIN, "run", "../package/tasks.yaml", "--quiet", "--jobs", "1"]
    (outside / "elsewhere").mkdir()
    call(outside, *run, cwd="elsewhere")
    board = outside / "elsewhere" / "leaderboards" / "shrunken-centroids" / "results.parquet"
    rows = pq.read_table(board).to_pylist()
    assert {r["status"] for r in rows} == {"ok"}
    assert {r["method"] for r in rows} == {"shrunken-centroids", "ncc"}
    for level in ("full", "few"):
        chosen, none = (
            {r["predictions"] for r in rows if r["supervision"] == level and r["method_label"] == label}
            for label in ("shrunken-centroids", "shrunken-centroids[threshold=0]")
        )
        assert chosen
        assert none
        assert not chosen & none


def test_its_own_tests_pass_where_it_is_installed(outside):
    shutil.copytree(outside / "package" / "tests", outside / "tests")
    said = call(outside, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests", cwd=".")
    assert " passed" in said
