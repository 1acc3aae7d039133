"""CONTRIBUTING followed to the letter: its method keeps the contract and reaches a row on a leaderboard."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
NAME = "spread-weighted"


@pytest.fixture
def section() -> str:
    """The part on methods."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text.split("## A method in ten minutes")[1].split("\n## ")[0]


@pytest.mark.slow
def test_the_method_of_contributing_reaches_a_leaderboard(tmp_path: Path, section: str) -> None:
    begin, look = (block.strip().splitlines() for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
    assert begin[1:] == [f"cd {NAME}", "pip install -e ."]  # the fixture `eobench` cannot install: see `shell`
    shell(begin[0], tmp_path)
    package = tmp_path / NAME
    for path, code in follow(section):
        assert (package / path).is_file()
        (package / path).write_text(code)
    before, after = re.findall(r"replace `(.+?)` by `(.+?)`", section.replace("\n", " "))[0]
    tasks = package / "tasks.yaml"
    assert before in tasks.read_text()
    tasks.write_text(tasks.read_text().replace(before, after))
    said = [shell(command, package, "--plugin", "spread_weighted") for command in look[:2]]
    assert "failed" not in said[0]
    said.append(shell(look[2], package))
    assert NAME in said[2]

    rows = pq.read_table(package / "leaderboards" / NAME / "results.parquet").to_pylist()
    assert {r["status"] for r in rows} == {"ok"}
    full = {
        (r["method"], json.loads(r["method_params"]).get("floor")): r["predictions"]
        for r in rows
        if r["supervision"] == "full"
    }
    assert full[NAME, 0.5] != full["ncc", None]  # the idea does something


def follow(section: str) -> list[tuple[str, str]]:
    """The files that the text gives, each with its code: the path is the last one named before it."""
    found = [
        (re.findall(r"`(spread_weighted/\w+\.py)`", section[: block.start()])[-1], block.group(1))
        for block in re.finditer(r"```python\n(.*?)```", section, re.DOTALL)
    ]
    assert len(found) == 2
    return found


def shell(command: str, folder: Path, *more: str) -> str:
    """Run a line `eobench ...` as installed without network: through `--plugin` and the path instead of pip."""
    first, *rest = command.split()
    assert first == "eobench"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EOBENCH_", "MLFLOW_"))}
    variables = {"EOBENCH_CACHE": str(folder / "c"), "EOBENCH_TRACKING": "off", "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", "from eobench.cli import main; main()", *rest, *more],
        cwd=folder,
        env=kept | variables | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_every_word_that_the_scaffold_is_told_to_hold_is_there(section: str) -> None:
    assert "`EDIT`" in section
    templates = ROOT / "benchmark" / "eobench" / "cli" / "templates"
    for kind in ("method", "dataset", "base-model"):
        for code in (templates / kind).glob("*.py.j2"):
            assert "EDIT" in code.read_text(encoding="utf-8"), code


def test_every_page_that_the_readme_links_to_is_there() -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert (ROOT / link).exists(), f"{page} links to {link}"
