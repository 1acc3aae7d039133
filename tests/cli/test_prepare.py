"""`eobench data prepare`: several sets, with progress, and again from where it was stopped."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eobench.cli._preparing import _Lines, line
from eobench.data import Preparation

PLUGIN = """
import json, time
from pathlib import Path
import numpy as np
from eobench.data import ModalityArray, ModalityInfo, RESUME_FOLDER, SplitInfo, prepare_folder, report_progress
from eobench.data import write_folder
from eobench.plugin import Dataset, DatasetCard, Param, hookimpl

class Slow(Dataset):
    def folder(self):
        return prepare_folder(self.places.cache / f"{self.name}-{self.params['wait']}-0123456789ab", self.write)
    def recipe(self):
        return dict(self.params)
    def write(self, folder):
        state = folder / RESUME_FOLDER / "state"
        before = int(state.read_text()) if state.exists() else 0
        state.parent.mkdir(exist_ok=True)
        for done in range(before, 5):
            report_progress(done, 5, "tiles", size=2**20, resumed=before)
            state.write_text(str(done))
            time.sleep(self.params["wait"] if done == 3 and not before else 0)
        report_progress(5, 5, "tiles", size=2**20, resumed=before)
        info = ModalityInfo("s2", "series", (2, 1), ("B04",), 1.0, None)
        write_folder(
            folder / "made", name="slow", title="slow", classes=("a", "b"),
            modalities={"s2": ModalityArray(info, np.ones((6, 2, 1), np.int16), None, np.arange(2))},
            samples={"label": [0, 1] * 3, "part": ["train"] * 4 + ["test"] * 2},
            splits={"random": SplitInfo("random", "part", None, None)}, default_split="random",
        )
        for file in (folder / "made").iterdir():
            file.rename(folder / file.name)
        (folder / "made").rmdir()

@hookimpl
def eobench_datasets(places):
    card = lambda name: DatasetCard(
        name=name, summary="slow", load="slow_plugin:Slow", origin="generated",
        params=(Param("wait", 0.0, "seconds"),),
    )
    return [card("slow"), card("slower")]
"""


def test_several_sets_are_prepared_and_told_one_a_line(eobench, tmp_path: Path) -> None:
    (tmp_path / "slow_plugin.py").write_text(PLUGIN)
    done = eobench("data", "prepare", "slow", "slower[wait=0.5]", "--plugin", "slow_plugin")
    assert done.returncode == 0, done.stderr
    folders = [Path(text) for text in done.stdout.split()]
    assert [f.name for f in folders] == ["slow-0.0-0123456789ab", "slower-0.5-0123456789ab"]
    assert all((f / "dataset.json").is_file() for f in folders)


def test_a_mistake_in_the_last_is_told_before_the_first_is_made(eobench, tmp_path: Path) -> None:
    (tmp_path / "slow_plugin.py").write_text(PLUGIN)
    done = eobench("data", "prepare", "slow", "slower[wiat=1]", "--plugin", "slow_plugin")
    assert done.returncode == 2
    assert "Did you mean 'wait'?" in done.stderr
    assert not list((tmp_path / "cache").glob("slow-*"))


def test_an_interrupt_says_that_it_can_be_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "slow_plugin.py").write_text(PLUGIN)
    cache = tmp_path / "cache"
    arguments = ["data", "prepare", "slow[wait=60]", "--plugin", "slow_plugin"]
    command = [sys.executable, "-c", "from eobench.cli import main; main()", *arguments]
    environment = os.environ | {"EOBENCH_CACHE": str(cache), "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as first:
        end = time.monotonic() + 60
        while not any(s.read_text() == "3" for s in cache.glob(".slow*.part-*/.resume/state")):
            assert time.monotonic() < end
            time.sleep(0.02)
        first.send_signal(signal.SIGINT)
        told = first.communicate(timeout=60)[1]
    assert first.returncode == 130
    assert "what is done is kept" in told
    assert "Traceback" not in told
    assert not list(cache.glob("slow*"))
    second = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (Path(second.stdout.strip()) / "dataset.json").is_file(), second.stderr


TASKS = """
name: slow
tasks: [{id: a, methods: [ncc], datasets: ["slow[wait=1.5]"], supervision: full}]
"""


@pytest.mark.parametrize("arguments", [["data", "prepare", "slow[wait=1.5]"], ["plan", "tasks.yaml"]])
def test_on_a_terminal_a_bar_is_shown(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "slow_plugin.py").write_text(PLUGIN)
    (tmp_path / "tasks.yaml").write_text(TASKS)
    terminal, far = pty.openpty()
    places = {"EOBENCH_CACHE": "cache", "PYTHONPATH": str(tmp_path), "COLUMNS": "120", "TERM": "xterm"}
    subprocess.run(
        [sys.executable, "-c", "from eobench.cli import main; main()", *arguments, "--plugin", "slow_plugin"],
        cwd=tmp_path,
        env=os.environ | places,
        stdout=subprocess.PIPE,
        stderr=far,
        check=True,
        timeout=60,
    )
    os.close(far)
    told = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert "slow-1.5: 4/5 tiles of 1 MiB" in told
    assert "s left" in told
    assert "5/5 tiles" in told


def test_a_line_tells_size_speed_and_time_left() -> None:
    moment = Preparation("simulated-fields-0123456789abcdef", 1200, 6000, "samples", 5 * 2**20, 200)
    expected = "simulated-fields: 1,200/6,000 samples of 5 MiB, 200 from before, 100 samples/s, 48 s left"
    assert line(moment, 10.0) == expected
    assert "left" not in line(Preparation("set", 6000, 6000, "samples", 0, 0), 10.0)


def test_elsewhere_than_on_a_terminal_lines_are_few(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    lines = _Lines()
    for second in range(26):
        now[0] = float(second)
        lines.update(Preparation("set", second, 25, "tiles", 0, 0))
    told = capsys.readouterr().err.splitlines()
    assert [text.split(",")[0] for text in told] == ["set: 10/25 tiles", "set: 20/25 tiles", "set: 25/25 tiles"]
    for second in range(3):
        lines.update(Preparation("quick", second, 2, "tiles", 0, 0))
    assert not capsys.readouterr().err
