"""A warm pool of worker processes that speaks `concurrent.futures` and survives what its workers do."""

from __future__ import annotations

import contextlib
import os
import pickle
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from multiprocessing.connection import wait
from typing import Any

from eobench.run._process import Died, Failed, Worker

POLL_SECONDS = 0.2
ENDED_BY_ITSELF = 2.0
PRELOAD = ("eobench.run._measure", "eobench.run._cell")
FALSE_STARTS = 3  # workers in a row that never came up: one may have been killed, three mean that none will


class WorkerDied(RuntimeError):  # noqa: N818  it is an event, as BrokenExecutor is
    """The worker ended under a task: a kill, a segmentation fault, `os._exit`.

    Attributes:
        output: the last of what the task had written.
        by_user: True where the pool was killed on request.
        signal: that killed it; None where it ended by itself.
        started: False where no worker ever came up.
    """

    output: str = ""
    by_user: bool = False
    signal: int | None = None
    started: bool = True


class TimeLimitError(WorkerDied):
    """The task ran past its wall-clock limit; its worker was killed."""


class MemoryLimitError(WorkerDied):
    """The task's worker held more anonymous memory than its limit; it was killed."""


class Task:
    """One submitted call with its future and its limits."""

    __slots__ = ("affinity", "future", "memory", "message", "on_start", "seconds")

    def __init__(
        self,
        message: bytes,
        seconds: float | None = None,
        memory: int | None = None,
        affinity: str = "",
        on_start: Callable[[], None] | None = None,
    ) -> None:
        self.message = message
        self.seconds = seconds
        self.memory = memory
        self.affinity = affinity
        self.on_start = on_start
        self.future: Future[Any] = Future()


class WorkerPool(Executor):
    """Worker processes on this machine, started when first needed and kept warm.

    A worker that dies fails the one task that it ran (`WorkerDied`) and is replaced. Workers never import the
    user's `__main__`, do not hear Ctrl-C, and do not outlive this process, even one that is killed.

    Args:
        jobs: number of workers.
        preload: modules that workers import before their first task.
    """

    def __init__(self, jobs: int, preload: tuple[str, ...] = PRELOAD) -> None:
        if jobs < 1:
            raise ValueError(f"jobs is {jobs}; at least 1 is needed")
        self.jobs = jobs
        self.preload = preload
        self._lock = threading.Lock()
        self._pending: OrderedDict[str, deque[Task]] = OrderedDict()
        self._workers: list[Worker] = []
        self._busy: dict[Worker, tuple[Task, float]] = {}
        self._closing = False
        self._killed = False
        self._wake_read, self._wake_write = os.pipe()
        # one thread starts all workers and outlives them: the kernel's parent-death signal is bound to it
        self._thread = threading.Thread(target=self._manage, name="eobench-pool", daemon=True)
        self._started = False
        self._false_starts = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn(*args, **kwargs)` in a worker; `fn` is named by reference, so a lambda will not do."""
        return self._enqueue(Task(pickle.dumps((fn, args, kwargs))))

    def submit_limited(
        self,
        fn: Callable[[Any], Any],
        argument: object,
        *,
        seconds: float | None = None,
        memory: int | None = None,
        affinity: str = "",
        on_start: Callable[[], None] | None = None,
    ) -> Future[Any]:
        """Run `fn(argument)` under limits.

        Args:
            fn: what to call.
            argument: its argument.
            seconds: wall-clock after which the worker is killed (`TimeLimitError`).
            memory: bytes of anonymous memory above which the worker is killed (`MemoryLimitError`).
            affinity: tasks of one affinity go to the same worker while that keeps all workers busy.
            on_start: called (in the pool's thread) when a worker takes the task.
        """
        return self._enqueue(Task(pickle.dumps((fn, (argument,), {})), seconds, memory, affinity, on_start))

    def _enqueue(self, task: Task) -> Future[Any]:
        with self._lock:
            if self._closing:
                raise RuntimeError("cannot submit to a pool that was shut down")
            self._pending.setdefault(task.affinity, deque()).append(task)
            if not self._started:
                self._started = True
                self._thread.start()
        self._wake()
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers once the submitted tasks are done; `cancel_futures` drops those not yet begun."""
        with self._lock:
            self._closing = True
            dropped = self._drain() if cancel_futures else []
        for task in dropped:
            task.future.cancel()
        self._wake()
        if wait:
            if self._started:
                self._thread.join()
            self._close_wake()

    def kill(self) -> None:
        """Kill all workers now; tasks in flight fail with `WorkerDied`, the others are cancelled."""
        self._killed = True
        self.shutdown(wait=True, cancel_futures=True)

    def worker_ids(self) -> list[int]:
        """Return the process ids of the workers alive."""
        return [w.process.pid for w in list(self._workers) if w.process.poll() is None]

    def _drain(self) -> list[Task]:
        tasks = [t for queue in self._pending.values() for t in queue]
        self._pending.clear()
        return tasks

    def _wake(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._wake_write >= 0:
                os.write(self._wake_write, b"x")

    def _close_wake(self) -> None:
        with self._lock:
            for descriptor in (self._wake_read, self._wake_write):
                if descriptor >= 0:
                    os.close(descriptor)
            self._wake_read = self._wake_write = -1

    # --- the pool's own thread -------------------------------------------------------------------------------

    def _manage(self) -> None:
        try:
            while True:
                self._start_missing()
                self._dispatch()
                with self._lock:
                    finished = self._closing and not self._pending and not self._busy
                if finished or self._killed:
                    break
                self._listen()
                self._enforce()
        finally:
            self._end_workers()

    def _start_missing(self) -> None:
        with self._lock:
            pending = sum(len(q) for q in self._pending.values())
        free = len(self._workers) - len(self._busy)
        for _ in range(min(pending - free, self.jobs - len(self._workers))):
            self._workers.append(Worker(self.preload))

    def _dispatch(self) -> None:
        for worker in self._workers:
            while worker.ready and worker not in self._busy:
                with self._lock:
                    task = self._choose(worker)
                if task is None:
                    break
                if not task.future.set_running_or_notify_cancel():
                    continue
                worker.affinity = task.affinity
                self._busy[worker] = (task, time.monotonic())
                if task.on_start is not None:
                    task.on_start()
                worker.send(task.message)  # a dead worker is noticed when it is listened to

    def _choose(self, worker: Worker) -> Task | None:
        """Its own affinity first; else the one that fewest busy workers serve, in the order of submission."""
        if not self._pending:
            return None
        affinity = worker.affinity
        if affinity is None or affinity not in self._pending:
            serving = [w.affinity for w in self._busy]
            affinity = min(self._pending, key=serving.count)
        queue = self._pending[affinity]
        task = queue.popleft()
        if not queue:
            del self._pending[affinity]
        return task

    def _listen(self) -> None:
        by_connection = {w.connection: w for w in self._workers}
        timeout = self._patience()
        for thing in wait([self._wake_read, *by_connection], timeout):
            if thing == self._wake_read:
                os.read(self._wake_read, 65536)
                continue
            self._hear(by_connection[thing])  # type: ignore[index]

    def _patience(self) -> float | None:
        limited = [t for t, _ in self._busy.values() if t.seconds is not None or t.memory is not None]
        return POLL_SECONDS if limited else None

    def _hear(self, worker: Worker) -> None:
        answer = worker.receive()
        if answer is None:
            self._false_starts = 0
        elif isinstance(answer, Died):
            died = WorkerDied(answer.reason)
            died.signal = answer.signal
            self._remove(worker, died, answer.output)
        else:
            task, _ = self._busy.pop(worker)
            if isinstance(answer, Failed):
                answer.error.add_note(answer.text)
                task.future.set_exception(answer.error)
            else:
                task.future.set_result(answer.value)

    def _enforce(self) -> None:
        now = time.monotonic()
        for worker, (task, started) in list(self._busy.items()):
            if task.seconds is not None and now - started > task.seconds:
                output = worker.kill()
                self._remove(worker, TimeLimitError(f"stopped after its limit of {task.seconds:g} s"), output)
            elif task.memory is not None and (held := worker.anonymous_memory()) > task.memory:
                output = worker.kill()
                reason = f"stopped at {held / 2**20:.0f} MiB, above its limit of {task.memory / 2**20:.0f} MiB"
                self._remove(worker, MemoryLimitError(reason), output)

    def _remove(self, worker: Worker, error: WorkerDied, output: str) -> None:
        self._workers.remove(worker)
        busy = self._busy.pop(worker, None)
        if busy is not None:
            error.output = output
            busy[0].future.set_exception(error)
        elif not worker.ready:
            self._false_starts += 1
            for task in self._drained() if self._false_starts >= FALSE_STARTS else []:
                failure = WorkerDied(f"a worker could not start: {error}\n{output}")
                failure.started = False
                task.future.set_exception(failure)

    def _drained(self) -> list[Task]:
        with self._lock:
            return [t for t in self._drain() if t.future.set_running_or_notify_cancel()]

    def _end_workers(self) -> None:
        with self._lock:
            self._closing = True
        for task in self._drained():
            task.future.set_exception(WorkerDied("the pool was shut down"))
        if not self._killed:
            for worker in self._workers:
                worker.send(b"")
            end = time.monotonic() + ENDED_BY_ITSELF
            for worker in self._workers:
                worker.wait(end - time.monotonic())
        for worker in self._workers:
            output = worker.kill()
            busy = self._busy.pop(worker, None)
            if busy is not None:
                error = WorkerDied("stopped by the user")
                error.by_user = self._killed
                error.output = output
                busy[0].future.set_exception(error)
        self._workers.clear()
