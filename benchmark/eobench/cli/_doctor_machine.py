"""Probes of `eobench doctor`: software and machine."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from eobench.cli._doctor_run import Answer, Finding, World, ask_child

# Named with their versions; the others are only counted.
NAMED = ("torch", "torchvision", "torchgeo", "numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "mlflow")
OPEN_FILES = 1024
GIB = 1 << 30
ONE_INDEX = (
    "install both again, from the same index: pip install --force-reinstall torch torchvision "
    "(for CPU builds, `make run TORCH_INDEX=<its address>` does it)"
)


def software(_: World) -> Iterator[Finding]:
    """Python, eobench, and every library that it requires, with the version that is there."""
    yield Finding("python", "ok", f"{platform.python_version()} ({sys.executable})")
    try:
        version, wanted = metadata.version("eobench"), metadata.requires("eobench") or []
    except metadata.PackageNotFoundError:
        yield Finding(
            "eobench",
            "problem",
            "is not installed, so no plugin is found",
            "pip install --editable . (or make install)",
        )
        return
    yield Finding("eobench", "ok", version)
    there: dict[str, str] = {}
    wrong = False
    for line in wanted:
        name, version, said = _requirement(line)
        if said:
            wrong = True
            yield Finding(name, "problem", said, f'pip install "{line}"')
        elif version:
            there[name] = version
    told = ", ".join(f"{name} {there[name]}" for name in NAMED if name in there)
    yield Finding("libraries", "warning" if wrong else "ok", f"{len(there)} required ones are there: {told}")


def _requirement(line: str) -> tuple[str, str, str]:
    """Return name, version, and what is wrong; no version where this machine does not need it."""
    from packaging.requirements import Requirement

    wanted = Requirement(line)
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return wanted.name, "", ""
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return wanted.name, "", f"is missing; {wanted.specifier or 'any version'} is required"
    if not wanted.specifier.contains(version, prereleases=True):
        return wanted.name, "", f"{version} is there; {wanted.specifier} is required"
    return wanted.name, version, ""


def torch(_: World) -> Iterator[Finding]:
    """Whether torch and torchvision work, and with which devices."""
    answer = ask_child("torch")
    told = answer.values
    if "torch" not in told:
        said = told.get("torch_error") or f"the process that imports it {answer.ended}"
        yield Finding("torch", "problem", f"cannot be used: {said}", ONE_INDEX)
        return
    build = f"built for CUDA {told['built_for']}" if told["built_for"] else "built for CPU"
    yield Finding("torch", "ok", f"{told['torch']}, {build}")
    yield _torchvision(answer)
    yield from _gpus(answer)


def _torchvision(answer: Answer) -> Finding:
    told = answer.values
    error = told.get("torchvision_error") or told.get("torchvision_gpu_error")
    if error or "torchvision" not in told:
        said = error or f"the process that uses it {answer.ended}"
        return Finding("torchvision", "problem", f"does not fit torch {told['torch']}: {said}", ONE_INDEX)
    return Finding("torchvision", "ok", f"{told['torchvision']} fits torch: torchvision.ops.nms runs")


def _gpus(answer: Answer) -> Iterator[Finding]:
    told = answer.values
    for index, gpu in enumerate(told.get("gpus", ())):
        text = f"cuda:{index}: {gpu['name']}, {gpu['free'] / GIB:.1f} of {gpu['total'] / GIB:.1f} GiB free"
        yield Finding("gpu", "ok", f"{text}; --device auto takes it")
    if told.get("gpus"):
        return
    if "gpus" not in told:
        said = told.get("gpu_error") or f"the process that asks for it {answer.ended}"
        yield Finding("gpu", "problem", f"cannot be used: {said}", "run with --device cpu, or mend the driver")
    elif _nvidia():
        advice = "install a CUDA build of torch and torchvision" if not told["built_for"] else "look at nvidia-smi"
        yield Finding("gpu", "warning", "an NVIDIA device is there, but torch cannot use it", advice)
    else:
        yield Finding("gpu", "ok", "none: cells run on the CPU")


def _nvidia() -> bool:
    return any(Path(f"/dev/{name}").exists() for name in ("nvidiactl", "nvidia0"))


def machine(_: World) -> Iterator[Finding]:
    """Cores, memory, threads, open files, temporary space."""
    yield _cores()
    yield _memory()
    yield _threads()
    yield _open_files()
    yield _temporary()


def _open_files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= OPEN_FILES:
        return Finding("open files", "ok", "unlimited" if soft == resource.RLIM_INFINITY else f"{soft} at once")
    mendable = hard == resource.RLIM_INFINITY or hard > soft
    advice = f"ulimit -n {OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)}"
    text = f"{soft} at once: few, with many workers or MLflow"
    return Finding("open files", "warning", text, advice if mendable else "take fewer --jobs")


def _cores() -> Finding:
    usable, quota = len(os.sched_getaffinity(0)), _quota()
    text = f"{usable} of {os.cpu_count()} usable: --jobs is {usable} where it is not given"
    if quota is not None and quota < usable:
        jobs = max(int(quota), 1)
        return Finding("cores", "warning", f"{text}; but the container grants {quota:g}", f"--jobs {jobs}")
    return Finding("cores", "ok", text)


def _quota() -> float | None:
    """Cores that a container (cgroup v2) grants; None: no limit is set."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None


def _memory() -> Finding:
    import psutil

    memory = psutil.virtual_memory()
    total, free = float(memory.total), float(memory.available)
    try:
        limit = float(Path("/sys/fs/cgroup/memory.max").read_text())
        if limit < total:
            total = limit
            free = min(free, limit - float(Path("/sys/fs/cgroup/memory.current").read_text()))
    except (OSError, ValueError):  # no container, or no limit
        pass
    share = free / len(os.sched_getaffinity(0))
    text = f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    if share < GIB:
        advice = "take fewer --jobs, or set limits: {cell_memory: ...} in the task file"
        return Finding("memory", "warning", f"{text}: less than 1 GiB for each worker", advice)
    return Finding("memory", "ok", text)


def _threads() -> Finding:
    from eobench.run._process import THREAD_VARIABLES

    found = {v: os.environ[v] for v in THREAD_VARIABLES if v in os.environ}
    told = ", ".join(f"{name}={value}" for name, value in found.items())
    wrong = [name for name, value in found.items() if not value.strip().isdigit()]
    if wrong:
        return Finding("threads", "warning", f"{told}: not a whole number", f"unset {' '.join(wrong)}")
    text = f"{told} (workers do not heed it)" if told else "no variables are set"
    return Finding("threads", "ok", f"{text}; `threads` of the task file says how many a cell has")


def _temporary() -> Finding:
    folder = Path(tempfile.gettempdir())  # raises where none can be written
    free = shutil.disk_usage(folder).free
    if free < GIB:
        text = f"{folder}: {free / GIB:.1f} GiB free"
        return Finding("temporary", "warning", text, "free some, or set TMPDIR to another folder")
    return Finding("temporary", "ok", f"{folder}: {free / GIB:.1f} GiB free")
