import sys
from concurrent.futures import Executor

import pytest

from eobench.data import EobenchError
from eobench.plugin import Places, discover


@pytest.fixture
def cards(tmp_path):
    return discover(Places(None, tmp_path), ["eobench.run._plugin"], entry_points=False).executors


def test_executors_come_in_through_the_hook(cards):
    assert list(cards) == ["dask", "pool", "serial"]


@pytest.mark.parametrize(("name", "jobs"), [("pool", 3), ("serial", 1)])
def test_a_card_loads_what_makes_an_executor_of_so_many_jobs(cards, name, jobs):
    made = cards[name].load_object()(3)
    assert isinstance(made, Executor)
    assert made.jobs == jobs
    made.shutdown()


def test_dask_without_distributed_says_what_to_install(cards, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EobenchError, match="pip install distributed"):
        cards["dask"].load_object()(1)
