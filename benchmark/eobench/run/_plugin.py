"""The executors that come with eobench, given through the same hook as anybody's."""

from eobench.plugin import ExecutorCard, hookimpl

__all__ = ["eobench_executors"]

_ADDRESS = "EOBENCH_DASK_SCHEDULER"


@hookimpl
def eobench_executors() -> list[ExecutorCard]:
    """Return `pool`, `serial` and `dask`."""
    return [
        ExecutorCard(
            name="pool",
            summary="Warm worker processes on this machine; limits are enforced, a dead worker is replaced.",
            load="eobench.run._pool:WorkerPool",
        ),
        ExecutorCard(
            name="serial",
            summary="One worker process, whatever --jobs says.",
            load="eobench.run._executors:serial",
        ),
        ExecutorCard(
            name="dask",
            summary=f"A Dask cluster: the scheduler named by {_ADDRESS}, else workers on this machine.",
            load="eobench.run._executors:dask",
        ),
    ]
