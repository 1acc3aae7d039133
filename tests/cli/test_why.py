"""`eobench why`: what changed, field by field, down to the module or the file."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from eobench.data import ModalityArray, ModalityInfo, SplitInfo, write_folder

PLUGIN = """
from eobench.plugin import MethodCard, Param, hookimpl

@hookimpl
def eobench_methods():
    return [
        MethodCard(
            name=name,
            summary="a toy",
            load=f"toy_why.{name}:Toy",
            levels=("full", "few"),
            params=(
                Param("size", 1, "changes the numbers"),
                Param("chunk", 1, "changes no number", execution=True),
            ),
        )
        for name in ("alone", "helped")
    ]
"""
ALONE = """
import numpy as np
from eobench.plugin import Method, Predictions, Predictor

class Toy(Method):
    def fit(self, view, run):
        return Guess()

class Guess(Predictor):
    def predict(self, inputs):
        return Predictions(classes=np.zeros(len(inputs), int))
    def save(self, folder):
        pass
    @classmethod
    def load(cls, folder):
        return cls()
"""
HELPED = ALONE + "\nfrom toy_why.helper import number\n"
HELPER = "def number():\n    return 3\n"
TASKS = """
name: tiny
tasks:
  - id: t
    methods: [{alone}, helped]
    datasets: [a, b]
    supervision: [full]
"""


@pytest.fixture
def world(tmp_path, eobench):
    return World(tmp_path, eobench)


class World:
    def __init__(self, tmp_path: Path, eobench) -> None:
        self.path, self.eobench = tmp_path, eobench
        self.package = tmp_path / "toy_why"
        self.package.mkdir()
        files = {"__init__": PLUGIN, "alone": ALONE, "helped": HELPED, "helper": HELPER}
        for name, text in files.items():
            (self.package / f"{name}.py").write_text(text)
        for name in ("a", "b"):
            self.write_data(name, 0)
        self.write_tasks()

    def write_tasks(self, alone: str = "alone") -> None:
        (self.path / "tasks.yaml").write_text(TASKS.format(alone=json.dumps(alone)))

    def write_data(self, name: str, seed: int) -> None:
        n = 40
        values = np.random.default_rng(seed).normal(size=(n, 3, 2)).astype(np.float32)
        info = ModalityInfo("s", "series", (3, 2), ("red", "nir"))
        split = np.array(["train", "test"], object)[np.arange(n) // 2 % 2]
        shutil.rmtree(self.path / "data" / name, ignore_errors=True)
        write_folder(
            self.path / "data" / name,
            name=name,
            title="toy",
            classes=("x", "y"),
            modalities={"s": ModalityArray(info, values, None, np.arange(3, dtype=np.int16))},
            samples={"label": np.arange(n) % 2, "split": split},
            splits={"random": SplitInfo("random", "split", None, "within")},
            default_split="random",
        )

    def call(self, command: str, *more: str):
        done = self.eobench(command, *more, "--plugin", "toy_why", "--data", "data", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, *more: str) -> dict:
        return self.call("run", "tasks.yaml", *more)

    def why(self, *cell: str) -> list[dict]:
        return self.call("why", *cell)

    def to_run(self) -> dict[str, list[dict]]:
        return {c["label"].replace("[split=random] full seed 0", ""): c["differences"] for c in self.why()
                if c["state"] == "would run"}  # fmt: skip


def edit(path: Path, text: str) -> None:
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_before_anything_ran_there_is_nothing_to_compare_with(world):
    told = world.why("alone a[split=random]")
    assert [(c["state"], c["because"]) for c in told] == [
        ("would run", "no cell of this method on this data set has run")
    ]


def test_comments_jobs_device_and_execution_options_change_no_key(world):
    world.run()
    edit(world.package / "helper.py", "# a comment\n" + HELPER.replace(":\n", ':\n    """A docstring."""\n'))
    world.write_tasks("alone[chunk=7]")
    assert {c["state"] for c in world.why()} == {"finished"}
    assert world.run("--jobs", "1", "--device", "cpu", "--tracking")["counts"] == {"ok": 4}
    journal = world.path / "cache" / "runs" / "tiny" / "journal.jsonl"
    assert len(journal.read_text().splitlines()) == 4


def test_an_edited_helper_concerns_those_that_import_it_and_is_named(world):
    world.run()
    edit(world.package / "helper.py", HELPER.replace("3", "4"))
    found = world.to_run()
    assert set(found) == {"helped a", "helped b"}
    (difference,) = found["helped a"]
    assert difference["field"] == "code"
    assert difference["parts"] == ["toy_why.helper changed"]


def test_edited_data_concerns_that_set_and_the_file_is_named(world):
    world.run()
    world.write_data("b", 1)
    found = world.to_run()
    assert set(found) == {"alone b", "helped b"}
    (difference,) = found["alone b"]
    assert difference["field"] == "dataset.fingerprint"
    assert [p.rpartition(" ")[2] for p in difference["parts"]] == ["changed"]
    assert difference["parts"][0].startswith("s")


def test_a_changed_option_shows_both_values(world):
    world.run()
    world.write_tasks("alone[size=5]")
    found = world.to_run()
    assert set(found) == {"alone[size=5] a", "alone[size=5] b"}
    (difference,) = found["alone[size=5] a"]
    assert (difference["field"], difference["then"], difference["now"]) == ("method.params.size", 1, 5)


def test_a_cell_is_found_by_key_by_words_and_by_field(world):
    world.run()
    by_words = world.why("helped b[")
    assert len(by_words) == 1
    assert world.why(by_words[0]["key"][:8]) == by_words
    assert {c["label"].split()[0] for c in world.why("method=helped")} == {"helped"}
    done = world.eobench("why", "nonsense", "--plugin", "toy_why", "--data", "data")
    assert done.returncode == 2
    assert "no cell of 'tiny' matches 'nonsense'" in done.stderr


def test_a_raised_limit_is_a_reason(world):
    slow = ALONE.replace("return Guess()", "import time; time.sleep(30)")
    edit(world.package / "alone.py", slow)
    with_limit = (world.path / "tasks.yaml").read_text() + "limits: {cell_seconds: 0.5}\n"
    (world.path / "tasks.yaml").write_text(with_limit)
    done = world.eobench("run", "tasks.yaml", "--select", "dataset=a", "--plugin", "toy_why", "--data", "data")
    assert done.returncode == 1
    assert "again with --only timeout" in world.why("alone a[")[0]["because"]
    (world.path / "tasks.yaml").write_text(with_limit.replace("0.5", "60"))
    assert world.why("alone a[")[0]["because"] == "timeout at a limit of 0.5 s, now raised to 60"


def test_the_row_holds_the_hash_of_the_code(world):
    import pyarrow.parquet as pq

    world.run()
    rows = pq.read_table(world.path / "leaderboards" / "tiny" / "results.parquet").to_pylist()
    assert len({r["code"] for r in rows}) == 2
    assert all(len(r["code"]) == 64 for r in rows)
