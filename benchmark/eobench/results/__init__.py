"""The row's schema, the journal, stored predictions."""

from eobench.results._schema import COLUMNS, FAILURES, SCHEMA_VERSION, STATUSES, ResultColumn, Status

__all__ = ["COLUMNS", "FAILURES", "SCHEMA_VERSION", "STATUSES", "ResultColumn", "Status"]
