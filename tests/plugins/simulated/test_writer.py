"""Arrays are the same bytes whoever computes them and however often it was interrupted."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from eobench.data import EobenchError, Preparation, PreparationStoppedError, prepare_folder, progress_to
from eobench_simulated import _writer
from eobench_simulated._writer import ArraySpec, write_arrays

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def work() -> Any:
    """The module of jobs, importable by its name here and in worker processes."""
    spec = importlib.util.spec_from_file_location("writer_jobs", HERE / "writer_jobs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["writer_jobs"] = module
    sys.path.insert(0, str(HERE))
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(HERE))
    del sys.modules["writer_jobs"]


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers for any work, a ledger line for each job."""
    monkeypatch.setattr(_writer, "_WORTH_WORKERS", -1.0)
    monkeypatch.setattr(_writer, "_LEDGER_SECONDS", 0.0)


def bytes_of(work: ModuleType, folder: Path, jobs: int = 6, processes: int | None = 1, **payload: Any) -> bytes:
    folder.mkdir(exist_ok=True)
    write_arrays(folder, work.specs(jobs), work.cut(jobs, **payload), work.compute, processes=processes)
    return (folder / "s2.npy").read_bytes()


def calls(log: Path) -> list[list[str]]:
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_each_job_gives_its_rows(work: Any, tmp_path: Path) -> None:
    arrays = write_arrays(tmp_path, work.specs(3), work.cut(3), work.compute)
    np.testing.assert_array_equal(arrays["label"], np.repeat([0, 1, 2], work.ROWS))
    np.testing.assert_array_equal(
        arrays["s2.npy"][work.ROWS : 2 * work.ROWS], work.compute({"index": 1})["s2.npy"]
    )
    assert not arrays["s2.npy"].flags.writeable


@pytest.mark.usefixtures("eager")
def test_processes_change_no_byte_and_use_one_thread_each(work: Any, tmp_path: Path) -> None:
    alone = bytes_of(work, tmp_path / "alone")
    log = tmp_path / "log"
    assert bytes_of(work, tmp_path / "many", processes=3, log=str(log)) == alone
    others = [call for call in calls(log) if int(call[1]) != os.getpid()]
    assert others
    assert {call[2] for call in others} == {"1"}


def test_little_work_starts_no_process(work: Any, tmp_path: Path) -> None:
    bytes_of(work, tmp_path / "set", processes=2, log=str(tmp_path / "log"))
    assert {int(call[1]) for call in calls(tmp_path / "log")} == {os.getpid()}


@pytest.mark.usefixtures("eager")
def test_an_interrupted_call_is_gone_on_with(work: Any, tmp_path: Path) -> None:
    whole = bytes_of(work, tmp_path / "whole")
    log = tmp_path / "log"

    def stop(moment: Preparation) -> None:
        if moment.done == 3 * work.ROWS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), progress_to(stop):
        bytes_of(work, tmp_path / "set", log=str(log))
    told: list[Preparation] = []
    with progress_to(told.append):
        assert bytes_of(work, tmp_path / "set", log=str(log)) == whole
    assert [int(call[0]) for call in calls(log)] == list(range(6))
    assert (told[0].done, told[0].resumed) == (3 * work.ROWS, 3 * work.ROWS)
    assert told[-1].done == told[-1].total == 6 * work.ROWS


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("line", ['{"jobs": [0, 1', '{"jobs": [0, 1]}'])
def test_a_torn_line_of_the_ledger_counts_for_nothing(work: Any, tmp_path: Path, line: str) -> None:
    whole = bytes_of(work, tmp_path / "set")
    ledger = tmp_path / "set" / ".resume" / "jobs.jsonl"
    ledger.write_text(ledger.read_text().splitlines()[0] + "\n" + line)
    for array in ("s2.npy", ".resume/label.npy"):
        np.load(tmp_path / "set" / array, mmap_mode="r+")[:] = 0
    assert bytes_of(work, tmp_path / "set") == whole
    log = tmp_path / "log"
    bytes_of(work, tmp_path / "set", log=str(log))
    assert not calls(log)  # the mended ledger is whole


@pytest.mark.usefixtures("eager")
def test_what_is_left_of_another_work_is_not_used(work: Any, tmp_path: Path) -> None:
    bytes_of(work, tmp_path / "set", jobs=4)
    (tmp_path / "set" / "dataset.json").write_text("{}")
    assert bytes_of(work, tmp_path / "set", jobs=6) == bytes_of(work, tmp_path / "other", jobs=6)
    assert not (tmp_path / "set" / "dataset.json").exists()


@pytest.mark.usefixtures("eager")
def test_a_killed_worker_is_named_and_its_work_can_go_on(work: Any, tmp_path: Path) -> None:
    def write(folder: Path, deadly: int) -> None:
        write_arrays(folder, work.specs(6), work.cut(6, deadly=deadly), work.compute, processes=2)
        (folder / "dataset.json").write_text("{}")

    with pytest.raises(PreparationStoppedError, match="killed"):
        prepare_folder(tmp_path / "set", lambda folder: write(folder, 4))
    assert not (tmp_path / "set").exists()
    told: list[Preparation] = []
    with progress_to(told.append):
        prepare_folder(tmp_path / "set", lambda folder: write(folder, -1))
    assert told[0].resumed > 0
    assert sorted(p.name for p in (tmp_path / "set").iterdir()) == ["dataset.json", "s2.npy"]
    assert (tmp_path / "set" / "s2.npy").read_bytes() == bytes_of(work, tmp_path / "other")


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_in_a_job_comes_out_as_it_is(work: Any, tmp_path: Path, processes: int) -> None:
    with pytest.raises(ValueError, match="no such crop"):
        bytes_of(work, tmp_path / "set", processes=processes, wrong=3)


def test_rows_of_another_shape_are_refused(work: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"s2\.npy.*\(7, 3\).*promised int16 \(8, 3\)"):
        write_arrays(tmp_path, work.specs(2), work.cut(2), work.misshapen)


def test_want_of_room_is_told_before_anything_is_written(
    work: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=2**30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    big = [ArraySpec("s2.npy", (3 * 2**20, 512), "int16"), ArraySpec("label", (8,), "int16", scratch=True)]
    with pytest.raises(EobenchError, match=r"3\.1 GiB.*1\.0 GiB.*EOBENCH_CACHE"):
        write_arrays(tmp_path, big, work.cut(1), work.compute)
    assert not list(tmp_path.iterdir())


def _within_a_pool(folder: Path) -> bytes:
    sys.path.insert(0, str(HERE))
    work = __import__("writer_jobs")
    _writer._WORTH_WORKERS = -1.0
    return bytes_of(work, folder, processes=2)


def test_it_works_within_a_pool_and_within_a_daemon(work: Any, tmp_path: Path) -> None:
    alone = bytes_of(work, tmp_path / "alone")
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, context) as pool:
        assert pool.submit(_within_a_pool, tmp_path / "pool").result() == alone
    daemon = context.Process(target=_within_a_pool, args=(tmp_path / "daemon",), daemon=True)
    daemon.start()
    daemon.join(30)
    assert (tmp_path / "daemon" / "s2.npy").read_bytes() == alone


SCRIPT = """
from pathlib import Path
import sys
print("main", flush=True)  # no guard: a worker that imported this would start again
sys.path.insert(0, {here!r})
from eobench.data import prepare_folder
from eobench_simulated import _writer
import writer_jobs as work
_writer._WORTH_WORKERS, _writer._LEDGER_SECONDS = -1.0, 0.0
def write(folder):
    jobs = work.cut(40, seconds={seconds}, log={log!r})
    _writer.write_arrays(folder, work.specs(40), jobs, work.compute, processes=2)
    (folder / "dataset.json").write_text("{{}}")
prepare_folder(Path({target!r}), write)
"""


def start(tmp_path: Path, seconds: float) -> subprocess.Popen[str]:
    text = SCRIPT.format(here=str(HERE), seconds=seconds, log=str(tmp_path / "log"), target=str(tmp_path / "set"))
    (tmp_path / "script.py").write_text(textwrap.dedent(text))
    command = [sys.executable, str(tmp_path / "script.py")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def alive(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_kill_ends_the_workers_and_the_next_call_goes_on(work: Any, tmp_path: Path, how: int) -> None:
    log = tmp_path / "log"
    first = start(tmp_path, 0.1)
    wait_until(lambda: len({call[1] for call in calls(log)}) > 1 and len(calls(log)) > 8)
    first.send_signal(how)
    printed, told = first.communicate(timeout=30)
    assert printed == "main\n"
    workers = {call[1] for call in calls(log)}
    wait_until(lambda: not any(alive(worker) for worker in workers))
    if how == signal.SIGINT:
        assert "KeyboardInterrupt" in told
    assert not (tmp_path / "set").exists()
    before = len(calls(log))
    second = start(tmp_path, 0.0)
    second.communicate(timeout=60)
    assert second.returncode == 0
    assert len(calls(log)) - before < 40  # not all anew
    assert {call[0] for call in calls(log)} == {str(index) for index in range(40)}
    assert sorted(p.name for p in (tmp_path / "set").iterdir()) == ["dataset.json", "s2.npy"]
    assert (tmp_path / "set" / "s2.npy").read_bytes() == bytes_of(work, tmp_path / "other", jobs=40)
