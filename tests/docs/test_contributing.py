"""CONTRIBUTING followed to the letter: its method reaches a row on a leaderboard."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]


def test_the_method_of_contributing_reaches_a_leaderboard(tmp_path: Path) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    card, method = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    package = tmp_path / "my_methods"
    package.mkdir()
    (package / "__init__.py").write_text(card)
    (package / "majority.py").write_text(method)
    (tmp_path / "tasks.yaml").write_text(
        "name: mine\n"
        "tasks:\n"
        "  - {id: a, methods: [majority, ncc], datasets: 'simulated-fields[samples=600]', supervision: full}\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from eobench.cli import main; main()",
            "run",
            "tasks.yaml",
            "--plugin",
            "my_methods",
        ],
        cwd=tmp_path,
        env=os.environ
        | {"EOBENCH_CACHE": str(tmp_path / "c"), "EOBENCH_TRACKING": "off", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    rows = pq.read_table(tmp_path / "leaderboards" / "mine" / "results.parquet").to_pylist()
    accuracy = {r["method"]: r["oa"] for r in rows}
    assert 0 < accuracy["majority"] < accuracy["ncc"]
    assert json.loads(next(r for r in rows if r["method"] == "majority")["method_params"]) == {"smoothing": 1.0}


def test_every_page_that_the_readme_links_to_is_there() -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert (ROOT / link).exists(), f"{page} links to {link}"
