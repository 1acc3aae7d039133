"""What became of a cell: its status, the reason, and whose doing it was."""

from __future__ import annotations

import errno
import signal
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any, Literal

from eobench.run._pool import MemoryLimitError, TimeLimitError, WorkerDied

Cause = Literal["method", "limit", "environment"]
ATTEMPTS = 3
"""How often a cell is begun in one run, where each earlier time the environment failed it."""

_ERRNOS = frozenset(
    {errno.EAGAIN, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOLCK, errno.ENOSPC, errno.ESTALE}
    | {errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.ETIMEDOUT}
)
# SIGKILL is what the kernel sends when the machine's memory is short, and what an operator sends. A segmentation
# fault, an abort or an illegal instruction is the method's own.
_SIGNALS = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPWR})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a future of a cell or a stage says.

    Attributes:
        status: `ok`, a failure's, or `not-run` where it was cancelled.
        reason: why it is not ok.
        output: the last of what it wrote.
        cause: whose doing a failure is.
        answer: what the worker returned.
    """

    status: str
    reason: str | None = None
    output: str = ""
    cause: Cause | None = None
    answer: Mapping[str, Any] | None = None


def cause_of(error: BaseException) -> Cause:
    """Return whose doing an exception in a cell is; the environment's are tried again."""
    for thing in _chain(error):
        if isinstance(thing, ConnectionError) or (isinstance(thing, OSError) and thing.errno in _ERRNOS):
            return "environment"
    return "method"


def outcome_of(future: Future[Any]) -> Outcome:
    """Return what a future that is done says; `ok` with the answer where the worker gave one."""
    try:
        error = future.exception()
    except CancelledError:
        return Outcome("not-run")
    if error is None:
        answer = future.result()
        told = answer.get("row", answer)
        return Outcome(told["status"], told.get("reason"), told.get("output") or "", told.get("cause"), answer)
    output = error.output if isinstance(error, WorkerDied) else "\n".join(getattr(error, "__notes__", ()))
    if isinstance(error, TimeLimitError):
        return Outcome("timeout", str(error), output, "limit")
    if isinstance(error, MemoryLimitError):
        return Outcome("oom", str(error), output, "limit")
    if isinstance(error, WorkerDied):
        if error.by_user:
            return Outcome("not-run", str(error), output)
        outside = error.signal in _SIGNALS or not error.started
        return Outcome("failed", str(error), output, "environment" if outside else "method")
    return Outcome("failed", f"{type(error).__name__}: {error}", output, _foreign(error))


def _foreign(error: BaseException) -> Cause:
    """Whose doing an exception is that the executor raised, not the cell: a cluster's lost worker, say."""
    lost = type(error).__name__ in ("KilledWorker", "CommClosedError", "BrokenProcessPool", "FutureCancelledError")
    return "environment" if lost else cause_of(error)


def _chain(error: BaseException) -> list[BaseException]:
    """An exception with those that it was raised from."""
    found: list[BaseException] = []
    todo: BaseException | None = error
    while todo is not None and todo not in found:
        found.append(todo)
        todo = todo.__cause__ or todo.__context__
    return found
