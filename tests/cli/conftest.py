"""The command line as a user meets it: a process, its exit code and what it prints."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Eobench = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def eobench(tmp_path: Path) -> Eobench:
    """Run `eobench` in an empty folder with a cache and plugins of its own."""

    def call(*arguments: str, code: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("EOBENCH_", "MLFLOW_"))}
        environment = kept | {
            "EOBENCH_CACHE": str(tmp_path / "cache"),
            "EOBENCH_TRACKING": "off",
            "PYTHONPATH": str(tmp_path),
            "COLUMNS": "200",
        }
        start = code or "from eobench.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", start, *arguments],
            cwd=tmp_path,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return call
