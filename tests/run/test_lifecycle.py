"""Ctrl-C, SIGTERM and `kill -9` of the main process, in a process of its own."""

import contextlib
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from toy_cells import PLUGINS, registry, slow_cells, write_toy

from eobench.plugin import Places
from eobench.results import Journal, read_rows
from eobench.run import RunOptions, run

MAIN = str(Path(__file__).parent / "toys" / "toy_main.py")


class Place:
    def __init__(self, tmp_path, seeds):
        self.cache, self.note, self.seeds = tmp_path / "cache", tmp_path / "note.txt", seeds
        self.toy = write_toy(tmp_path / "toy")
        self.folder = self.cache / "runs" / "r"

    def start(self):
        command = [sys.executable, MAIN, str(self.cache), str(self.toy), str(self.note), str(self.seeds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "running\n", process.stderr.read()
        return process

    def finish(self, name="r"):
        """Run what is left in this process, and return all rows."""
        places = Places(None, self.cache)
        cells = slow_cells(self.toy, self.note, self.seeds)
        options = RunOptions(jobs=2, device="cpu", plugins=PLUGINS, entry_points=False)
        return run(cells, registry(places), places, name, options)

    def journaled(self):
        return Journal(self.folder / "journal.jsonl").read()

    def noted(self):
        return self.note.read_text().splitlines() if self.note.exists() else []


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, seeds=12)


def workers_of(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(process.pid).children(recursive=True)
    return []


def assert_gone(workers, within=5.0):
    _, alive = psutil.wait_procs(workers, timeout=within)
    assert alive == []


def numbers(rows):
    return [(r["cell"], r["status"], r.get("oa"), r.get("predictions")) for r in rows]


def test_ctrl_c_once_finishes_the_cells_in_flight_and_keeps_their_rows(place):
    process = place.start()
    workers = workers_of(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    told = json.loads(out.splitlines()[0])
    assert told["interrupted"], err
    done = told["counts"]["ok"]
    assert 1 <= done < place.seeds
    assert told["counts"] == {"ok": done, "not-run": place.seeds - done}
    assert len(place.journaled()) == len(place.noted()) == done
    assert_gone(workers)
    outcome = place.finish()
    assert outcome.counts == {"ok": place.seeds}
    assert len(place.noted()) == place.seeds


@pytest.mark.parametrize("how", ["twice", "terminate"])
def test_ctrl_c_twice_or_sigterm_stops_now_and_the_run_resumes(place, how):
    process = place.start()
    workers = workers_of(process)
    began = time.monotonic()
    if how == "twice":
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
    else:
        process.terminate()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 5
    told = json.loads(out.splitlines()[0])
    assert told["interrupted"], err
    assert "failed" not in told["counts"]
    assert_gone(workers)
    assert place.finish().counts == {"ok": place.seeds}


def test_after_kill_9_no_worker_survives_nothing_finished_runs_again_and_the_rows_are_the_same(place):
    chance = random.Random(0)
    for _ in range(2):
        process = place.start()
        workers = workers_of(process)
        assert workers
        time.sleep(chance.uniform(0.1, 0.5))
        process.kill()
        process.communicate()
        assert_gone(workers)
    finished = {key for key, e in place.journaled().items() if e.row["status"] == "ok"}
    before = place.noted()
    outcome = place.finish()
    assert outcome.counts == {"ok": place.seeds}
    assert len(place.noted()) - len(before) == place.seeds - len(finished)
    assert numbers(read_rows(place.folder)) == numbers(outcome.rows)
    calm = place.finish(name="calm")
    assert numbers(calm.rows) == numbers(outcome.rows)


def test_a_second_coordinator_is_refused_while_one_runs(place):
    process = place.start()
    try:
        with pytest.raises(Exception, match=f"already running \\(process {process.pid}\\)"):
            place.finish()
    finally:
        process.kill()
        process.communicate()


def test_a_run_with_everything_cached_imports_nothing_heavy(place):
    place.finish()
    command = [sys.executable, MAIN, str(place.cache), str(place.toy), str(place.note), str(place.seeds)]
    told, heavy = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert json.loads(told)["counts"] == {"ok": place.seeds}
    assert json.loads(heavy) == []
    assert len(place.noted()) == place.seeds
