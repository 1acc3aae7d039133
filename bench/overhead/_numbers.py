"""Medians with their spread, slopes, Markdown tables, and the machine in generic words."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import numpy as np
import psutil


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return `median (smallest - largest)`; the median alone of one value."""
    if not values:
        return "-"
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f} - {max(values):.{digits}f})"


def line(cells: Sequence[int], seconds: Sequence[float]) -> tuple[float, float]:
    """Return the least-squares slope in ms per cell and the intercept in s."""
    slope, intercept = np.polyfit(cells, seconds, 1)
    return float(slope) * 1000, float(intercept)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return "-" if value is None else " ".join(str(value).split()).replace("|", "\\|")


def machine(benchopt: str | None) -> str:
    """Return cores, memory and versions; nothing that names the machine."""
    cores = len(os.sched_getaffinity(0))
    memory = psutil.virtual_memory().total / 2**30
    words = [
        f"{cores} cores ({platform.machine()}), {memory:.0f} GiB of memory, {platform.system()}",
        f"Python {platform.python_version()}",
        f"eobench {version('eobench')}",
        f"MLflow {version('mlflow')}",
        "no benchopt" if benchopt is None else f"benchopt {benchopt}",
    ]
    return "; ".join(words)
