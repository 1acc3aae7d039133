"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of `eobench`. Exit codes: 0 fine, 1 some cells failed (rows kept), 2 the request was wrong."""
    from eobench.cli._app import app
    from eobench.cli._common import report_error

    try:
        app()
    except Exception as error:
        sys.exit(report_error(error))
