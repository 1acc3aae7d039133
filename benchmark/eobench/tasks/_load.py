"""Task files: text to checked models, every error with file, line, what was found and what is allowed."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from eobench.data import nearest, unknown
from eobench.tasks._models import BaseModelsDraw, BudgetNumbers, Grouping, Limits, Task, TaskFile
from eobench.tasks._source import Path, Source, TaskFileError, read_yaml

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MAX_BYTES = 4_000_000
# Which model stands behind which field; "" is the file itself.
_MODELS: dict[str, type[BaseModel]] = {
    "": TaskFile,
    "tasks": Task,
    "limits": Limits,
    "budget": BudgetNumbers,
    "base_models": BaseModelsDraw,
    "classes": Grouping,
    "score_classes": Grouping,
}
_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "list": "a list",
    "model": "fields with values",
    "dict": "fields with values",
}
_BOUNDS = {"greater_than_equal": "at least {ge}", "greater_than": "more than {gt}"}
_BOUNDS |= {"less_than_equal": "at most {le}", "less_than": "less than {lt}"}


def load_tasks(path: FilePath) -> TaskFile:
    """Read a task file.

    Raises:
        TaskFileError: it cannot be read, or something in it cannot be used; one line a problem.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TaskFileError(f"{path}: larger than {MAX_BYTES // 10**6} MB: that is no task file")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TaskFileError(f"{path}: not UTF-8 text (byte {error.start}): that is no task file") from None
    except OSError as error:
        raise TaskFileError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_tasks(text, str(path))


def parse_tasks(text: str, source: str) -> TaskFile:
    """Check the text of a task file.

    Args:
        text: YAML.
        source: how messages name it.

    Raises:
        TaskFileError: something in it cannot be used; one line a problem, in the order of the file.
    """
    value, places = read_yaml(text, source)
    if not isinstance(value, dict):
        raise TaskFileError(
            places.problem((), f"a task file has fields (name, tasks, ...), this is {_found(value)}")
        )
    try:
        tasks = TaskFile.model_validate(value)
    except ValidationError as error:
        raise TaskFileError("\n".join(_messages(error, places))) from None
    problems = _twice(tasks, places)
    if problems:
        raise TaskFileError("\n".join(problems))
    tasks._source = places
    return tasks


def _twice(tasks: TaskFile, places: Source) -> list[str]:
    counts = Counter(task.id for task in tasks.tasks)
    return [
        places.problem(("tasks", i, "id"), f"two tasks have the id {task.id!r}")
        for i, task in enumerate(tasks.tasks)
        if counts[task.id] > 1 and any(other.id == task.id for other in tasks.tasks[:i])
    ]


def _messages(error: ValidationError, places: Source) -> list[str]:
    found: dict[str, int] = {}
    for details in error.errors(include_url=False):
        path: Path = tuple(part for part in details["loc"] if not str(part).startswith("<"))
        path = tuple(part for part in path if part != "[key]")
        line = places.problem(*_message(details, path), key=details["type"] == "extra_forbidden")
        found.setdefault(line, places.values[places.known(path)][0])
    return sorted(found, key=lambda line: found[line])


def _message(details: ErrorDetails, path: Path) -> tuple[Path, str]:
    """Return where an error shows, and its text."""
    kind, given, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return path[:-1] if isinstance(path[-1], int) else path, _unknown_field(path)
    if kind == "missing":
        return path[:-1], f"the field {str(path[-1])!r} is missing ({_doc(path)})"
    if kind in ("value_error", "assertion_error"):
        return path, str(context["error"])
    if kind == "too_short":
        return path, "is empty: nothing would run"
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(context["expected"]))
        extra = ", or a mapping with one of steps, epochs, seconds" if path[-1:] == ("budget",) else ""
        return (
            path,
            f"{_found(given)} is not allowed.{nearest(str(given), allowed)} Allowed: {', '.join(allowed)}{extra}",
        )
    if kind in _BOUNDS:
        return path, f"{_found(given)} is not allowed; allowed: {_BOUNDS[kind].format(**context)}"
    for start, words in _TYPES.items():
        if kind.startswith(start):
            return path, f"{_found(given)} is not {words}"
    return path, f"{_found(given)}: {details['msg']}"


def _unknown_field(path: Path) -> str:
    fields = [part for part in path[:-1] if isinstance(part, str)]
    model = _MODELS.get(fields[-1] if fields else "")
    names = list(model.model_fields) if model else []
    return unknown("field", str(path[-1]), names)


def _doc(path: Path) -> str:
    fields = [part for part in path[:-1] if isinstance(part, str)]
    model = _MODELS[fields[-1] if fields else ""]
    return str(model.model_fields[str(path[-1])].description)


def _found(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a task file (draft 2020-12), with which editors complete and check it."""
    made = TaskFile.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "eobench task file",
        **{key: value for key, value in made.items() if key != "title"},
    }
