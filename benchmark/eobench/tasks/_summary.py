"""What a plan holds, in numbers: for `eobench plan`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eobench.tasks._cell import Cell

STATUSES = ("planned", "unsupported", "skipped")


def plan_summary(cells: Iterable[Cell]) -> dict[str, Any]:
    """Return what a plan holds, as JSON values.

    Returns:
        `cells` (a number), `status` (number of each), `tasks`, `methods`, `datasets` and `levels` (name -> number
        of each status), `seeds`, `budgets` (method -> its budgets in numbers), `base_models` (label, family,
        space, draw, params and number of cells of each), and `reasons` (status, reason, number of cells).
    """
    every = list(cells)
    return {
        "cells": len(every),
        "status": _counted(every),
        "tasks": _by(every, lambda c: c.task),
        "methods": _by(every, lambda c: c.method_label),
        "datasets": _by(every, lambda c: c.dataset.label),
        "levels": _by(every, lambda c: c.supervision.level),
        "seeds": sorted({c.seed for c in every}),
        "budgets": _budgets(every),
        "base_models": _base_models(every),
        "reasons": _reasons(every),
    }


def _counted(cells: Iterable[Cell]) -> dict[str, int]:
    counts = Counter(c.status for c in cells)
    return {status: counts[status] for status in STATUSES}


def _by(cells: list[Cell], name: Callable[[Cell], str]) -> dict[str, dict[str, int]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(name(cell), []).append(cell)
    return {key: _counted(some) for key, some in found.items()}


def _budgets(cells: list[Cell]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for cell in cells:
        told = found.setdefault(cell.method, {})
        if cell.budget is not None:
            told[str(cell.budget)] = None
    return {method: list(budgets) for method, budgets in found.items()}


def _base_models(cells: list[Cell]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for cell in cells:
        ref = cell.base_model
        if ref is None:
            continue
        told: dict[str, Any] = {"label": ref.label, "family": ref.family, "space": ref.space, "draw": ref.draw}
        told |= {"params": dict(ref.params), "cells": 0}
        entry = found.setdefault(repr((ref.space, ref.label, sorted(ref.params.items(), key=str))), told)
        entry["cells"] += 1
    return list(found.values())


def _reasons(cells: list[Cell]) -> list[dict[str, Any]]:
    counts = Counter((c.status, c.reason) for c in cells if c.status != "planned")
    return [{"status": s, "reason": r, "cells": n} for (s, r), n in sorted(counts.items(), key=str)]
