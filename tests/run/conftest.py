"""Toy plugins and work functions; workers find them because they take over this process's `sys.path`."""

import sys
from pathlib import Path

import pytest

TOYS = str(Path(__file__).parent / "toys")
if TOYS not in sys.path:
    sys.path.insert(0, TOYS)


@pytest.fixture
def bench(tmp_path):
    """A bench with a cache, a toy folder and a way to run cells on it."""
    from toy_bench import Bench

    return Bench(tmp_path)
