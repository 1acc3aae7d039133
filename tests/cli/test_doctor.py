"""`eobench doctor` in broken worlds: whatever is wrong is a line that says what to do, never an end."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from eobench.cli import _doctor_machine as machine
from eobench.cli import _doctor_places as places
from eobench.cli._doctor import _report
from eobench.cli._doctor_run import Finding, World, _values, ask_child, examine
from eobench.results import Entry, Journal

SOUND_TORCH = {
    "torch/__init__.py": (
        "__version__ = '9.9'\n"
        "class version: cuda = None\n"
        "class cuda: is_available = staticmethod(lambda: False); device_count = staticmethod(lambda: 0)\n"
        "def tensor(values, device): return values\n"
    ),
    "torchvision/__init__.py": (
        "__version__ = '8.8'\n"
        "class Kept:\n"
        "    def tolist(self): return [0]\n"
        "class ops: nms = staticmethod(lambda boxes, scores, threshold: Kept())\n"
    ),
}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def report(eobench, tmp_path) -> Callable[..., tuple[int, dict[str, dict[str, str]]]]:
    """Run the doctor beside a torch that costs nothing; return the exit code and its findings by subject."""
    write(tmp_path, SOUND_TORCH)

    def call(*arguments: str, **variables: str) -> tuple[int, dict[str, dict[str, str]]]:
        done = eobench("doctor", "--json", *arguments, **variables)
        assert done.stderr == ""
        told = json.loads(done.stdout)
        assert told["problems"] == sum(f["state"] == "problem" for f in told["findings"])
        return done.returncode, {f["subject"]: f for f in told["findings"]}

    return call


def subjects(findings: list[Finding]) -> dict[str, Finding]:
    return {f.subject: f for f in findings}


@pytest.fixture
def world(tmp_path) -> World:
    return World(None, tmp_path / "cache")


# The whole command


def test_a_sound_world_has_no_problem(report):
    code, found = report()
    assert code == 0
    assert {f["state"] for f in found.values()} <= {"ok", "warning"}
    wanted = ("python", "eobench", "libraries", "torch", "torchvision", "gpu", "plugins", "cores", "memory")
    assert set(wanted) | {"threads", "open files", "data root", "cache", "disk", "tracking"} <= set(found)
    assert found["torchvision"]["text"] == "8.8 fits torch: torchvision.ops.nms runs"


def test_the_report_in_a_terminal_ends_with_the_count(eobench, tmp_path):
    write(tmp_path, SOUND_TORCH)
    done = eobench("doctor", "--data", "nowhere")
    assert done.returncode == 1
    assert "\nplaces\n" in done.stdout
    assert "nowhere does not exist" in " ".join(done.stdout.split())
    assert done.stdout.splitlines()[-1].startswith("1 problem, ")


def test_everything_broken_at_once_still_gives_a_report(report, tmp_path):
    write(tmp_path, {"torch/__init__.py": "raise ImportError('no torch here')\n", "bad.py": "1 / 0\n", "file": ""})
    code, found = report(
        *("--data", "nowhere", "--plugin", "bad"),
        EOBENCH_CACHE=str(tmp_path / "file" / "cache"),
        EOBENCH_TRACKING="on",
        MLFLOW_TRACKING_URI="http://127.0.0.1:9",
        OMP_NUM_THREADS="many",
    )
    assert code == 1
    assert {s for s, f in found.items() if f["state"] == "problem"} == {"torch", "bad", "data root", "cache"}
    assert {s for s, f in found.items() if f["state"] == "warning"} >= {"tracking", "threads"}
    assert all(f["advice"] for f in found.values() if f["state"] != "ok")


def test_a_broken_installation_still_gives_a_report(eobench, tmp_path):
    for name in ("numpy", "torch", "platformdirs"):
        write(tmp_path, {f"{name}/__init__.py": f"raise ImportError('{name} is broken')\n"})
    done = eobench("doctor", EOBENCH_CACHE="")
    assert done.returncode == 1
    assert done.stderr == ""
    for name in ("numpy", "torch", "platformdirs"):
        assert f"{name} is broken" in done.stdout
    assert "install eobench again" in done.stdout


# Software


def test_the_installed_torch_and_torchvision_fit():
    found = subjects(list(machine.torch(World(None, Path("cache")))))
    assert found["torch"].state == found["torchvision"].state == "ok"


@pytest.fixture
def torch_of(tmp_path, monkeypatch, world) -> Callable[..., dict[str, Finding]]:
    """What is found of a made-up torch and torchvision."""

    def look(**modules: str) -> dict[str, Finding]:
        write(tmp_path, SOUND_TORCH | {f"{name}/__init__.py": text for name, text in modules.items()})
        monkeypatch.syspath_prepend(str(tmp_path))
        return subjects(list(machine.torch(world)))

    return look


def test_a_torch_that_is_missing_is_a_problem(torch_of):
    found = torch_of(torch="raise ModuleNotFoundError(\"No module named 'torch'\")\n")
    assert list(found) == ["torch"]
    assert found["torch"].state == "problem"
    assert "No module named 'torch'" in found["torch"].text
    assert "same index" in found["torch"].advice


def test_a_torch_that_crashes_is_a_line_and_not_the_end(torch_of):
    found = torch_of(torch="import os, signal; os.kill(os.getpid(), signal.SIGSEGV)\n")["torch"]
    assert found.state == "problem"
    assert "killed by SIGSEGV" in found.text


def test_a_torchvision_of_another_index_is_a_problem(torch_of):
    found = torch_of(torchvision="raise RuntimeError('operator torchvision::nms does not exist')\n")
    assert (found["torch"].state, found["torchvision"].state) == ("ok", "problem")
    assert "operator torchvision::nms does not exist" in found["torchvision"].text
    assert "same index" in found["torchvision"].advice


def test_a_torchvision_without_its_operator_is_a_problem(torch_of):
    found = torch_of(torchvision="__version__ = '8'\nclass ops: pass\n")
    assert found["torchvision"].state == "problem"


def test_a_torchvision_that_computes_wrongly_is_a_problem(torch_of):
    wrong = SOUND_TORCH["torchvision/__init__.py"].replace("return [0]", "return [0, 1]")
    assert "keeps [0, 1], not [0]" in torch_of(torchvision=wrong)["torchvision"].text


def test_a_torchvision_that_crashes_names_torchvision_and_not_torch(torch_of):
    found = torch_of(torchvision="import os; os.abort()\n")
    assert found["torch"].state == "ok"
    assert "killed by SIGABRT" in found["torchvision"].text


def test_what_an_import_prints_is_not_taken_for_an_answer(torch_of):
    noise = """import os\nline = '{"torch_error": "no"}'\nprint(line, flush=True)\nos.write(1, line.encode())\n"""
    assert torch_of(torch=noise + SOUND_TORCH["torch/__init__.py"])["torch"].state == "ok"


def test_a_gpu_is_shown_with_its_memory(monkeypatch):
    gpu = {"name": "H200", "free": 1 << 37, "total": 1 << 37}
    told = {"torch": "9", "built_for": "13", "torchvision": "8", "gpus": [gpu]}
    monkeypatch.setattr(machine, "ask_child", lambda topic: machine.Answer(told))
    assert (
        "cuda:0: H200, 128.0 of 128.0 GiB free" in subjects(list(machine.torch(World(None, Path()))))["gpu"].text
    )


def test_a_gpu_that_torch_cannot_use_is_a_warning(monkeypatch):
    told = {"torch": "9", "built_for": None, "torchvision": "8", "gpus": []}
    monkeypatch.setattr(machine, "ask_child", lambda topic: machine.Answer(told))
    monkeypatch.setattr(machine, "_nvidia", lambda: True)
    found = subjects(list(machine.torch(World(None, Path()))))["gpu"]
    assert found.state == "warning"
    assert "CUDA build" in found.advice


def test_a_library_that_is_missing_or_too_old_is_a_problem(monkeypatch):
    wanted = ["numpy>=999", "made-up-library>=1", "pluggy>=1", 'never; python_version < "3"']
    monkeypatch.setattr(machine.metadata, "requires", lambda name: wanted)
    found = subjects(list(machine.software(World(None, Path()))))
    assert ">=999 is required" in found["numpy"].text
    assert found["made-up-library"].advice == 'pip install "made-up-library>=1"'
    assert found["libraries"].text.startswith("1 required")
    assert "never" not in found


# Plugins


@pytest.fixture
def plugins_with(tmp_path, monkeypatch) -> Callable[[str], dict[str, Finding]]:
    """What is found where a module of this text is a plugin."""

    def look(text: str) -> dict[str, Finding]:
        write(tmp_path, {"bad.py": text})
        monkeypatch.syspath_prepend(str(tmp_path))
        return subjects(list(places.plugins(World(None, tmp_path / "cache", ("bad",)))))

    return look


def test_a_broken_plugin_is_a_problem_with_its_reason(plugins_with):
    found = plugins_with("import nothing_of_this_name\n")
    assert found["bad"].state == "problem"
    assert "No module named 'nothing_of_this_name'" in found["bad"].text
    assert found["plugins"].state == "ok"


def test_a_plugin_that_kills_the_process_is_a_problem(plugins_with):
    found = plugins_with("import os; os.abort()\n")
    assert found["plugins"].state == "problem"
    assert "killed by SIGABRT" in found["plugins"].text


def test_a_misspelt_hook_stops_every_command_and_is_told(plugins_with):
    found = plugins_with("from eobench.plugin import hookimpl\n@hookimpl\ndef eobench_method(): return []\n")
    assert found["plugins"].state == "problem"
    assert "Did you mean 'eobench_methods'?" in found["plugins"].text


# Machine


def test_a_low_limit_of_open_files_is_a_warning(monkeypatch, world):
    monkeypatch.setattr(machine.resource, "getrlimit", lambda which: (256, 4096))
    found = subjects(list(machine.machine(world)))["open files"]
    assert (found.state, found.advice) == ("warning", "ulimit -n 1024")


def test_a_limit_of_open_files_that_cannot_be_raised_says_so(monkeypatch, world):
    monkeypatch.setattr(machine.resource, "getrlimit", lambda which: (256, 256))
    assert subjects(list(machine.machine(world)))["open files"].advice == "take fewer --jobs"


def test_fewer_cores_in_a_container_are_a_warning(monkeypatch, world):
    monkeypatch.setattr(machine, "_quota", lambda: 0.5)
    found = subjects(list(machine.machine(world)))["cores"]
    assert (found.state, found.advice) == ("warning", "--jobs 1")


def test_thread_variables_are_shown_and_nonsense_is_a_warning(monkeypatch, world):
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    found = subjects(list(machine.machine(world)))["threads"]
    assert found.state == "ok"
    assert "OMP_NUM_THREADS=4 (workers do not heed it)" in found.text
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    found = subjects(list(machine.machine(world)))["threads"]
    assert (found.state, found.advice) == ("warning", "unset OMP_NUM_THREADS")


# Data


@pytest.fixture
def root(tmp_path, world) -> Path:
    """A data root with one sound sample folder."""
    import numpy as np

    from eobench.data import ModalityArray, ModalityInfo, SplitInfo, write_folder

    info = ModalityInfo("s", "series", (2, 1), ("b",))
    write_folder(
        tmp_path / "data" / "sound",
        name="sound",
        title="One",
        classes=("a", "b"),
        modalities={
            "s": ModalityArray(
                info, np.zeros((6, 2, 1), np.float32), valid=None, days=np.arange(2, dtype=np.int16)
            )
        },
        samples={"label": np.arange(6) % 2, "split": np.array(["train", "val", "test"] * 2)},
        splits={"x": SplitInfo("x", column="split", whole=None, val="within")},
        default_split="x",
    )
    return tmp_path / "data"


def test_the_data_root_is_counted_and_damaged_folders_are_named(root, world):
    write(
        root, {"torn/dataset.json": "{", "other/dataset.json": '{"format": "table-folder/1"}', "notes/a.txt": ""}
    )
    found = subjects(list(places.data(World(root, world.cache))))
    assert "1 sample folder, 1 damaged, 1 of another format" in found["data root"].text
    assert found["torn"].state == "problem"
    assert "dataset.json" in found["torn"].text


def test_a_folder_that_lost_a_file_is_damaged(root, world):
    (root / "sound" / "s.npy").unlink()
    found = subjects(list(places.data(World(root, world.cache))))
    assert found["sound"].state == "problem"
    assert "s.npy not there" in found["sound"].text


@pytest.mark.parametrize("inside", ["", "sound"])
def test_a_data_root_that_is_none_is_a_problem(root, world, inside):
    wrong = root / inside if inside else root / "nowhere"
    (found,) = places.data(World(wrong, world.cache))
    assert found.state == "problem"
    assert str(root) in found.advice or "--data" in found.advice


def test_no_data_root_is_no_problem(world):
    (found,) = places.data(world)
    assert (found.state, "EOBENCH_DATA" in found.advice) == ("ok", True)


# Cache


def test_a_cache_that_cannot_be_written_is_a_problem(tmp_path):
    (tmp_path / "file").write_text("")
    (found,) = places.cache(World(None, tmp_path / "file" / "cache"))
    assert found.state == "problem"
    assert "EOBENCH_CACHE" in found.advice


def test_a_read_only_cache_is_a_problem(tmp_path, monkeypatch):
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(places.tempfile, "TemporaryFile", refuse)  # root may write into a read-only folder
    (found,) = places.cache(World(None, tmp_path))
    assert (found.state, "Permission denied" in found.text) == ("problem", True)


def test_a_drive_without_locks_is_a_problem(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(places.fcntl, "flock", refuse)
    assert "No locks available" in next(iter(places.cache(World(None, tmp_path)))).text


def test_the_cache_shows_what_lies_there_and_nothing_is_left_behind(world):
    write(world.cache, {"runs/a/journal.jsonl": "x" * 3000, "stages/b": "y" * 20})
    before = sorted(world.cache.rglob("*"))
    found = subjects(list(places.cache(world)))
    assert "3.0 kB (runs 3.0 kB, stages 20 B)" in found["cache"].text
    assert sorted(world.cache.rglob("*")) == before


def test_looking_makes_no_cache(world):
    assert "not there yet" in subjects(list(places.cache(world)))["cache"].text
    assert not world.cache.exists()


@pytest.mark.parametrize(("free", "state"), [(1 << 20, "problem"), (5 << 30, "warning"), (1 << 40, "ok")])
def test_little_free_space_is_told(world, monkeypatch, free, state):
    usage = type("Usage", (), {"free": free, "total": 1 << 41})
    monkeypatch.setattr(places.shutil, "disk_usage", lambda folder: usage)
    assert subjects(list(places.cache(world)))["disk"].state == state


# Tracking


@pytest.fixture(autouse=True)
def tracked(monkeypatch):
    monkeypatch.delenv("EOBENCH_TRACKING", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def server() -> Iterator[Callable[[int], str]]:
    """Start a server that answers everything with one status."""
    started: list[HTTPServer] = []

    def start(status: int) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        made = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=made.serve_forever, daemon=True).start()
        started.append(made)
        return f"http://127.0.0.1:{made.server_port}"

    yield start
    for made in started:
        made.shutdown()
        made.server_close()


def test_a_server_that_answers_is_reachable(world, server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server(200))
    (found,) = places.tracking(world)
    assert (found.state, found.text.endswith(" answers")) == ("ok", True)


def test_a_server_that_refuses_says_what_to_set(world, server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server(401))
    (found,) = places.tracking(world)
    assert (found.state, "MLFLOW_TRACKING_USERNAME" in found.advice) == ("warning", True)


def test_a_server_that_is_away_is_a_warning(world, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: whoever comes is refused
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{taken.getsockname()[1]}")
        (found,) = places.tracking(world)
    assert found.state == "warning"
    assert "not reachable" in found.text
    assert "EOBENCH_TRACKING=off" in found.advice


def test_a_server_that_never_answers_is_given_up(world, monkeypatch):
    monkeypatch.setattr(places, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        (found,) = places.tracking(world)
    assert "timed out" in found.text


def test_tracking_that_is_off_is_no_problem(world, monkeypatch):
    monkeypatch.setenv("EOBENCH_TRACKING", "off")
    (found,) = places.tracking(world)
    assert found.state == "ok"


def test_the_default_file_is_looked_at_and_not_made(world):
    (found,) = places.tracking(world)
    assert "not there yet" in found.text
    assert not world.cache.exists()
    world.cache.mkdir()
    sqlite3.connect(world.cache / "mlflow.db").execute("create table a (b)").connection.close()
    (found,) = places.tracking(world)
    assert (found.state, "can be read" in found.text) == ("ok", True)
    (world.cache / "mlflow.db").write_bytes(b"no data base at all" * 99)
    (found,) = places.tracking(world)
    assert (found.state, "cannot be read" in found.text) == ("warning", True)


def test_rows_that_wait_to_be_sent_are_counted(world):
    with Journal(world.cache / "runs" / "mine" / "journal.jsonl") as journal:
        journal.append(Entry({"cell": str(k), "status": "ok"}) for k in range(3))
    found = subjects(list(places.tracking(world)))
    assert "3 rows were not sent" in found["backlog"].text


def test_a_damaged_journal_is_a_problem(world):
    write(world.cache, {"runs/mine/journal.jsonl": "damaged\n{}\n"})
    assert subjects(list(places.tracking(world)))["run mine"].state == "problem"


# Isolation


def test_a_probe_that_raises_harms_no_other(world):
    def bad(_: World) -> Iterator[Finding]:
        yield Finding("before", "ok", "fine")
        raise KeyError("oops")

    found = examine(world, {"a/bad": bad, "a/good": lambda _: [Finding("good", "ok", "fine")]})
    assert [f.subject for f in found["a/bad"]] == ["before", "bad"]
    assert "KeyError: 'oops'" in found["a/bad"][1].text
    assert found["a/good"][0].state == "ok"


def test_a_probe_that_hangs_is_given_up(world):
    released = threading.Event()
    probes = {"a/hangs": lambda _: released.wait(60) and [], "a/good": lambda _: []}
    begun = time.monotonic()
    found = examine(world, probes, seconds=0.2)
    released.set()
    assert time.monotonic() - begun < 30
    assert "gave no answer in 0.2 s" in found["a/hangs"][0].text
    assert found["a/good"] == []


def test_a_child_that_hangs_is_killed(tmp_path, monkeypatch):
    write(tmp_path, {"torch/__init__.py": "import time; time.sleep(600)\n"})
    monkeypatch.syspath_prepend(str(tmp_path))
    assert ask_child("torch", seconds=1).ended == "gave no answer in 1 s"


def test_what_a_child_told_before_it_ended_counts():
    assert _values(b'{"torch": "9"}\nnoise\n[1]\n{"torchvision": ') == {"torch": "9"}


# Layout


def test_lines_are_wrapped_under_their_text_and_advice_stands_below():
    groups = {"places": [Finding("cache", "problem", "word " * 30, "do " * 40), Finding("disk", "ok", "fine")]}
    lines = _report(groups, 60)
    plain = [line.replace("\x1b[0m", "") for line in lines]
    assert all(len(line) <= 60 + 10 for line in plain)  # colour codes
    assert sum("-> do" in line for line in plain) == 1
    assert plain[2].startswith(" " * 18 + "word")
    assert "1 problem, 0 warnings, 1 ok" in lines[-1]
