import pytest
import toy_listeners
import toy_work

from eobench.data import EobenchError, Supervision
from eobench.plugin import Registry
from eobench.results import COLUMNS, Journal, RunLock, RunLockedError, read_rows
from eobench.run import Limits, make_plan

UNSTABLE = {"started", "fit_seconds", "predict_seconds", "total_seconds", "peak_memory", "versions"}


def stable(rows):
    return [{k: v for k, v in r.items() if k not in UNSTABLE} for r in rows]


def test_every_cell_gets_a_row_in_the_order_of_the_plan(bench):
    cells = [
        bench.cell("raises"),
        bench.cell("mean"),
        bench.cell("mean", seed=1, status="unsupported", reason="the bag is larger than the split"),
        bench.cell("killed"),
        bench.cell("mean", seed=2, folder=None, status="skipped", reason="get it at the shop"),
        bench.cell("short"),
    ]
    outcome = bench.run(cells)
    assert [r["cell"] for r in outcome.rows] == [c.key for c in cells]
    assert [r["status"] for r in outcome.rows] == ["failed", "ok", "unsupported", "failed", "skipped", "failed"]
    assert outcome.rows[2]["reason"] == "the bag is larger than the split"
    assert outcome.rows[3]["reason"] == "worker was killed by SIGKILL (out of memory?)"
    assert outcome.counts == {"failed": 3, "ok": 1, "unsupported": 1, "skipped": 1}
    assert not outcome.interrupted
    assert "last words" in (outcome.folder / "failures" / f"{cells[3].key}.txt").read_text()
    assert stable(read_rows(outcome.folder)) == stable(outcome.rows)


def test_nothing_runs_twice(bench):
    cells = [bench.cell(m, note=str(bench.note)) for m in ("mean", "raises", "slow")]
    first = bench.run(cells)
    second = bench.run(cells)
    assert len(bench.noted()) == 3
    assert second.rows == first.rows
    third = bench.run([*cells, bench.cell("mean", seed=5, note=str(bench.note))])
    assert len(bench.noted()) == 4
    assert third.counts == {"ok": 3, "failed": 1}


def test_two_cells_of_one_key_run_once(bench):
    same = bench.cell("mean", note=str(bench.note))
    assert len(bench.run([same, same]).rows) == 1
    assert len(bench.noted()) == 1


def test_the_same_cells_give_the_same_numbers_whatever_the_number_of_jobs(bench):
    cells = [bench.cell(m, seed=s) for s in range(4) for m in ("mean", "global-state")]
    one, two = bench.run(cells, name="one", jobs=1), bench.run(cells, name="two", jobs=2)
    serial = bench.run(cells, name="three", executor="serial")
    assert stable(one.rows) == stable(two.rows) == stable(serial.rows)
    assert {r["status"] for r in one.rows} == {"ok"}


def test_only_runs_cells_that_ended_so(bench):
    cells = [bench.cell(m, note=str(bench.note)) for m in ("mean", "raises")]
    bench.run(cells)
    outcome = bench.run([*cells, bench.cell("mean", seed=3, note=str(bench.note))], only=("failed",))
    assert [line.split()[1] for line in bench.noted()].count("raises") == 2
    assert len(bench.noted()) == 3
    assert [r["status"] for r in outcome.rows] == ["ok", "failed", "not-run"]


def test_an_unknown_status_executor_or_device_is_refused_before_anything_is_written(bench):
    for wrong in ({"only": ("failled",)}, {"executor": "poll"}, {"device": "gpu"}, {"jobs": 0}):
        with pytest.raises(EobenchError):
            bench.run([bench.cell("mean")], **wrong)
    assert not bench.places.cache.exists()


def test_a_skipped_cell_runs_once_its_data_is_there(bench):
    absent = bench.cell("mean", folder=None, status="skipped", reason="get it")
    assert bench.run([absent]).counts == {"skipped": 1}
    assert bench.run([bench.cell("mean")]).counts == {"ok": 1}


def test_a_hang_becomes_a_timeout_which_a_raised_limit_runs_again(bench):
    cells = [bench.cell("mean", seed=60), bench.cell("mean", seed=0)]

    def ran(seconds):
        outcome = bench.run(cells, limits=Limits(seconds=seconds), work=(toy_work.cell, toy_work.stage))
        assert outcome.counts == {"timeout": 1, "ok": 1}
        assert outcome.rows[0]["reason"].startswith("stopped after its limit of 0.")
        return len((outcome.folder / "ran.txt").read_text().splitlines())

    assert [ran(0.5), ran(0.4), ran(0.6), ran(0.6)] == [2, 2, 3, 3]


def test_a_second_coordinator_is_refused(bench):
    with RunLock(bench.places.cache / "runs" / "r"), pytest.raises(RunLockedError, match="already running"):
        bench.run([bench.cell("mean")])


def test_columns_of_the_schema_are_filled_even_in_a_failed_row(bench):
    identity = {c.name for c in COLUMNS if c.group in ("identity", "status")} - {"warning"}
    row = bench.run([bench.cell("killed")]).rows[0]
    assert identity <= row.keys()


def test_progress_counts_and_estimates(bench):
    seen = []
    bench.run([bench.cell("slow", seed=s) for s in range(6)], progress=seen.append, jobs=1)
    assert seen[0].total == 6
    assert seen[-1].done == 6
    assert seen[-1].failed == 0
    assert [s.done for s in seen] == sorted(s.done for s in seen)
    assert any(s.running and "slow toy" in s.running[0][0] for s in seen)
    assert all(s.eta_seconds < 60 for s in seen if s.eta_seconds is not None)
    again = []
    bench.run([bench.cell("slow", seed=s) for s in range(6)], progress=again.append)
    assert (again[-1].cached, again[-1].done) == (6, 6)


# --- stages ----------------------------------------------------------------------------------------------------


def heads(bench, **more):
    return [
        bench.cell("pretrained", note=str(bench.note), head=h, level=level, **more)
        for h in (1, 2)
        for level in ("full", Supervision("bags", bag_size=5))
    ]


def test_cells_that_differ_only_in_irrelevant_fields_share_one_pretraining(bench):
    plan = make_plan(heads(bench), bench.registry)
    assert len(plan.stages) == 1
    (stage,) = plan.stages.values()
    assert len(stage.cells) == 4
    assert stage.cell.supervision == Supervision("none")
    assert stage.cell.method_params["head"] == 1
    others = [*heads(bench), *heads(bench, scale=2.0), *heads(bench, seed=1)]
    assert len(make_plan(others, bench.registry).stages) == 3


def test_the_stage_key_does_not_depend_on_which_cell_comes_first(bench):
    cells = heads(bench)
    forwards, backwards = make_plan(cells, bench.registry), make_plan(cells[::-1], bench.registry)
    assert forwards.stages.keys() == backwards.stages.keys()


def test_a_pretraining_runs_once_and_its_checkpoint_is_kept(bench):
    outcome = bench.run(heads(bench))
    assert outcome.counts == {"ok": 4}
    pretrainings = [n for n in bench.noted() if n.startswith("pretrain")]
    assert [n.split()[1] for n in pretrainings] == ["none"]
    (checkpoint,) = {p.parent.name for p in bench.places.cache.glob("stages/*/*.safetensors")} & set(
        make_plan(heads(bench), bench.registry).stages
    )
    bench.run(heads(bench), name="another")
    assert len([n for n in bench.noted() if n.startswith("pretrain")]) == 1
    assert checkpoint


def test_shared_work_is_computed_once_for_a_view(bench):
    bench.run([bench.cell("pretrained", note=str(bench.note), head=h) for h in (1, 2, 3)])
    assert bench.noted().count("embed") == 1
    bench.run([bench.cell("pretrained", note=str(bench.note), head=1, scale=3.0)])
    assert bench.noted().count("embed") == 2


def test_cells_of_a_failed_stage_fail_with_its_reason(bench):
    outcome = bench.run([*heads(bench, fails=True), bench.cell("mean")])
    assert outcome.counts == {"failed": 4, "ok": 1}
    assert outcome.rows[0]["reason"].startswith("pre-training: ValueError: cannot pre-train (toy_plugin:")


# --- listeners -------------------------------------------------------------------------------------------------


@pytest.fixture
def heard():
    toy_listeners.HEARD.clear()
    return toy_listeners.HEARD


def test_listeners_hear_the_whole_run(bench, heard):
    card = toy_listeners.card("notes", "Notes")
    cells = [bench.cell("logs"), bench.cell("raises")]
    outcome = bench.run(cells, listeners=[card])
    assert heard[0] == ("run_started", "r", 2, 0)
    assert heard[-1] == ("run_finished", {"ok": 1, "failed": 1})
    assert {h[1] for h in heard if h[0] == "cell_started"} == {c.key for c in cells}
    (logged,) = (h for h in heard if h[:3] == ("cell_finished", cells[0].key, "ok"))
    artifacts = outcome.folder / "artifacts" / cells[0].key
    assert logged[3:] == ({"loss": [(1, 0.5), (2, 0.25)]}, artifacts, False)
    heard.clear()
    bench.run(cells, listeners=[card])
    assert heard[0] == ("run_started", "r", 2, 2)
    assert [h[-1] for h in heard if h[0] == "cell_finished"] == [True, True]


def test_a_listener_that_raises_is_reported_once_and_stops_nothing(bench, heard):
    cards = [toy_listeners.card("raises", "Raises"), toy_listeners.card("broken", "Broken")]
    outcome = bench.run(
        [bench.cell("mean", seed=s) for s in range(3)], listeners=[*cards, toy_listeners.card("n", "Notes")]
    )
    assert outcome.counts == {"ok": 3}
    assert sorted(w.split(":")[0] for w in bench.warnings) == ["listener 'broken'", "listener 'raises'"]
    assert heard[-1][0] == "run_finished"


def test_a_run_waits_for_a_stuck_listener_only_so_long(bench, monkeypatch):
    monkeypatch.setattr("eobench.run._listen.PATIENCE_SECONDS", 0.2)
    outcome = bench.run([bench.cell("mean")], listeners=[toy_listeners.card("slow", "Dawdles")])
    assert outcome.counts == {"ok": 1}
    assert "still busy" in bench.warnings[0]
    assert len(Journal(outcome.folder / "journal.jsonl").read()) == 1


def test_a_plugin_that_is_absent_in_the_registry_names_the_method(bench):
    with pytest.raises(EobenchError, match="unknown method 'mean'"):
        make_plan([bench.cell("mean")], Registry())
