import os
import subprocess
import sys

import pytest

from eobench.data import EobenchError
from eobench.results import RunLock, RunLockedError

HOLD = """
import pathlib, sys, time
from eobench.results import RunLock
with RunLock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_coordinator_is_refused_and_told_which_process_holds_the_run(tmp_path):
    with RunLock(tmp_path / "quick"), pytest.raises(RunLockedError, match=rf"'quick' is already.*{os.getpid()}"):
        RunLock(tmp_path / "quick").__enter__()


def test_the_lock_is_free_again_afterwards(tmp_path):
    with RunLock(tmp_path):
        pass
    with RunLock(tmp_path):
        pass


def test_a_killed_holder_leaves_no_lock(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(RunLockedError, match=str(process.pid)):
        RunLock(tmp_path).__enter__()
    process.kill()
    process.communicate()
    with RunLock(tmp_path):
        pass


def test_an_unwritable_place_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EobenchError, match=r"cannot be written.*EOBENCH_CACHE"):
        RunLock(tmp_path / "file" / "run").__enter__()
