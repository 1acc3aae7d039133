"""One coordinator at a time: a lock on a run's folder that goes with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from eobench.data import EobenchError


class RunLockedError(EobenchError):
    """Another process coordinates this run."""


class RunLock:
    """Holds a run's folder for one coordinator, from `with` to its end.

    The kernel drops the lock when its holder dies, however it dies, so there is nothing to clean up.

    Args:
        folder: of the run; made where it does not exist.

    Raises:
        RunLockedError: another process holds it; the message names its process id.
        EobenchError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._descriptor: int | None = None

    def __enter__(self) -> RunLock:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise EobenchError(
                f"the run's folder {self.path.parent} cannot be written: {error.strerror}; "
                f"choose another with EOBENCH_CACHE"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 64, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise RunLockedError(
                f"run {self.path.parent.name!r} is already running (process {holder}): wait until it ends, stop "
                f"it, or give this run another name"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
