"""Rows as a run writes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from eobench.plugin import Column

METRICS = (
    Column("oa", "overall accuracy, 0 to 1"),
    Column("ma", "mean accuracy, 0 to 1"),
    Column("macro_f1", "mean F1, 0 to 1"),
    Column("ece", "expected calibration error, 0 to 1", better="lower"),
    Column("recall", "per class", shape="per-class"),
    Column("confusion", "counts", better=None, shape="matrix"),
)

Row = dict[str, Any]


def make_row(method: str, /, oa: float | None = None, **fields: Any) -> Row:
    """A row with an identity of its own; `params` are the method's options."""
    params = fields.pop("params", {})
    row: Row = {
        "task": "t",
        "method": method.split("[")[0],
        "method_label": method,
        "method_params": json.dumps(params),
        "dataset": "fields",
        "dataset_label": "fields[split=zone]",
        "dataset_params": "{}",
        "split": "zone",
        "supervision": "full",
        "knobs": "{}",
        "seed": 0,
        "threads": 1,
        "pair_on": [],
        "fingerprint": "f0",
        "protocol": 1,
        "status": "ok",
        "oa": oa,
    }
    row.update(fields)
    identity = {k: v for k, v in row.items() if k not in ("oa", "ma", "macro_f1", "status", "reason", "task")}
    row.setdefault("cell", hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest())
    return row


@pytest.fixture
def row() -> Callable[..., Row]:
    return make_row


@pytest.fixture
def metrics() -> tuple[Column, ...]:
    return METRICS


@pytest.fixture
def frame(metrics: tuple[Column, ...]) -> Callable[[list[Row]], Any]:
    """Rows as `read_results` would give them."""
    from eobench.leaderboard._format import to_arrow, to_pandas

    return lambda rows: to_pandas(to_arrow("test", rows, metrics)[0])
