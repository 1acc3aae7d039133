"""What MLflow is told of a row: parameters, metrics, tags, tables. Knows no MLflow."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from eobench.results import COLUMNS

# MLflow's limits; longer values are cut.
PARAM_LENGTH = 6000
TAG_LENGTH = 5000
_GROUPS = {c.name: c.group for c in COLUMNS}
_OPTIONS = {"method_params": "method", "dataset_params": "dataset", "base_model_params": "base_model"}


@dataclass(slots=True)
class Content:
    """A row in MLflow's terms.

    Attributes:
        name: of the child run.
        params: identity columns, and every option as `method.<option>`.
        metrics: numbers: metrics, costs, per-class values as `recall/<class>`.
        tags: status, environment, provenance.
        tables: K x K tables by metric name.
        classes: names of the tables' rows.
        start: UTC milliseconds; None where unknown.
        seconds: wall-clock of the cell.
    """

    name: str
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    tables: dict[str, list[list[int]]] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    start: int | None = None
    seconds: float = 0.0


def content(row: Mapping[str, Any]) -> Content:
    """Return a row in MLflow's terms; null values are left out."""
    made = Content(_name(row), classes=[str(c) for c in row.get("classes") or []])
    for column, value in row.items():
        if value is None:
            continue
        group = _GROUPS.get(column, "metric")
        if column in _OPTIONS:
            made.params |= {key(f"{_OPTIONS[column]}.{k}"): _text(v) for k, v in _json(value).items()}
        elif column == "cell" or group in ("status", "provenance"):
            made.tags[f"eobench.{key(column)}"] = _text(value)[:TAG_LENGTH]
        elif group == "identity":
            made.params[key(column)] = _text(value)[:PARAM_LENGTH]
        else:
            _measure(made, column, value)
    made.start = _milliseconds(row.get("started"))
    made.seconds = float(row.get("total_seconds") or 0.0)
    return made


def key(text: str) -> str:
    """Return a name that MLflow accepts.

    Letters, digits, `_`, `-`, `.`, space and `/`, at most 250 of them; as a path it names no other: `a//b` and
    `a/./b` become `a/b`.
    """
    clean = re.sub(r"[^\w\-. /]", "_", text, flags=re.ASCII).strip("/. ")[:250]
    return "/".join(part for part in clean.split("/") if part not in ("", ".", "..")) or "_"


def _measure(made: Content, column: str, value: Any) -> None:
    if isinstance(value, bool | int | float):
        if math.isfinite(value):
            made.metrics[key(column)] = float(value)
    elif isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple):
        made.tables[key(column)] = [list(line) for line in value]
    elif isinstance(value, list | tuple):
        names = made.classes if len(made.classes) == len(value) else [str(k) for k in range(len(value))]
        for name, one in zip(names, value, strict=True):
            if isinstance(one, int | float) and math.isfinite(one):
                made.metrics[key(f"{column}/{name}")] = float(one)
    else:
        made.tags[f"eobench.{key(column)}"] = _text(value)[:TAG_LENGTH]


def _name(row: Mapping[str, Any]) -> str:
    knobs = [str(row[c]) for c in ("labels", "bag_size", "regions", "source") if row.get(c) is not None]
    base = row.get("base_model")
    draw = row.get("draw")
    words = [
        row.get("method_label"),
        row.get("dataset_label"),
        f"{row.get('supervision')}" + (f"({', '.join(knobs)})" if knobs else ""),
        None if base is None else f"{base}#{draw}" if draw is not None else base,
        f"seed {row.get('seed')}",
    ]
    return " ".join(str(w) for w in words if w is not None)


def _json(value: Any) -> Mapping[str, Any]:
    try:
        thing = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    return thing if isinstance(thing, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _milliseconds(started: Any) -> int | None:
    try:
        return int(datetime.fromisoformat(str(started)).timestamp() * 1000)
    except ValueError:
        return None
