"""Where tracking goes, and what it still has to send; nothing of MLflow is imported."""

from __future__ import annotations

import os
from pathlib import Path

from eobench.results import FAILURES, Journal
from eobench.tracking._ledger import Ledger

OFF = ("off", "0", "false", "no")
# Cells that never ran have nothing to track; the parent run says how many there are.
SENT = ("ok", *FAILURES)


def switched_off() -> bool:
    """Whether `EOBENCH_TRACKING` turns tracking off."""
    return os.environ.get("EOBENCH_TRACKING", "").strip().lower() in OFF


def tracking_uri(cache: Path) -> str:
    """Return `MLFLOW_TRACKING_URI`, or where it is not set, an SQLite file in the cache."""
    return os.environ.get("MLFLOW_TRACKING_URI", "").strip() or default_uri(cache)


def default_uri(cache: Path) -> str:
    """Return the URI of the SQLite file in the cache."""
    return f"sqlite:///{cache / 'mlflow.db'}"


def backlog(run: Path, uri: str) -> int:
    """Return how many finished cells of a run's folder a server has not been sent.

    Raises:
        JournalError: the run's journal is damaged, or of another version.
    """
    sent = Ledger(run / "tracked.jsonl", uri).cells
    rows = Journal(run / "journal.jsonl").read()
    return sum(1 for key, entry in rows.items() if entry.row.get("status") in SENT and key not in sent)
