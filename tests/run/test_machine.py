import json
import mmap
import os
import random

import numpy as np
import pytest

from eobench.data import EobenchError
from eobench.run import _machine as machine


@pytest.mark.parametrize("word", ["gpu", "cuda0", "CPU", "cuda:x", ""])
def test_an_unknown_device_is_refused_with_what_is_allowed(word):
    with pytest.raises(EobenchError, match="allowed: auto, cpu, cuda, cuda:N"):
        machine.check_device(word)


def test_auto_is_the_cpu_where_there_is_no_gpu_and_torch_is_not_imported_to_know(monkeypatch):
    monkeypatch.setattr(machine, "gpu_present", lambda: False)
    monkeypatch.setitem(__import__("sys").modules, "torch", None)  # importing it would raise
    assert machine.resolve_device("auto") == "cpu"
    with pytest.raises(EobenchError, match="no usable GPU; use --device cpu"):
        machine.resolve_device("cuda")


def test_peak_memory_is_measured_anew_for_each_cell():
    with mmap.mmap(-1, 80 * 2**20) as block:  # an array's memory may stay with the allocator
        block.write(b"1" * len(block))
        high = machine.peak_memory()
    machine.reset_peak_memory()
    assert machine.peak_memory() < high - 40 * 2**20


def test_global_generators_are_seeded():
    def drawn():
        machine.seed_everything(2**63 - 1)
        return random.random(), float(np.random.random())  # noqa: NPY002

    assert drawn() == drawn()


def test_threads_are_set_for_libraries_loaded_now_and_later(monkeypatch):
    for name in machine.THREAD_VARIABLES:
        monkeypatch.setenv(name, "7")
    monkeypatch.setattr(machine, "_threads", 7)
    machine.set_threads(1)
    assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"


def test_provenance_names_libraries_and_no_host():
    assert {"eobench", "python", "numpy"} <= json.loads(machine.versions()).keys()
    assert os.uname().nodename not in machine.host() or len(os.uname().nodename) < 4
    assert machine.device_name("cpu").startswith("cpu (")
