"""Jobs for test_writer.py, in a module of their own: worker processes import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench_simulated._writer import ArraySpec, Job

ROWS = 8


def specs(jobs: int) -> list[ArraySpec]:
    return [
        ArraySpec("s2.npy", (ROWS * jobs, 3), "int16"),
        ArraySpec("label", (ROWS * jobs,), "int16", scratch=True),
    ]


def cut(jobs: int, **payload: Any) -> list[Job]:
    rows = [(ROWS * index, ROWS * (index + 1)) for index in range(jobs)]
    return [
        Job({"index": index, "jobs": jobs} | payload, {"s2.npy": r, "label": r}) for index, r in enumerate(rows)
    ]


def compute(payload: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """Rows that tell their job; takes `seconds`, notes each call in the file `log`, and dies in job `deadly`."""
    time.sleep(payload.get("seconds", 0))
    if payload.get("deadly") == payload["index"]:
        os.kill(os.getpid(), signal.SIGKILL)
    if "log" in payload:
        with Path(payload["log"]).open("a") as stream:
            stream.write(f"{payload['index']} {os.getpid()} {os.environ.get('OMP_NUM_THREADS')}\n")
    if payload.get("wrong") == payload["index"]:
        raise ValueError("no such crop")
    values = np.random.default_rng(payload["index"]).integers(0, 9999, (ROWS, 3)).astype(np.int16)
    return {"s2.npy": values, "label": np.full(ROWS, payload["index"], np.int16)}


def misshapen(payload: dict[str, Any]) -> dict[str, NDArray[Any]]:
    made = compute(payload)
    return made | {"s2.npy": made["s2.npy"][:-1]}
