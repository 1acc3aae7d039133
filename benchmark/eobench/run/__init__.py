"""Plan, stages, runner, executors, lifecycle.

Names are imported when they are asked for: a worker process starts through this package and must stay light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eobench._lazy import lazy

if TYPE_CHECKING:
    from eobench.run._limits import Limits
    from eobench.run._missing import missing_because
    from eobench.run._pool import WorkerPool
    from eobench.run._progress import Progress
    from eobench.run._rows import row_from_cell
    from eobench.run._runner import RunOptions, RunOutcome, run, run_folder
    from eobench.run._stages import Plan, Stage, make_plan

_FROM = {
    "Limits": "_limits",
    "Plan": "_stages",
    "Progress": "_progress",
    "RunOptions": "_runner",
    "RunOutcome": "_runner",
    "Stage": "_stages",
    "WorkerPool": "_pool",
    "make_plan": "_stages",
    "missing_because": "_missing",
    "row_from_cell": "_rows",
    "run": "_runner",
    "run_folder": "_runner",
}

__all__ = [
    "Limits",
    "Plan",
    "Progress",
    "RunOptions",
    "RunOutcome",
    "Stage",
    "WorkerPool",
    "make_plan",
    "missing_because",
    "row_from_cell",
    "run",
    "run_folder",
]


__getattr__ = lazy(__name__, _FROM)
