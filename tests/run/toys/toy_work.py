"""Work without scenes and scoring, for tests of the coordinator alone."""

import os
import signal
import time
from pathlib import Path


def cell(job):
    """Note the run, sleep as long as the cell's seed says, and give a row."""
    made = job["cell"]
    with (Path(job["folder"]) / "ran.txt").open("a") as file:
        file.write(f"{made['key']}\n")
    time.sleep(made["seed"])
    return {"row": {"cell": made["key"], "status": "ok", "reason": None}, "curves": None}


def stage_killed_once(job):
    """The first time, die as of an operator's hand."""
    mark = Path(job["folder"]) / "tried.txt"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"status": "ok", "reason": None}


def stage(job):
    """Nothing to do."""
    return {"status": "ok", "reason": None}
