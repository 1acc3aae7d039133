"""A cell runs on every real set at hand, named in a task file, at the level that the set is there for."""

from __future__ import annotations

import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

ROOT = os.environ.get("EOBENCH_DATA")
pytestmark = pytest.mark.skipif(ROOT is None, reason="EOBENCH_DATA is not set: no real data at hand")
TASKS = """
name: real
tasks:
  - id: series
    methods: [ncc]
    datasets:
      - us_s2_cdl
      - cawa_central_asia
      - matogrosso_modis
      - ucr_crop
      - cerrado_cbers
      - worldcereal_canada[modalities=s2]
      - worldcereal_canada[modalities=s1]
      - worldcereal_canada[modalities=weather]
      - worldcereal_canada[modalities=s2+s1]
    supervision: few
    labels: 5/class
  - {id: pool, methods: [kmeans], datasets: ["cerrado_cbers[bands=ndvi+evi]"], supervision: none, pool: true}
  - id: regions
    methods: [dllp]
    base_models: [mlp-ltae]
    datasets: [agnet_bags]
    supervision: regions[by=tile]
    budget: {steps: 5}
  - {id: maps, methods: [ncc], datasets: [agnet_patches], supervision: few, labels: 5/class}
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    here = tmp_path_factory.mktemp("real")
    (here / "tasks.yaml").write_text(TASKS)
    done = subprocess.run(
        [sys.executable, "-c", "from eobench.cli import main; main()", "run", "tasks.yaml", "--jobs", "1"],
        cwd=here,
        env=os.environ | {"EOBENCH_CACHE": str(here / "cache"), "EOBENCH_TRACKING": "off"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return pq.read_table(here / "leaderboards" / "real" / "results.parquet").to_pylist()


def test_every_cell_ends_well(rows):
    assert [(r["dataset_label"], r["status"], r["reason"]) for r in rows if r["status"] != "ok"] == []
    assert len(rows) == 12
