"""Which cells are to run, and why: shared by the runner, `eobench plan` and `eobench why`."""

from __future__ import annotations

from eobench.results import Entry
from eobench.run._limits import Limits
from eobench.tasks import Cell

FINISHED = ("ok", "failed", "timeout", "oom", "unsupported")
"""Statuses that a second run leaves alone, as long as nothing outside the cell was their cause."""


def missing_because(cell: Cell, entry: Entry | None, limits: Limits) -> str | None:
    """Return why a planned cell is to run, in words; None where its row is there, or planning settled it.

    Args:
        cell: of the plan.
        entry: the last entry of its key in the journal.
        limits: of this run; a raised limit runs again what an earlier one stopped.
    """
    if cell.status != "planned":
        return None
    if entry is None:
        return "no cell with this key has run"
    status = str(entry.row["status"])
    if status not in FINISHED:
        return f"it was {status}: {entry.row.get('reason') or 'no reason given'}"
    if entry.row.get("cause") == "environment":
        return f"its environment failed it: {entry.row.get('reason')}"
    name = {"timeout": "seconds", "oom": "memory"}.get(status)
    if name is not None and limits.above(entry.limits, name):
        now = getattr(limits, name)
        raised = "lifted" if now is None else f"raised to {now:g}"
        return (
            f"{status} at a limit of {entry.limits[name]:g} {'bytes' if name == 'memory' else 's'}, now {raised}"
        )
    return None
