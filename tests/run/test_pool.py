import contextlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError, as_completed, wait
from functools import partial
from pathlib import Path

import psutil
import pytest
import toy_calls as calls

from eobench.run import WorkerPool
from eobench.run._pool import MemoryLimitError, TimeLimitError, WorkerDied

TOYS = Path(__file__).parent / "toys"


@pytest.fixture
def pool():
    with WorkerPool(2, preload=()) as made:
        yield made


def gone(pid, within=5.0):
    end = time.monotonic() + within
    while time.monotonic() < end:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.02)
                continue
        return True
    return False


def until(true, within=30.0):
    end = time.monotonic() + within
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def test_values_come_back_as_from_any_executor(pool):
    futures = [pool.submit(calls.echo, value=i) for i in range(50)]
    assert [f.result() for f in futures] == list(range(50))
    assert list(pool.map(calls.echo, "abc")) == ["a", "b", "c"]
    assert len(list(as_completed(futures))) == 50


def test_workers_are_kept_warm_and_are_as_many_as_jobs(pool):
    ids = {f.result() for f in [pool.submit(calls.process_id, 0.05) for _ in range(8)]}
    assert len(ids) == 2
    assert {pool.submit(calls.process_id).result() for _ in range(5)} <= ids


def test_workers_are_started_when_needed_only():
    with WorkerPool(8, preload=()) as pool:
        assert pool.worker_ids() == []
        pool.submit(calls.echo, 1).result()
        assert len(pool.worker_ids()) == 1


def test_an_exception_comes_back_with_its_traceback_and_spares_the_worker(pool):
    before = pool.submit(calls.process_id).result()
    error = pool.submit(calls.fail, "no").exception()
    assert isinstance(error, ValueError)
    assert "toy_calls.py" in error.__notes__[0]
    assert before in pool.worker_ids()


@pytest.mark.parametrize(
    ("call", "argument", "text"),
    [(calls.fail_unreadably, 1, "UnreadableError: a b"), (calls.unpicklable, 1, "pickle"), (calls.leave, 3, "3")],
)
def test_what_cannot_be_sent_back_is_an_error_of_its_task_only(pool, call, argument, text):
    error = pool.submit(call, argument).exception()
    assert text in f"{type(error).__name__}: {error}"
    assert pool.submit(calls.echo, 1).result() == 1


@pytest.mark.parametrize(
    ("call", "argument", "text"),
    [
        (calls.signal_self, signal.SIGKILL, "SIGKILL \\(out of memory\\?\\)"),
        (calls.signal_self, signal.SIGSEGV, "SIGSEGV"),
        (calls.vanish, 3, "exit code 3"),
    ],
)
def test_a_dead_worker_fails_its_task_and_is_replaced(pool, call, argument, text):
    doomed = pool.submit(call, argument)
    others = [pool.submit(calls.echo, i) for i in range(20)]
    with pytest.raises(WorkerDied, match=text):
        doomed.result()
    assert [f.result() for f in others] == list(range(20))
    assert len({f.result() for f in [pool.submit(calls.process_id, 0.05) for _ in range(4)]}) == 2


def test_the_last_words_of_a_dead_worker_are_kept(pool):
    assert "last words" in pool.submit(calls.signal_self, signal.SIGKILL).exception().output


def test_an_idle_worker_that_is_killed_is_replaced(pool):
    (victim,) = {pool.submit(calls.process_id).result()}
    os.kill(victim, signal.SIGKILL)
    assert until(lambda: victim not in pool.worker_ids())
    assert pool.submit(calls.process_id).result() != victim


@pytest.mark.parametrize("call", [calls.sleep, calls.spin])
def test_a_task_past_its_time_is_killed_even_where_it_holds_the_interpreter_lock(pool, call):
    began = time.monotonic()
    with pytest.raises(TimeLimitError, match=r"limit of 0\.3 s"):
        pool.submit_limited(call, 60, seconds=0.3).result()
    assert time.monotonic() - began < 5
    assert pool.submit(calls.echo, 1).result() == 1


def test_a_task_past_its_memory_is_killed(pool):
    with pytest.raises(MemoryLimitError, match="above its limit of 200 MiB"):
        pool.submit_limited(calls.hold, 300 * 2**20, memory=200 * 2**20).result()


def test_what_a_task_started_dies_with_its_worker(pool, tmp_path):
    note = tmp_path / "child"
    with pytest.raises(TimeLimitError):
        pool.submit_limited(calls.start_child_and_hang, str(note), seconds=2.0).result()
    assert gone(int(note.read_text()))


def test_output_never_reaches_the_terminal(pool, capfd):
    pool.submit(calls.chatter, "").result()
    assert capfd.readouterr() == ("", "")


def test_a_worker_leaves_its_affinity_only_when_none_of_it_waits(pool, tmp_path):
    gate, started, futures = tmp_path / "gate", [], []

    def submit(call, argument, name):
        mark = partial(started.append, len(futures))
        futures.append((name, pool.submit_limited(call, argument, affinity=name, on_start=mark)))

    submit(calls.wait_for, str(gate), "a")
    submit(calls.wait_for, str(gate), "b")
    assert until(lambda: len(started) == 2)
    for name in "bbaabaabab":
        submit(calls.process_id, 0.01, name)
    gate.touch()
    wait([f for _, f in futures])

    last, waiting = {}, [name for name, _ in futures]
    for n in started:
        name, worker = futures[n][0], futures[n][1].result()
        assert last.get(worker) in (None, name) or last[worker] not in waiting
        waiting.remove(name)
        last[worker] = name
    assert len(last) == 2


def test_a_free_worker_helps_with_the_only_affinity_left(pool):
    futures = [pool.submit_limited(calls.process_id, 0.1, affinity="a") for _ in range(8)]
    assert len({f.result() for f in futures}) == 2


def test_a_pending_task_can_be_cancelled(pool):
    running = [pool.submit(calls.sleep, 0.3) for _ in range(2)]
    pending = pool.submit(calls.echo, 1)
    assert pending.cancel()
    with pytest.raises(CancelledError):
        pending.result()
    wait(running)


def test_kill_ends_what_runs_and_drops_the_rest():
    pool = WorkerPool(1, preload=())
    running, pending = pool.submit(calls.sleep, 60), pool.submit(calls.echo, 1)
    while not running.running():
        time.sleep(0.01)
    ids = pool.worker_ids()
    pool.kill()
    assert isinstance(running.exception(), WorkerDied)
    assert running.exception().by_user
    assert pending.cancelled()
    assert all(gone(i) for i in ids)


def test_shutdown_waits_for_all_tasks_and_leaves_no_worker():
    pool = WorkerPool(2, preload=())
    futures = [pool.submit(calls.process_id, 0.05) for _ in range(6)]
    pool.shutdown()
    assert all(gone(f.result(), within=0.5) for f in futures)
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(calls.echo, 1)


def test_workers_start_light_and_without_the_users_main():
    with WorkerPool(1, preload=()) as pool:
        loaded = pool.submit(calls.modules).result()
    assert "toy_calls" in loaded
    for heavy in ("torch", "numpy", "pandas", "pytest"):
        assert heavy not in loaded


def test_workers_begin_with_one_thread(pool):
    assert pool.submit(calls.environment, "OMP_NUM_THREADS").result() == "1"


def test_workers_that_cannot_start_fail_the_tasks_instead_of_starting_for_ever(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with WorkerPool(2, preload=()) as pool, pytest.raises(WorkerDied, match="could not start"):
        pool.submit(calls.echo, 1).result(timeout=20)


def test_no_worker_outlives_a_killed_main_process_even_in_a_hang():
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); import toy_calls as c\n"
        "from eobench.run import WorkerPool\n"
        "p = WorkerPool(3, preload=())\n"
        "f = [p.submit(c.sleep, 60), p.submit(c.spin, 60), p.submit(c.process_id)]\n"
        "f[2].result(); time.sleep(0.3)\n"
        "print(*p.worker_ids(), flush=True); time.sleep(60)"
    )
    main = subprocess.Popen([sys.executable, "-c", script, str(TOYS)], stdout=subprocess.PIPE, text=True)
    ids = [int(i) for i in main.stdout.readline().split()]
    assert len(ids) == 3
    main.kill()
    main.communicate()
    assert all(gone(i, within=5) for i in ids)
