"""What a misbehaving method does while it learns; copied beside both harnesses' plugins."""

import ctypes
import os
import signal
import subprocess
import sys
import time

HANG_SECONDS = 600


def do(behaviour):
    """Do it; `short` and `nan` are wrong predictions, which are the caller's."""
    if behaviour == "raises":
        raise ValueError("no learning today")
    if behaviour == "hangs":
        time.sleep(HANG_SECONDS)
    elif behaviour == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif behaviour == "segfaults":
        ctypes.string_at(0)
    elif behaviour == "hogs":
        hog(int(os.environ["OVERHEAD_HOG_MIB"]))
    elif behaviour == "prints":
        for _ in range(20_000):
            print("x" * 999)
    elif behaviour == "exits":
        sys.exit(3)
    elif behaviour == "forks":
        subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({HANG_SECONDS})  # overhead-orphan"])


def hog(mebibytes):
    """Take so much memory step by step, hold it for a while, and give it back."""
    held = []
    for _ in range(mebibytes // 64):
        held.append(b"\1" * (64 << 20))
        time.sleep(0.02)
    time.sleep(3)
