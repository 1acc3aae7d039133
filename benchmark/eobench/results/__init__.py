"""The row's schema, the journal, stored predictions."""

from eobench.results._journal import Entry, Journal, JournalError, plain
from eobench.results._lock import RunLock, RunLockedError
from eobench.results._predictions import load_predictions, predictions_digest, save_predictions
from eobench.results._rows import merge_rows, read_rows, write_plan
from eobench.results._schema import COLUMNS, FAILURES, SCHEMA_VERSION, STATUSES, ResultColumn, Status

__all__ = [
    "COLUMNS",
    "FAILURES",
    "SCHEMA_VERSION",
    "STATUSES",
    "Entry",
    "Journal",
    "JournalError",
    "ResultColumn",
    "RunLock",
    "RunLockedError",
    "Status",
    "load_predictions",
    "merge_rows",
    "plain",
    "predictions_digest",
    "read_rows",
    "save_predictions",
    "write_plan",
]
