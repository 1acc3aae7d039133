"""`eobench new`: what it writes works untouched, and what it cannot write leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from eobench.cli._new import Kind, _check_free, _check_name, _write
from eobench.data import EobenchError
from eobench.plugin import Places, Registry, discover

KINDS = {"method": "my-method", "dataset": "my-dataset", "base-model": "my-base-model"}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), KINDS.items())
def test_a_new_package_keeps_the_contract_and_reaches_a_leaderboard(eobench, tmp_path, kind, name):
    told = json.loads(eobench("new", kind, name, "--json").stdout)
    package, module = tmp_path / name, told["module"]
    assert told["folder"] == str(package)
    assert told["files"] == sorted(str(p.relative_to(package)) for p in package.rglob("*") if p.is_file())
    seen = {"PYTHONPATH": str(package)}

    checked = eobench("check", f"{kind}:{name}", "--plugin", module, "--json", **seen)
    assert checked.returncode == 0, checked.stderr + checked.stdout

    run = eobench("run", f"{name}/tasks.yaml", "--plugin", module, "--quiet", "--jobs", "1", **seen)
    assert run.returncode == 0, run.stderr + run.stdout
    rows = pq.read_table(tmp_path / "leaderboards" / name / "results.parquet").to_pylist()
    assert {r["status"] for r in rows} == {"ok"}
    assert "ncc" in {r["method"] for r in rows}
    column = {"method": "method", "dataset": "dataset", "base-model": "base_model"}[kind]
    assert any(str(r[column]).startswith(name) for r in rows)


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
def test_the_tests_of_a_new_package_are_the_contract_and_can_fail(eobench, tmp_path, kind, name):
    eobench("new", kind, name)
    module = name.replace("-", "_")
    check, good, bad = {
        "method": ("predicts-what", "Predictions(classes=", "Predictions(clusters="),
        "dataset": ("the-folder-opens", '"label": label', '"label": label + 9'),
        "base-model": ("forward-gives", "self.head(self.features(x))", "self.features(x)"),
    }[kind]
    assert run_tests(tmp_path / name, check).returncode == 0
    code = next((tmp_path / name / module).glob("_[a-z]*.py"))
    text = code.read_text()
    assert good in text
    code.write_text(text.replace(good, bad))
    assert run_tests(tmp_path / name, check).returncode == 1


def run_tests(package: Path, only: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EOBENCH_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", only],
        cwd=package,
        env=kept | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_new_package_installs_under_its_entry_point(eobench, tmp_path):
    pytest.importorskip("hatchling", reason="building a package without network needs hatchling (group dev)")
    eobench("new", "method", "my-method")
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", "site", "./my-method"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    listed = json.loads(eobench("list", "--json", PYTHONPATH=str(tmp_path / "site")).stdout)
    [plugin] = [p for p in listed["plugins"] if p["module"] == "my_method"]
    assert plugin["from"] == "my-method 0.1.0"
    assert plugin["state"] == "ok"
    assert "my-method" in {m["name"] for m in listed["methods"]}


def test_what_it_writes_from_is_in_the_wheel(tmp_path):
    pytest.importorskip("hatchling", reason="building a wheel without network needs hatchling (group dev)")
    root = Path(__file__).parents[2]
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", *offline, "--wheel-dir", str(tmp_path), str(root)]
    subprocess.run(command, check=True, timeout=120)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        shipped = {name for name in wheel.namelist() if name.startswith("eobench/cli/templates/")}
    templates = root / "benchmark" / "eobench" / "cli" / "templates"
    assert shipped == {str(p.relative_to(root / "benchmark")) for p in templates.rglob("*.j2")}


def test_code_of_a_new_package_is_formatted_and_sorted(eobench, tmp_path):
    rules = ["--isolated", "--line-length", "115"]
    for kind, name in [*KINDS.items(), *((kind, f"{kind[:2]}{'x' * 30}") for kind in KINDS)]:
        eobench("new", kind, name)
        package = tmp_path / name
        assert subprocess.run(["ruff", "--version"], capture_output=True, env=path()).returncode == 0
        for command in (["check", "--select", "B,E,F,I,UP", *rules, "."], ["format", "--check", *rules, "."]):
            done = subprocess.run(["ruff", *command], cwd=package, env=path(), capture_output=True, text=True)
            assert done.returncode == 0, done.stdout


def path() -> dict[str, str]:
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def test_it_says_what_to_do_next(eobench, tmp_path):
    (tmp_path / "my plugins").mkdir()
    said = eobench("new", "method", "tidy", "--into", "my plugins").stdout
    assert "  cd 'my plugins/tidy'\n  pip install -e .\n  eobench check tidy\n  eobench run tasks.yaml\n" in said


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("My_Method", "my-method"),
        ("TempCNN2", "temp-cnn2"),
        ("2d-net", "d-net"),
        ("my--method", "my-method"),
        ("my-method-", "my-method"),
        ("a" * 33, "a" * 32),
        ("../up", "up"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_one_that_can(name, hint):
    with pytest.raises(EobenchError, match=re.escape(f"Did you mean {hint!r}?")):
        _check_name(name)


def test_a_word_of_python_is_refused():
    with pytest.raises(EobenchError, match="is a word of Python"):
        _check_name("lambda")


def test_a_refused_request_writes_nothing(eobench, tmp_path):
    done = eobench("new", "method", "../up")
    assert done.returncode == 2
    assert "lower-case letters" in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert not (tmp_path.parent / "up").exists()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """What is installed."""
    return discover(Places(None, tmp_path_factory.mktemp("cache")))


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("method", "ncc", "method 'ncc' is there already, given by plugin 'prototypes'"),
        ("dataset", "simulated-fields", "data set 'simulated-fields' is there already"),
        ("base-model", "transformer", "base model 'transformer' is there already"),
        ("method", "json", "Python finds one of that name"),
        ("method", "tracking", "a plugin is named 'tracking' already"),
    ],
)
def test_a_name_that_is_taken_is_refused(registry, kind, name, reason):
    with pytest.raises(EobenchError, match=reason):
        _check_free(Kind(kind), name, registry)


def test_a_folder_that_holds_something_is_left_as_it_is(eobench, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me")
    done = eobench("new", "method", "mine")
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert [p.name for p in tmp_path.rglob("*")] == ["mine", "notes.txt"]


def test_a_file_in_its_place_is_left_as_it_is(eobench, tmp_path):
    (tmp_path / "mine").write_text("keep me")
    assert eobench("new", "method", "mine").returncode == 2
    assert (tmp_path / "mine").read_text() == "keep me"


def test_an_empty_folder_is_filled(eobench, tmp_path):
    (tmp_path / "mine").mkdir()
    assert eobench("new", "method", "mine").returncode == 0
    assert (tmp_path / "mine" / "pyproject.toml").is_file()


def test_a_place_that_is_not_there_is_refused(eobench, tmp_path):
    done = eobench("new", "method", "mine", "--into", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(EobenchError, match="cannot be written"):
        _write(tmp_path / "mine", {"a.txt": "whole", "a.txt/b.txt": "cannot be: a.txt is a file"})
    assert list(tmp_path.iterdir()) == []
