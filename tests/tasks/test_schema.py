"""The JSON Schema knows every field, and the page explains every one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eobench.tasks import json_schema, parse_tasks
from eobench.tasks._fields import LEVEL_OPTIONS
from eobench.tasks._models import BaseModelsDraw, BudgetNumbers, Grouping, Limits, Task, TaskFile

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
MODELS = [Task, BudgetNumbers, BaseModelsDraw, Grouping, Limits]


def test_every_field_has_a_description_that_editors_show():
    schema = json_schema()
    parts = {"TaskFile": schema, **schema["$defs"]}
    for model in (TaskFile, *MODELS):
        part = parts[model.__name__]
        assert set(part["properties"]) == set(model.model_fields)
        assert part["additionalProperties"] is False
        assert all(field.get("description") for field in part["properties"].values())


def test_one_value_is_allowed_where_a_list_is():
    sizes = json_schema()["$defs"]["Task"]["properties"]["bag_size"]["anyOf"]
    assert [s["type"] for s in sizes] == ["integer", "array", "null"]


@pytest.mark.parametrize("model", [TaskFile, *MODELS])
def test_the_page_explains_every_field(model):
    for name in model.model_fields:
        assert re.search(rf"^\| `{name}`", PAGE, re.MULTILINE), f"docs/tasks.md does not explain {name!r}"


def test_the_page_explains_every_level_with_its_options():
    for level, options in LEVEL_OPTIONS.items():
        (line,) = re.findall(rf"^\| `{level}` \|.*$", PAGE, re.MULTILINE)
        assert all(f"`{option.name}`" in line for option in options)


def test_the_examples_of_the_page_are_task_files():
    examples = re.findall(r"```yaml\n(name:.*?)```", PAGE, re.DOTALL)
    assert examples
    for text in examples:
        parse_tasks(text, "docs/tasks.md")
