"""What a worker knows of its machine: device, threads, memory, versions."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.metadata
import json
import os
import platform
import re
import resource
import sys
from pathlib import Path
from typing import Any

from eobench.data import EobenchError
from eobench.run._process import THREAD_VARIABLES

_LIBRARIES = {  # import name -> distribution, of what may change numbers
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "torch": "torch",
    "aeon": "aeon",
    "ot": "POT",
    "lightly": "lightly",
    "kornia": "kornia",
    "segmentation_models_pytorch": "segmentation-models-pytorch",
}
_threads: int | None = None


def check_device(wanted: str) -> None:
    """Check the word, not the machine: cells may run elsewhere.

    Raises:
        EobenchError: it is not known.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", wanted):
        raise EobenchError(f"device {wanted!r} is not known; allowed: auto, cpu, cuda, cuda:N")


def resolve_device(wanted: str) -> str:
    """Return `cpu`, `cuda` or `cuda:N` for what was asked; `auto` takes a GPU where there is one.

    A machine without NVIDIA device files has none, which is known without importing torch.

    Raises:
        EobenchError: a GPU was asked for and there is none, or the word is unknown.
    """
    if wanted == "cpu":
        return "cpu"
    check_device(wanted)
    if gpu_present():
        import torch

        if torch.cuda.is_available():
            return "cuda" if wanted == "auto" else wanted
    if wanted == "auto":
        return "cpu"
    raise EobenchError(f"device {wanted!r} was asked for, but this machine has no usable GPU; use --device cpu")


def gpu_present() -> bool:
    """True where NVIDIA's driver shows a device."""
    return Path("/dev/nvidiactl").exists() or Path("/dev/nvidia0").exists()


def device_name(device: str) -> str:
    """Return a device with its name, for the row."""
    if device == "cpu":
        return f"cpu ({_processor()})"
    import torch

    return f"{device} ({torch.cuda.get_device_name(device)})"


def set_threads(threads: int) -> None:
    """Give every numerical library of this process so many threads, those not yet loaded too."""
    global _threads
    if threads != _threads:
        for variable in THREAD_VARIABLES:  # read by libraries that load later
            os.environ[variable] = str(threads)
        if _threads is not None or threads != 1:  # workers start with 1
            importlib.import_module("threadpoolctl").threadpool_limits(threads)
        _threads = threads
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != threads:  # a method may have changed it
        torch.set_num_threads(threads)


def seed_everything(seed: int) -> None:
    """Seed the global generators, so that a library that uses them gives the same in every worker."""
    import random

    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  others' code draws from it
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed % 2**63)


def reset_peak_memory() -> None:
    """Begin to measure peak memory anew; the kernel keeps the high-water mark."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    """Return the largest resident memory since the last reset, in bytes (file maps included)."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@functools.cache
def host() -> str:
    """Return operating system and processor; no host name."""
    return f"{platform.system()} {platform.release()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores"


@functools.cache
def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> str:
    """Return the versions of eobench, Python and of the libraries that are loaded, JSON."""
    found: dict[str, Any] = {"eobench": _version("eobench"), "python": platform.python_version()}
    found |= {dist: _version(dist) for name, dist in _LIBRARIES.items() if name in sys.modules}
    return json.dumps(found, sort_keys=True)


@functools.cache
def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
