"""One cell, in a worker: whatever happens becomes a row.

Light at import time: the coordinator only names these functions.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from eobench.data import DataError, DatasetMissingError, EobenchError, UnsupportedError
from eobench.run._machine import host, peak_memory, reset_peak_memory, versions
from eobench.run._outcome import cause_of
from eobench.run._rows import row_from_cell
from eobench.run._worker import OUTPUT_IN_ROW, output_tail
from eobench.tasks import Cell


def run_cell(job: Mapping[str, Any]) -> dict[str, Any]:
    """Run one cell.

    Args:
        job: plain values: `cell` (`Cell.to_json`), `stage` (key of its pre-training, or None), `places`,
            `plugins`, `entry_points`, `folder` (of the run) and `device`.

    Returns:
        `row`, by column name, and `curves`, the file of its curves relative to the run's folder, or None.
    """
    cell = Cell.from_json(job["cell"])
    folder = Path(job["folder"])
    began, started = time.perf_counter(), datetime.now(UTC)
    reset_peak_memory()
    curves: dict[str, list[tuple[int, float]]] = {}
    artifacts = folder / "artifacts" / cell.key
    shutil.rmtree(artifacts, ignore_errors=True)  # of an earlier try
    row = row_from_cell(cell)
    try:
        from eobench.run._measure import measure

        row |= measure(cell, job, curves, artifacts)
        row |= {"status": "ok", "reason": None, "cause": None, "output": None}
        (folder / "failures" / f"{cell.key}.txt").unlink(missing_ok=True)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        status, reason = judge(error)
        row |= {"status": status, "reason": reason}
        if status in ("failed", "oom"):
            row |= {"cause": cause_of(error), "output": output_tail(OUTPUT_IN_ROW) or None}
            keep_failure(folder, cell.key, cell.label, error)
    row |= {
        "attempts": 1,  # the coordinator knows better
        "total_seconds": time.perf_counter() - began,
        "peak_memory": peak_memory(),
        "deterministic": cell.budget is None or cell.budget.seconds is None,
        "started": started.isoformat(timespec="seconds"),
        "host": host(),
        "versions": versions(),
        "artifacts": f"artifacts/{cell.key}" if artifacts.is_dir() else None,
    }
    return {"row": row, "curves": _save_curves(folder, cell.key, curves)}


def run_stage(job: Mapping[str, Any]) -> dict[str, Any]:
    """Run one pre-training and store its checkpoint; the job is that of `run_cell`, with the stage's cell.

    Returns:
        `status` and `reason`.
    """
    cell = Cell.from_json(job["cell"])
    try:
        from eobench.run._measure import pretrain

        pretrain(cell, job)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        status, reason = judge(error)
        keep_failure(Path(job["folder"]), cell.key, f"pre-training, {cell.label}", error)
        return {"status": status, "reason": reason, "cause": cause_of(error), "output": output_tail(OUTPUT_IN_ROW)}
    return {"status": "ok", "reason": None}


def judge(error: BaseException) -> tuple[str, str]:
    """Return the status and the reason that an exception in a cell means."""
    if isinstance(error, DatasetMissingError):
        return "skipped", str(error)
    if isinstance(error, UnsupportedError):
        return "unsupported", str(error)
    name = type(error).__name__
    status = "oom" if isinstance(error, MemoryError) or name == "OutOfMemoryError" else "failed"
    text = " ".join(str(error).split())
    if isinstance(error, EobenchError):  # says itself what was wrong and where
        reason = text if isinstance(error, DataError) else f"{name}: {text}"
    else:
        reason = f"{name}: {text}" if text else name
        place = _place(error.__traceback__)
        reason += f" ({place})" if place else ""
    return status, reason


def _place(trace: TracebackType | None) -> str | None:
    """`module:line` of the innermost frame that is a plugin's, neither the harness's nor a library's."""
    frames = [(f.f_globals.get("__name__", "?"), f.f_code.co_filename, n) for f, n in traceback.walk_tb(trace)]
    libraries = (sys.prefix, sys.base_prefix)
    own = [(m, f, n) for m, f, n in frames if not m.startswith("eobench.") and not f.startswith("<")]
    plugin = [
        (m, f, n) for m, f, n in own if not f.startswith(libraries) or m.partition(".")[0].startswith("eobench")
    ]
    chosen = (plugin or own or frames)[-1:]
    return f"{chosen[0][0]}:{chosen[0][2]}" if chosen else None


def keep_failure(folder: Path, key: str, label: str, error: BaseException) -> None:
    """Write the traceback and the last of the output to `failures/<key>.txt`."""
    from eobench.run._coordinate import write_failure

    text = "".join(traceback.format_exception(error))
    output = output_tail()
    write_failure(folder, key, f"{label}\n\n{text}" + (f"\nThe last of its output:\n{output}" if output else ""))


def _save_curves(folder: Path, key: str, curves: Mapping[str, list[tuple[int, float]]]) -> str | None:
    if not curves:
        return None
    path = folder / "curves" / f"{key}.json"
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(curves), encoding="utf-8")
    temporary.replace(path)
    return f"curves/{key}.json"
