"""Calls for the pool: each does to its worker what a method might."""

import os
import subprocess
import sys
import time
from pathlib import Path


def echo(value):
    return value


def process_id(seconds=0.0):
    time.sleep(seconds)
    return os.getpid()


def wait_for(path):
    while not Path(path).exists():
        time.sleep(0.01)
    return os.getpid()


def modules(_=None):
    return sorted(sys.modules)


def sleep(seconds):
    time.sleep(seconds)


def spin(seconds):
    """Hold the interpreter lock in C code, as a hang in an extension does."""
    import re

    del seconds
    re.match(r"(a+)+$", "a" * 60 + "b")


def fail(text):
    raise ValueError(text)


class UnreadableError(Exception):
    """Can be pickled, but not read back."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def fail_unreadably(_):
    raise UnreadableError("a", "b")


def leave(code):
    sys.exit(code)


def vanish(code):
    os._exit(code)


def signal_self(number):
    print("last words", flush=True)
    os.kill(os.getpid(), number)
    time.sleep(10)


def hold(size):
    block = bytearray(size)
    time.sleep(20)
    return len(block)


def start_child(_=None):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    return child.pid


def start_child_and_hang(path):
    Path(path).write_text(str(start_child()))
    time.sleep(120)


def unpicklable(_=None):
    return lambda: None


def chatter(path):
    print("x" * 100_000)
    print("to stderr", file=sys.stderr)
    os.write(1, b"straight to the descriptor\n")


def environment(name):
    return os.environ.get(name)
