"""The plan: cells, and the stages that they share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eobench.data import Supervision
from eobench.plugin import MethodCard, Places, Registry, Selector
from eobench.tasks import Cell

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True, slots=True)
class Stage:
    """One pre-training that cells share.

    Attributes:
        key: SHA-256 of everything it depends on.
        cell: a cell that stands for all of them: the fields that do not matter are at their defaults.
        cells: keys of the cells that need it.
    """

    key: str
    cell: Cell
    cells: tuple[str, ...]

    @property
    def label(self) -> str:
        """One readable line."""
        return f"pre-training of {self.cell.method_label} on {self.cell.dataset.label}, seed {self.cell.seed}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Cells in the order of the task file and the stages that stand before them.

    Attributes:
        cells: all of them, one a key.
        stages: by key.
        needs: key of a cell -> key of the stage that must be done before it.
    """

    cells: tuple[Cell, ...]
    stages: Mapping[str, Stage]
    needs: Mapping[str, str]


def make_plan(cells: Iterable[Cell], registry: Registry) -> Plan:
    """Find the stages that cells share. Reads cards only.

    Args:
        cells: planned cells; a second cell of one key is left out.
        registry: for the methods' cards.
    """
    unique = {cell.key: cell for cell in reversed(list(cells))}
    ordered = tuple(reversed(unique.values()))
    stages: dict[str, Stage] = {}
    needs: dict[str, str] = {}
    for cell in ordered:
        if cell.status != "planned":
            continue
        card = registry.methods[cell.method]
        if card.pretraining is None:
            continue
        shared = stage_cell(cell, card)
        key = shared.key
        earlier = stages[key].cells if key in stages else ()
        stages[key] = Stage(key, shared, (*earlier, cell.key))
        needs[cell.key] = key
    return Plan(ordered, stages, needs)


def stage_cell(cell: Cell, card: MethodCard) -> Cell:
    """Return the cell that stands for a cell's pre-training: irrelevant fields at their defaults, level `none`.

    Its key is the stage's key; seeds are taken from it, so they do not depend on which cell came first.
    """
    irrelevant = card.pretraining.irrelevant if card.pretraining is not None else ()
    options = {f.removeprefix("params:") for f in irrelevant if f.startswith("params:")}
    defaults = card.resolve({})
    params = {k: defaults[k] if k in options else v for k, v in cell.method_params.items()}
    asked = Selector.parse(cell.method_label)
    label = str(Selector(asked.name, {k: v for k, v in asked.params.items() if k not in options}))
    level = cell.supervision
    source = Supervision("none") if "supervision" in irrelevant else level
    if "labels" in irrelevant:
        source = replace(source, labels=None, per_class=None)
    shared = replace(
        cell,
        task="",
        pair_on=(),
        method_params=params,
        method_label=label,
        dataset=cell.pretrain_on or cell.dataset,
        pretrain_on=None,
        test_on=None,
        supervision=source,
        base_model=None if "base_model" in irrelevant else cell.base_model,
    )
    facts = {
        "stage": "pretrain",
        "method": cell.method,
        "params": card.identity(params),
        "label": label,
        "dataset": {
            "name": shared.dataset.name,
            "split": shared.dataset.split,
            "modalities": list(shared.dataset.modalities),
            "fingerprint": shared.dataset.fingerprint,
        },
        "supervision": repr(source),
        "knobs": repr(cell.knobs),
        "base_model": None
        if shared.base_model is None
        else {"family": shared.base_model.family, "params": dict(shared.base_model.params)},
        "code": {k: v for k, v in cell.identity.items() if "code" in k or k == "protocol"},
        "seed": cell.seed,
        "budget": None if cell.budget is None else cell.budget.numbers(),
        "threads": cell.threads,
    }
    return replace(shared, key=digest(facts), supervision=Supervision("none"))


def digest(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of canonical JSON, hex."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def stage_path(places: Places, key: str) -> Path:
    """Return where a stage's checkpoint lies; it is there once the stage is done."""
    return places.cache / "stages" / key / CHECKPOINT
