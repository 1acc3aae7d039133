"""`eobench schema`: the JSON Schema of a task file, for editors."""

from __future__ import annotations


def schema() -> None:
    """Print the JSON Schema of tasks.yaml, so that an editor can complete and check it."""
    from eobench.cli import _common
    from eobench.tasks import json_schema

    _common.print_json(json_schema())
