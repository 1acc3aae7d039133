"""Identity columns of a row, from its cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from eobench.data import Knobs, Supervision
from eobench.tasks import Cell


def row_from_cell(cell: Cell) -> dict[str, Any]:
    """Return the identity columns of `eobench.results.COLUMNS`, with the status that planning already knows.

    `status` is None for a cell that is to run, else `unsupported` or `skipped`, with its `reason`.
    """
    level, base, data = cell.supervision, cell.base_model, cell.dataset
    planned = cell.status == "planned"
    return {
        "cell": cell.key,
        "task": cell.task,
        "method": cell.method,
        "method_label": cell.method_label,
        "method_params": _json(cell.method_params),
        "dataset": data.name,
        "dataset_label": data.label,
        "dataset_params": _json(data.params),
        "split": data.split,
        "test_on": None if cell.test_on is None else cell.test_on.label,
        "pretrain_on": None if cell.pretrain_on is None else cell.pretrain_on.label,
        "supervision": level.level,
        "labels": _labels(level),
        "bag_size": level.bag_size,
        "redraws": level.redraws,
        "regions": level.by,
        "source": level.source or level.area,
        "census_error": level.error,
        "knobs": _knobs(cell.knobs),
        "base_model": None if base is None else base.family,
        "base_model_params": None if base is None else _json(base.params),
        "space": None if base is None else base.space,
        "draw": None if base is None else base.draw,
        "seed": cell.seed,
        "budget": None if cell.budget is None else str(cell.budget),
        "threads": cell.threads,
        "pair_on": list(cell.pair_on),
        "fingerprint": data.fingerprint,
        "code": cell.identity.get("code"),
        "protocol": cell.identity.get("protocol"),
        "status": None if planned else cell.status,
        "reason": None if planned else cell.reason,
    }


def _labels(level: Supervision) -> str | None:
    if level.labels is not None:
        return str(level.labels)
    return None if level.per_class is None else f"{level.per_class}/class"


def _knobs(knobs: Knobs) -> str:
    chosen = {f.name: v for f in fields(knobs) if (v := getattr(knobs, f.name)) != f.default}
    return _json({k: list(v) if isinstance(v, tuple) else v for k, v in chosen.items()})


def _json(thing: Mapping[str, Any]) -> str:
    return json.dumps(dict(thing), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
