"""Executors besides the pool."""

from __future__ import annotations

import importlib
import logging
import os
from concurrent.futures import Executor, Future
from typing import Any
from weakref import WeakSet

from eobench.data import EobenchError
from eobench.run._pool import WorkerPool

_OF_OUR_CLUSTER = {
    "distributed.scheduler.allowed-failures": 0,  # the coordinator tries again, and says so in the row
    "distributed.scheduler.worker-saturation": 1.0,  # a worker that dies takes no waiting cell with it
}


def serial(jobs: int) -> Executor:  # noqa: ARG001  the signature of every executor
    """Return a pool of one worker."""
    return WorkerPool(1)


def dask(jobs: int) -> Executor:
    """Return an executor on a Dask cluster (`distributed`), which must share this machine's file system.

    The scheduler is named by `EOBENCH_DASK_SCHEDULER`; without it, `jobs` workers start on this machine. Dask
    kills no task: the limits of a cell are not enforced here.

    Raises:
        EobenchError: `distributed` is not installed, or the scheduler does not answer.
    """
    try:
        client_class = importlib.import_module("distributed").Client
        config = importlib.import_module("dask.config")
    except ImportError:
        raise EobenchError("executor 'dask' needs the package distributed: `pip install distributed`") from None
    address = os.environ.get("EOBENCH_DASK_SCHEDULER")
    here = {"n_workers": jobs, "threads_per_worker": 1, "dashboard_address": None}
    here["silence_logs"] = logging.CRITICAL  # a killed worker is a row, not a line across the progress table
    try:
        with config.set(_OF_OUR_CLUSTER):
            client = client_class(address) if address else client_class(**here)
    except OSError as error:
        raise EobenchError(f"no Dask scheduler answers at {address!r}: {error}") from error
    return _Dask(client)


class _Dask(Executor):
    """`Client.get_executor`, that can drop what has not begun, and closes its client too."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._inner: Executor = client.get_executor(pure=False)
        self._futures: WeakSet[Future[Any]] = WeakSet()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = self._inner.submit(fn, *args, **kwargs)
        self._futures.add(future)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if cancel_futures:  # Dask's own executor does not take the argument
            for future in list(self._futures):
                future.cancel()
        self._inner.shutdown(wait=wait)
        self._client.close()
