"""The rows of a run: those of its journal, in the order of its plan."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eobench.data import EobenchError
from eobench.results._journal import Entry, Journal, JournalError, plain
from eobench.results._schema import SCHEMA_VERSION


def write_plan(folder: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store the identity columns of every cell of a plan (`plan.json`), so that rows need no task file later."""
    thing = {"schema": SCHEMA_VERSION, "cells": [plain(r) for r in rows]}
    temporary = folder / f"plan.json.{os.getpid()}.tmp"
    temporary.write_text(json.dumps(thing, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
    temporary.replace(folder / "plan.json")


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """Return a row for each cell of a run's plan, finished or not; works while the run goes on.

    Args:
        folder: of the run, `<cache>/runs/<name>`.

    Raises:
        EobenchError: there is no such run, or its files are damaged or of another schema version.
    """
    try:
        thing = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        schema, cells = thing["schema"], thing["cells"]
    except FileNotFoundError:
        raise EobenchError(f"no run {folder.name!r} here ({folder} has no plan.json): run it first") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JournalError(f"{folder / 'plan.json'}: not a plan: {error}") from error
    if schema != SCHEMA_VERSION:
        raise JournalError(
            f"{folder / 'plan.json'}: schema version {schema}, this is {SCHEMA_VERSION}: run it again"
        )
    return merge_rows(cells, Journal(folder / "journal.jsonl").read())


def merge_rows(cells: Iterable[Mapping[str, Any]], entries: Mapping[str, Entry]) -> list[dict[str, Any]]:
    """Return one row a cell: what its entry says, under the identity columns of the plan as it is now.

    Args:
        cells: identity columns of each cell (task ids and labels may have changed since an entry was written);
            a `status` says what planning already knows.
        entries: of the journal, by key.
    """
    rows = []
    for cell in cells:
        entry = entries.get(str(cell["cell"]))
        if entry is not None and (cell.get("status") is None or entry.row.get("status") == cell["status"]):
            rows.append({**entry.row, **{k: v for k, v in cell.items() if k not in ("status", "reason")}})
        else:
            rows.append({"status": "not-run", "reason": None} | {k: v for k, v in cell.items() if v is not None})
    return rows
