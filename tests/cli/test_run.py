"""From a task file to a leaderboard, as a user runs it."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eobench.plugin import Places, discover
from eobench.tasks import parse_tasks

TASKS = """
name: tiny
tasks:
  - id: labels
    methods: [ncc, "random-forest[trees=5]"]
    datasets: ["simulated-fields[samples=600]"]
    supervision: [full, few]
    labels: 5/class
"""
TOY = """
from eobench.plugin import Method, MethodCard, hookimpl

@hookimpl
def eobench_methods():
    return [MethodCard(name="raises", summary="a toy that fails", load="toy_raises:Raises", levels=("full",))]

class Raises(Method):
    def fit(self, view, run):
        raise RuntimeError("no luck today")
"""


@pytest.fixture(autouse=True)
def one_world_for_all(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every test has a cache of its own, but the generated sets in it are made once."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "generated"
    shared.mkdir(exist_ok=True)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "generated").symlink_to(shared)


@pytest.fixture
def tasks(tmp_path: Path):
    def write(text: str = TASKS) -> str:
        (tmp_path / "tasks.yaml").write_text(text)
        return "tasks.yaml"

    return write


def results(tmp_path: Path, name: str = "tiny") -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(tmp_path / "leaderboards" / name / "results.parquet").to_pylist()
    return rows


def test_a_run_fills_the_leaderboard_and_a_second_one_runs_nothing(eobench, tasks, tmp_path):
    first = eobench("run", tasks(), "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["counts"] == {"ok": 4}
    board = tmp_path / "leaderboards" / "tiny"
    assert {p.name for p in board.iterdir()} >= {
        "results.parquet",
        "win_matrix.parquet",
        "gains.parquet",
        "index.html",
    }
    before = results(tmp_path)
    journal = next((tmp_path / "cache" / "runs").rglob("journal.jsonl")).read_bytes()

    second = eobench("run", "tasks.yaml", "--json", code=CACHED)
    assert second.returncode == 0, second.stderr
    assert second.stderr.strip().endswith("torch: False")
    assert results(tmp_path) == before
    assert next((tmp_path / "cache" / "runs").rglob("journal.jsonl")).read_bytes() == journal


# A run with everything cached opens no array and imports no torch.
CACHED = """
import sys
import numpy
def refuse(*_, **__):
    raise AssertionError("an array was opened")
numpy.load = numpy.memmap = numpy.lib.format.open_memmap = numpy.lib.format.read_array = refuse
from eobench.cli import main
try:
    main()
finally:
    print("torch:", "torch" in sys.modules, file=sys.stderr)
"""


def test_a_failing_method_is_a_row_with_its_reason_and_exit_code_1(eobench, tasks, tmp_path):
    (tmp_path / "toy_raises.py").write_text(TOY)
    text = TASKS.replace("[ncc,", "[raises, ncc,")
    done = eobench("run", tasks(text), "--plugin", "toy_raises")
    assert done.returncode == 1
    assert "no luck today" in done.stdout
    rows = {r["method"]: r for r in results(tmp_path) if r["supervision"] == "full"}
    assert rows["raises"]["status"] == "failed"
    assert "RuntimeError: no luck today (toy_raises:" in str(rows["raises"]["reason"])
    assert rows["ncc"]["status"] == "ok"
    again = eobench("run", "tasks.yaml", "--plugin", "toy_raises", "--only", "failed", "--json")
    assert again.returncode == 1
    assert json.loads(again.stdout)["counts"] == {"failed": 1, "ok": 4, "unsupported": 1}


def test_a_selection_runs_only_its_cells_and_the_board_says_what_was_not_run(eobench, tasks, tmp_path):
    done = eobench("run", tasks(), "--select", "method=ncc", "--select", "supervision=full", "--json")
    assert json.loads(done.stdout)["counts"] == {"ok": 1}
    assert sorted(str(r["status"]) for r in results(tmp_path)) == ["not-run", "not-run", "not-run", "ok"]


def test_a_bag_larger_than_the_split_is_a_row_not_an_error(eobench, tasks, tmp_path):
    text = """
name: tiny
tasks:
  - id: bags
    methods: [dllp, ncc]
    datasets: ["simulated-fields[samples=600]"]
    supervision: [bags, full]
    bag_size: [100000]
    base_models: "transformer[d_model=32,heads=2,layers=1]"
"""
    done = eobench("run", tasks(text), "--json")
    assert done.returncode == 0, done.stderr
    rows = [r for r in results(tmp_path) if r["method"] == "dllp" and r["supervision"] == "bags"]
    assert [r["status"] for r in rows] == ["unsupported"]
    assert "100000" in str(rows[0]["reason"])


def test_absent_data_is_skipped_with_how_to_get_it(eobench, tasks, tmp_path):
    text = TASKS.replace('"simulated-fields[samples=600]"', '"simulated-fields[samples=600]", us_s2_cdl')
    done = eobench("run", tasks(text), "--json")
    assert done.returncode == 0, done.stderr
    skipped = [r for r in results(tmp_path) if r["dataset"] == "us_s2_cdl"]
    assert {r["status"] for r in skipped} == {"skipped"}
    assert "EOBENCH_DATA" in str(skipped[0]["reason"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[ncc,", "[nccc,", ["tasks.yaml:5", "nccc", "Did you mean 'ncc'?"]),
        ("trees=5", "tres=5", ["tasks.yaml:5", "tres", "Did you mean 'trees'?"]),
        ("trees=5", "trees=0", ["tasks.yaml:5", "at least 1"]),
        (
            "simulated-fields[samples=600]",
            "simulated-feilds",
            ["tasks.yaml:6", "Did you mean 'simulated-fields'?"],
        ),
        ("samples=600", "split=zone", ["tasks.yaml:6", "zone", "block"]),
        ("few]", "fwe]", ["tasks.yaml:7", "fwe", "'few'"]),
        ("5/class", "five", ["tasks.yaml:8", "five", "5/class"]),
        ("supervision:", "supervison:", ["supervison", "'supervision'"]),
        ("name: tiny", "name: tiny\nname: again", ["tasks.yaml:3", "name", "twice"]),
        ("name: tiny", "name: tiny\nseeds: [a]", ["tasks.yaml:3", "seeds"]),
        ("[full, few]", "[]", ["tasks.yaml:7", "supervision"]),
        ("  - id: labels", "  - id: labels: x", ["tasks.yaml:4"]),
    ],
)
def test_a_mistake_is_told_with_its_line_and_nothing_is_written(eobench, tasks, tmp_path, old, new, words):
    assert old in TASKS
    done = eobench("run", tasks(TASKS.replace(old, new)))
    assert done.returncode == 2, done.stdout
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "leaderboards").exists()
    assert not (tmp_path / "cache" / "runs").exists()


def test_an_output_that_cannot_be_written_is_told_before_anything_runs(eobench, tasks, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = eobench("run", tasks(), "--out", "file")
    assert done.returncode == 2
    assert "--out" in done.stderr
    assert not (tmp_path / "cache" / "runs").exists()


def test_a_second_run_beside_a_running_one_is_refused_and_writes_nothing(eobench, tasks, tmp_path):
    from eobench.results import RunLock

    with RunLock(tmp_path / "cache" / "runs" / "tiny"):
        done = eobench("run", tasks())
    assert done.returncode == 2
    assert "already running" in done.stderr
    assert not (tmp_path / "leaderboards").exists()


def test_a_task_file_that_is_not_there_is_an_error_that_names_it(eobench):
    done = eobench("run", "nowhere.yaml")
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stderr


def test_a_matrix_that_cannot_be_at_all_is_an_error(eobench, tasks):
    done = eobench("run", tasks(TASKS.replace("[full, few]", "[none]").replace("    labels: 5/class\n", "")))
    assert done.returncode == 2
    assert "every cell is unsupported" in done.stderr


def test_a_dry_run_shows_the_plan_and_runs_nothing(eobench, tasks, tmp_path):
    done = eobench("run", tasks(), "--dry-run")
    assert done.returncode == 0
    assert "4 cells" in done.stdout
    assert not (tmp_path / "leaderboards").exists()


def test_the_plan_is_json_too(eobench, tasks):
    plan = json.loads(eobench("plan", tasks(), "--json").stdout)
    assert plan["states"] == {"planned": 4}
    assert len({c["key"] for c in plan["cells"]}) == 4


def test_every_shipped_suite_is_a_task_file(eobench):
    suites = json.loads(eobench("list", "suites", "--json").stdout)["suites"]
    assert {"real-sets", "real-longer", "agriitsc", "bimodal", "llp-co", "lightweight-llp"} <= {
        s["name"] for s in suites
    }
    for card in discover(Places(None, Path("cache"))).suites.values():
        package, _, file = card.load.partition(":")
        assert parse_tasks(files(package).joinpath(file).read_text(), card.name).name == card.name


def test_suites_of_absent_data_are_planned_as_skipped(eobench):
    for name in ("real-sets", "real-longer"):
        done = eobench("plan", f"suite:{name}", "--json")
        assert done.returncode == 0, done.stderr
        assert set(json.loads(done.stdout)["states"]) <= {"planned", "skipped", "unsupported"}


def test_a_suite_that_no_plugin_ships_is_an_error_with_the_nearest(eobench):
    done = eobench("run", "suite:real-set")
    assert done.returncode == 2
    assert "Did you mean 'real-sets'?" in done.stderr


def test_leaderboard_show_reads_what_run_wrote(eobench, tasks):
    assert eobench("run", tasks(), "--quiet").returncode == 0
    shown = eobench("leaderboard", "show", "leaderboards/tiny")
    assert "win matrix" in shown.stdout
    told = json.loads(eobench("leaderboard", "show", "leaderboards/tiny", "--json").stdout)
    assert {r["method"] for r in told["rows"]} == {"ncc", "random-forest[trees=5]"}


def test_a_foreign_parquet_is_refused(eobench, tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "results.parquet")
    done = eobench("leaderboard", "show", "results.parquet")
    assert done.returncode == 2
    assert "not a leaderboard of eobench" in done.stderr


@pytest.mark.parametrize("damage", ["truncated", "foreign", "label"])
def test_damaged_data_is_told_before_anything_runs(eobench, tasks, tmp_path, damage):
    from eobench.data import ModalityArray, ModalityInfo, SplitInfo, write_folder

    rng = np.random.default_rng(0)
    info = ModalityInfo("s2", "series", (4, 1), ("ndvi",))
    folder = tmp_path / "data" / "mine"
    write_folder(
        folder,
        name="mine",
        title="Mine",
        classes=("corn", "rice"),
        modalities={"s2": ModalityArray(info, rng.normal(size=(8, 4, 1)), None, np.arange(4, dtype=np.int16))},
        samples={"label": [0, 1] * 4, "split": ["train"] * 4 + ["test"] * 4},
        splits={"random": SplitInfo("random", "split", None, None)},
        default_split="random",
    )
    if damage == "truncated":
        (folder / "s2.npy").write_bytes((folder / "s2.npy").read_bytes()[:-8])
    elif damage == "foreign":
        (folder / "s2.npy").write_text("no array")
    else:
        table = pq.read_table(folder / "samples.parquet")
        column = table.schema.get_field_index("label")
        wrong = pa.array([0, 1, 7, 1, 0, 1, 0, 1], pa.int16())
        pq.write_table(table.set_column(column, "label", wrong), folder / "samples.parquet")
    text = TASKS.replace('"simulated-fields[samples=600]"', "mine")
    done = eobench("run", tasks(text), "--data", "data")
    assert done.returncode == 2
    assert ("class 7" if damage == "label" else "s2.npy: expected a .npy array") in done.stderr
    assert not (tmp_path / "leaderboards").exists()
    assert not (tmp_path / "cache" / "runs").exists()
