"""The leaderboard of a task file: built from its rows, and left alone where nothing changed since it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eobench.cli._request import Request
    from eobench.leaderboard import Board
    from eobench.plugin import Column
    from eobench.run import RunOutcome

STAMP = "board.json"


def build(request: Request, folder: Path, rows: Sequence[Mapping[str, Any]] | None = None) -> Board:
    """Write the leaderboard of the whole matrix; cells without a row say `not-run`.

    Args:
        request: the matrix.
        folder: of the leaderboard.
        rows: one a cell; None: those of the run's journal.
    """
    from eobench.leaderboard import build_board
    from eobench.results import Journal, merge_rows
    from eobench.run import row_from_cell, run_folder

    if rows is None:
        journal = Journal(run_folder(request.places, request.tasks.name) / "journal.jsonl")
        rows = merge_rows([row_from_cell(c) for c in request.cells], journal.read())
    return build_board(folder, request.tasks.name, rows, _columns(request))


def refresh(request: Request, folder: Path, outcome: RunOutcome) -> Sequence[str]:
    """Write the leaderboard after a run, unless it lies there as it was made from the very same rows.

    Returns:
        What a reader of the leaderboard should know.
    """
    if len(request.selected) < len(request.cells):  # the run knows a part of the matrix only
        return build(request, folder).warnings
    note, stamp = outcome.folder / STAMP, _stamp(outcome.folder, repr(_columns(request)))
    if stamp is not None and (known := _unchanged(note, folder, stamp)) is not None:
        return known
    warnings = build(request, folder, outcome.rows).warnings
    if stamp is not None:
        _note(note, folder, stamp, warnings)
    return warnings


def _columns(request: Request) -> list[Column]:
    return [column for card in request.registry.metrics.values() for column in card.columns]


def _stamp(state: Path, more: str) -> str | None:
    """Return a digest of all that a leaderboard is made from: plan, rows, and the code that makes it."""
    digest = hashlib.sha256(more.encode())
    try:
        for name in ("plan.json", "journal.jsonl"):
            digest.update((state / name).read_bytes())
    except OSError:
        return None
    for package in ("eobench.leaderboard", "eobench.results"):
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec is not None else ():
            for path in sorted(p for p in Path(place).rglob("*.*") if p.suffix != ".pyc"):
                told = path.stat()
                digest.update(f"{path} {told.st_size} {told.st_mtime_ns}".encode())
    return digest.hexdigest()


def _unchanged(note: Path, folder: Path, stamp: str) -> Sequence[str] | None:
    """Return the warnings of a leaderboard that lies as it was written from the same state; else None."""
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        if (told["stamp"], told["folder"]) == (stamp, str(folder.absolute())) and told["files"] == _files(folder):
            return [str(w) for w in told["warnings"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None


def _note(note: Path, folder: Path, stamp: str, warnings: Sequence[str]) -> None:
    told = {
        "stamp": stamp,
        "folder": str(folder.absolute()),
        "files": _files(folder),
        "warnings": list(warnings),
    }
    note.write_text(json.dumps(told), encoding="utf-8")


def _files(folder: Path) -> dict[str, list[int]]:
    """Sizes and times of the files of a leaderboard."""
    stats = {path.name: path.stat() for path in folder.iterdir() if path.is_file()}
    return {name: [told.st_size, told.st_mtime_ns] for name, told in stats.items()}
