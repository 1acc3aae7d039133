"""Planning is light: no arrays, nothing heavy imported, a thousand cells in a moment; real plugins too."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from eobench.data import ModalityArray, ModalityInfo, SplitInfo, fingerprint, write_folder
from eobench.plugin import DatasetCard, Param, Places, discover
from eobench.tasks import DatasetProbe, expand, load_tasks, parse_tasks

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "optuna", "pandas", "sklearn", "mlflow", "plotly")

PLUGIN = """
from pathlib import Path
from eobench.plugin import Dataset
from toy_package._tools import SIZE

class Set(Dataset):
    def __init__(self, params, places, name=""):
        super().__init__(params, places)

    def folder(self):
        return Path(self.places.cache) / "set"

    def recipe(self):
        return {"clouds": self.params["clouds"]} if self.params["clouds"] else None
"""


@pytest.fixture
def folder(world, modules):
    modules("toy_package/_set.py", PLUGIN)
    modules("toy_package/_tools.py", "SIZE = 1\n")
    rows, part = 12, np.array(["train", "val", "test"] * 4)
    info = ModalityInfo("s2", "series", (3, 2), ("b0", "b1"))
    values = np.arange(rows * 6, dtype=np.int16).reshape(rows, 3, 2)
    path = world.places.cache / "set"
    write_folder(
        path,
        name="set",
        title="a set",
        classes=("wheat", "maize"),
        modalities={"s2": ModalityArray(info, values, None, np.array([0, 10, 20], np.int16))},
        samples={"label": np.arange(rows) % 2, "split": part},
        splits={"all": SplitInfo("all", "split", None, "within")},
        default_split="all",
        starts={"s2": "2021-01-01"},
    )
    params = (Param("clouds", 0.0, "share"),)
    return DatasetCard(
        name="set", summary="", load="toy_package._set:Set", origin="generated", params=params
    ), path


def test_a_data_set_is_looked_at_through_its_plugin(world, folder):
    card, path = folder
    probe = DatasetProbe(world.places)(card, card.resolve({}))
    assert probe.folder == path
    assert probe.header.classes == ("wheat", "maize")
    counts = probe.counts("all", None)
    assert (counts.train, counts.val, counts.test) == (4, 4, 4)
    assert probe.fingerprint == fingerprint(path, world.places.cache)


def test_each_data_set_is_looked_at_once(world, folder):
    card, _ = folder
    probe = DatasetProbe(world.places)
    assert probe(card, card.resolve({})) is probe(card, card.resolve({}))
    assert probe(card, card.resolve({})) is not probe(card, card.resolve({"clouds": 0.5}))


def test_a_generated_set_is_known_by_its_recipe_and_code(world, folder, modules):
    card, path = folder

    def mark(clouds: float) -> str:
        return DatasetProbe(world.places)(card, card.resolve({"clouds": clouds})).fingerprint

    before = mark(0.5)
    assert before != mark(0.6)
    (path / "s2.npy").touch()
    assert mark(0.5) == before
    modules("toy_package/_tools.py", "SIZE = 10\n")
    assert mark(0.5) != before


def test_planning_opens_no_array(world, folder):
    card, path = folder
    world.registry.datasets.add(card, "toy")
    text = "name: toy\ntasks: [{id: one, methods: near, datasets: set, supervision: full}]"
    for file in path.iterdir():
        os.utime(file, (10**9, 10**9))  # long ago: what has just changed is not trusted
    stat = (path / "s2.npy").stat()
    before = expand(parse_tasks(text, "t"), world.registry, world.places)
    (path / "s2.npy").write_bytes(b"x" * stat.st_size)  # nobody looks: size and time of change are the same
    os.utime(path / "s2.npy", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert [c.key for c in expand(parse_tasks(text, "t"), world.registry, world.places)] == [c.key for c in before]


def test_a_thousand_cells_take_a_moment(world):
    block = (
        "methods: [near, learner, hurried], base_models: {families: net, samples: 5}, "
        "datasets: [fields, elsewhere], supervision: [full, few, bags, regions, global], "
        "labels: [5/class, '20%'], bag_size: [8, 16, 32], "
        f"seeds: {list(range(8))}"
    )
    world.task(block)
    start = time.process_time()
    cells = world.task(block)
    spent = time.process_time() - start
    assert len(cells) >= 1000
    assert spent / len(cells) < 0.3e-3
    assert len(set(world.looked)) == 2


def test_planning_imports_nothing_heavy(tmp_path):
    code = f"""
import sys
from dataclasses import dataclass
from pathlib import Path
import eobench.tasks
from eobench.tasks import expand, load_tasks, select, plan_summary, json_schema
load_tasks(Path({str(ROOT / "tasks.yaml")!r})); json_schema()
print([m for m in {HEAVY!r} if m in sys.modules])
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_a_worker_gets_cells_without_the_schema():
    code = "import sys; import eobench.tasks; print([m for m in ('pydantic', 'yaml') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_the_quickstart_can_be_planned(tmp_path):
    places = Places(None, tmp_path)
    cells = expand(load_tasks(ROOT / "tasks.yaml"), discover(places), places)
    assert 0 < len(cells) <= 50
    assert {c.status for c in cells} == {"planned"}


@pytest.mark.skipif(not os.environ.get("EOBENCH_DATA"), reason="EOBENCH_DATA names no data root")
def test_the_suite_of_real_sets_can_be_planned(tmp_path):
    places = Places(Path(os.environ["EOBENCH_DATA"]), tmp_path)
    suite = ROOT / "plugins" / "eobench_datasets" / "suites" / "real-sets.yaml"
    cells = expand(load_tasks(suite), discover(places), places)
    assert {c.status for c in cells} == {"planned", "unsupported"}
    assert all(c.reason for c in cells if c.status == "unsupported")
    assert all(c.dataset.fingerprint for c in cells)
