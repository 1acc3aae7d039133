"""Worker processes that share nothing with this one, and do not outlive it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait as wait_for
from types import ModuleType, TracebackType
from typing import Any, Final, Self

from eobench.data import PreparationStoppedError

_IN_FLIGHT: Final = 2  # jobs a worker: one at work, one waiting
_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def workers_allowed(function: Callable[..., Any], most: int | None) -> int:
    """How many workers may compute `function`; 1: none, it must be done in this process.

    A daemonic process may have no children, and what lies in `__main__` cannot be imported elsewhere.
    """
    if multiprocessing.current_process().daemon or function.__module__ == "__main__":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if most is None else most


class Workers:
    """A few processes that compute jobs in any order.

    They are started afresh, not forked (this process may have threads), do not import the user's `__main__`
    (a script without a guard would run again in each), use one thread each, and end when this process does.

    Args:
        count: of processes.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(count, context, initializer=_begin)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, function: Callable[[Any], object], jobs: Iterable[tuple[int, Any]]) -> Iterator[int]:
        """Compute `function(job)` of each (index, job), giving each index when its job is finished.

        Raises:
            PreparationStoppedError: a worker was killed.
        """
        waiting = iter(jobs)
        flying: dict[Future[object], int] = {}
        try:
            with _fresh_start():
                self._submit(function, islice(waiting, self._count * _IN_FLIGHT), flying)
            while flying:
                finished, _ = wait(flying, return_when=FIRST_COMPLETED)
                indices = [(flying.pop(future), future) for future in finished]
                self._submit(function, islice(waiting, len(finished)), flying)
                for index, future in indices:
                    future.result()
                    yield index
        except BrokenProcessPool as error:
            raise PreparationStoppedError(
                "a process that prepares the data set ended unasked: killed, perhaps for want of memory (if not, "
                "what it wrote to stderr says why). What is done is kept: ask again, and it goes on from there"
            ) from error

    def _submit(
        self,
        function: Callable[[Any], object],
        jobs: Iterable[tuple[int, Any]],
        flying: dict[Future[object], int],
    ) -> None:
        for index, job in jobs:
            flying[self._pool.submit(function, job)] = index


@contextmanager
def _fresh_start() -> Iterator[None]:
    """What is started within uses one thread, and does not run the user's script again."""
    main = sys.modules["__main__"]
    kept = {name: os.environ.get(name) for name in _THREADS}
    sys.modules["__main__"] = ModuleType("__main__")
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin() -> None:
    """In a worker, first of all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle
    threading.Thread(target=_end_with_parent, name="lifeline", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
