"""The pool's side of one worker process: start it, talk to it, end it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

OUTPUT_TAIL = 8192
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@dataclass(frozen=True, slots=True)
class Done:
    """The task's value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The task raised: the exception, and its traceback as text."""

    error: BaseException
    text: str


@dataclass(frozen=True, slots=True)
class Died:
    """The worker ended: why, the last of what it had written, and the signal that killed it, if one did."""

    reason: str
    output: str
    signal: int | None = None


class Worker:
    """One worker process in a session of its own, with its output in an unlinked file.

    Args:
        preload: modules that it imports before it is ready, so that no task's clock pays for them.
    """

    def __init__(self, preload: tuple[str, ...] = ()) -> None:
        self.ready = False
        self.affinity: str | None = None
        self.connection, far = Pipe()
        lifeline, self._lifeline = os.pipe()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  closed by kill(); no name, so nothing is left over
        fcntl.fcntl(self._output, fcntl.F_SETFL, os.O_APPEND)  # the worker truncates it before each task
        command = "from eobench.run._worker import main; main()"
        arguments = [str(far.fileno()), str(lifeline), str(os.getpid())]
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            pass_fds=(far.fileno(), lifeline),
            env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1"), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        far.close()
        os.close(lifeline)
        with contextlib.suppress(OSError):
            self.connection.send((list(sys.path), preload))

    def send(self, message: bytes) -> None:
        """Hand over a task; empty: end."""
        with contextlib.suppress(OSError):
            self.connection.send_bytes(message)

    def receive(self) -> Done | Failed | Died | None:
        """Return what it has to say; None: it is ready for its first task."""
        try:
            answer = pickle.loads(self.connection.recv_bytes())  # noqa: S301  from our own child, through a pipe
        except (EOFError, OSError):
            reason = self._how_it_ended()
            returncode = self.process.poll()
            return Died(reason, self.kill(), -returncode if returncode is not None and returncode < 0 else None)
        except Exception as error:
            return Failed(RuntimeError(f"the result of a task cannot be read: {error!r}"), "")
        if answer[0] == "ready":
            self.ready = True
            return None
        return Done(answer[1]) if answer[0] == "done" else Failed(answer[1], answer[2])

    def _how_it_ended(self) -> str:
        try:
            returncode = self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "worker closed its connection"
        if returncode >= 0:
            return f"worker ended with exit code {returncode}"
        name = signal.Signals(-returncode).name
        return f"worker was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")

    def wait(self, seconds: float) -> None:
        """Wait for its end, for a while."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, seconds))

    def kill(self) -> str:
        """Kill it with all that it started, release what it held, and return the last of its output."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        output = self._tail()
        self.connection.close()
        with contextlib.suppress(OSError):
            os.close(self._lifeline)
        self._output.close()
        return output

    def anonymous_memory(self) -> int:
        """Return its resident anonymous memory in bytes (memory maps of files do not count)."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
        return 0

    def _tail(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            descriptor = self._output.fileno()
            size = os.fstat(descriptor).st_size
            return os.pread(descriptor, OUTPUT_TAIL, max(0, size - OUTPUT_TAIL)).decode(errors="replace")
        return ""
