"""Whatever a cell does to its worker becomes a row with its cause, and the run goes on."""

import time
from pathlib import Path

import psutil
import pytest
import toy_work

from eobench.results import Journal
from eobench.run import Limits

MiB = 2**20


def row_of(bench, method, **options):
    outcome = bench.run([bench.cell(method, note=str(bench.note)), bench.cell("mean")], **options)
    assert outcome.rows[1]["status"] == "ok"
    return outcome.rows[0]


@pytest.mark.parametrize(
    ("method", "limits", "status", "cause", "reason"),
    [
        ("raises", Limits(), "failed", "method", "no learning today"),
        ("short", Limits(), "failed", "method", "samples"),
        ("nan", Limits(), "failed", "method", "NaN"),
        ("odd", Limits(), "failed", "method", "must return"),
        ("exits", Limits(), "failed", "method", "SystemExit"),
        ("hungry", Limits(), "oom", "method", "MemoryError"),
        ("segfaults", Limits(), "failed", "method", "SIGSEGV"),
        ("killed", Limits(), "failed", "environment", "SIGKILL"),
        ("hangs", Limits(seconds=1.0), "timeout", "limit", "limit of 1 s"),
        ("hogs", Limits(memory=900 * MiB), "oom", "limit", "above its limit of 900 MiB"),
    ],
)
def test_a_fault_is_a_row_with_its_cause(bench, method, limits, status, cause, reason):
    row = row_of(bench, method, limits=limits)
    assert (row["status"], row["cause"]) == (status, cause)
    assert reason in row["reason"]


def test_the_last_of_the_output_stands_in_the_row(bench):
    assert "last words" in row_of(bench, "killed")["output"]
    assert "before the fault" in row_of(bench, "segfaults")["output"]
    assert "chatter" in row_of(bench, "prints")["output"]
    assert row_of(bench, "mean")["output"] is None


@pytest.mark.parametrize("method", ["killed-once", "no-space-once"])
def test_what_the_environment_failed_is_tried_again(bench, method):
    row = row_of(bench, method)
    assert (row["status"], row["attempts"], row["cause"]) == ("ok", 2, None)
    assert len(bench.noted()) == 2
    assert len(Journal(bench.places.cache / "runs" / "r" / "journal.jsonl").read()) == 2


def test_what_the_method_failed_is_not_tried_again(bench):
    assert row_of(bench, "raises")["attempts"] == 1
    assert len(bench.noted()) == 1
    row_of(bench, "raises")  # nor by the next run
    assert len(bench.noted()) == 1


def test_an_environment_that_keeps_failing_ends_in_a_row_that_the_next_run_tries_again(bench):
    row = row_of(bench, "killed")
    assert (row["status"], row["attempts"], len(bench.noted())) == ("failed", 3, 3)
    row_of(bench, "killed")
    assert len(bench.noted()) == 6


def test_a_raised_memory_limit_runs_the_cell_again(bench):
    assert row_of(bench, "hogs", limits=Limits(memory=800 * MiB))["status"] == "oom"
    row_of(bench, "hogs", limits=Limits(memory=800 * MiB))
    assert len(bench.noted()) == 1
    row_of(bench, "hogs", limits=Limits(memory=900 * MiB))
    assert len(bench.noted()) == 2


def test_a_process_that_a_cell_left_behind_dies_with_its_worker(bench):
    row_of(bench, "forks", limits=Limits(seconds=2.0))
    child = int(Path(f"{bench.note}.child").read_text())
    end = time.monotonic() + 5
    while psutil.pid_exists(child) and psutil.Process(child).status() != "zombie" and time.monotonic() < end:
        time.sleep(0.02)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"


def test_the_peak_of_one_cell_is_not_told_of_the_next(bench):
    big, small = bench.run([bench.cell("bursts"), bench.cell("mean")]).rows
    assert big["peak_memory"] > small["peak_memory"] + 200 * MiB


def test_a_stage_that_the_environment_failed_is_tried_again(bench):
    cells = [bench.cell("pretrained", head=n) for n in (1, 2)]
    outcome = bench.run(cells, work=(toy_work.cell, toy_work.stage_killed_once))
    assert [r["status"] for r in outcome.rows] == ["ok", "ok"]
