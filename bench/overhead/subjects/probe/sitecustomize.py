"""Counts, in every Python process of a run: processes, and openings of the data's array; one line each."""

import os
import sys

_note = os.environ.get("OVERHEAD_COUNT")


def _write(word):
    descriptor = os.open(_note, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{word} {os.getpid()}\n".encode())
    os.close(descriptor)


def _hear(event, arguments):
    # one `numpy.load` of a memory map opens the file three times: for its kind, its header, its data
    if (
        event == "open"
        and str(arguments[0]).endswith("/tiny/s.npy")
        and sys._getframe(1).f_code.co_name not in ("open_memmap", "__new__")
    ):
        _write("load")


if _note:
    _write("process")
    sys.addaudithook(_hear)
