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


def test_cells_run_on_a_dask_cluster_and_give_the_same_rows(bench):
    cells = [bench.cell("mean", seed=s) for s in range(3)] + [bench.cell("raises")]
    here, there = bench.run(cells, name="here"), bench.run(cells, name="there", executor="dask")
    columns = ("cell", "status", "reason", "cause", "oa", "predictions")
    assert [[r.get(c) for c in columns] for r in there.rows] == [[r.get(c) for c in columns] for r in here.rows]


def test_a_worker_of_a_dask_cluster_that_is_killed_fails_its_cell_only(bench):
    killed, fine = bench.run([bench.cell("killed"), bench.cell("mean")], executor="dask").rows
    assert (killed["status"], killed["cause"]) == ("failed", "environment")
    assert "KilledWorker" in killed["reason"]
    assert fine["status"] == "ok"


def test_dask_without_distributed_says_what_to_install(cards, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EobenchError, match="pip install distributed"):
        cards["dask"].load_object()(1)
