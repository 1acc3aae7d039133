"""A worker process: runs one task after another for the pool that started it, and dies with it.

Started as `python -c "from eobench.run._worker import main; main()"`, so the user's `__main__` is never imported
again. Light on purpose: what a task needs is imported by the task.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import pickle
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any

PR_SET_PDEATHSIG = 1
OUTPUT_TAIL = 8192
OUTPUT_IN_ROW = 2000  # characters of a failed cell's output in its row; failures/<key>.txt has more
_owns_output = False


def main() -> None:
    """Serve the pool; arguments: descriptor of the connection, of the lifeline, and the pool's process id."""
    descriptor, lifeline, parent = (int(a) for a in sys.argv[1:4])
    die_with(parent, lifeline)
    global _owns_output
    _owns_output = True
    connection: Connection[Any, Any] = Connection(descriptor)
    try:
        sys.path[:], preload = connection.recv()
        for module in preload:
            with contextlib.suppress(Exception):  # whatever is wrong with it, the task that needs it will say
                importlib.import_module(module)
        connection.send(("ready",))
        while True:
            message = connection.recv_bytes()
            if not message:
                break
            os.ftruncate(1, 0)
            connection.send_bytes(_answer(message))
    except (EOFError, OSError):
        pass  # the pool is gone
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(0)  # no finalizers: a hanging atexit handler of some library must not keep the worker alive


def die_with(parent: int, lifeline: int) -> None:
    """Make this process die when its parent does, however that dies.

    Two ways, as each has a hole: the kernel's parent-death signal (sent even while C code holds the interpreter
    lock, but bound to the thread that started us), and a thread that waits for the end of a pipe.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to judge

    def watch() -> None:
        while os.read(lifeline, 1):
            pass
        os.killpg(0, signal.SIGKILL)  # we lead our own group: this takes what the task started along

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def output_tail(limit: int = OUTPUT_TAIL) -> str:
    """Return the last of what the task wrote to stdout and stderr; empty outside a pool's worker."""
    if not _owns_output:
        return ""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
        size = os.fstat(1).st_size
        return os.pread(1, limit, max(0, size - limit)).decode(errors="replace")
    return ""


def _answer(message: bytes) -> bytes:
    try:
        function, args, kwargs = pickle.loads(message)  # noqa: S301  from our own parent, through a pipe
        answer = ("done", function(*args, **kwargs))
        return pickle.dumps(answer)
    except BaseException as error:
        text = "".join(traceback.format_exception(error))
        try:
            data = pickle.dumps(("error", error, text))
            pickle.loads(data)  # noqa: S301  some exceptions can be written but not read
        except Exception:
            data = pickle.dumps(("error", RuntimeError(f"{type(error).__name__}: {error}"), text))
        return data
