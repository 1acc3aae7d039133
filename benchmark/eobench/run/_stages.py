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
    identity = relevant(cell, card, irrelevant)
    identity["dataset"] = identity.pop("pretrain_on", identity["dataset"])
    identity.pop("test_on", None)
    defaults = card.resolve({})
    params = {k: defaults[k] if k in options_of(irrelevant) else v for k, v in cell.method_params.items()}
    asked = Selector.parse(cell.method_label)
    written = {k: v for k, v in asked.params.items() if k not in options_of(irrelevant)}
    return replace(
        cell,
        task="",
        pair_on=(),
        method_params=params,
        method_label=str(Selector(asked.name, written)),
        dataset=cell.pretrain_on or cell.dataset,
        pretrain_on=None,
        test_on=None,
        supervision=Supervision("none"),
        base_model=None if "base_model" in irrelevant else cell.base_model,
        key=digest({"stage": "pretrain", **identity}),
        identity=identity,
    )


def relevant(cell: Cell, card: MethodCard, irrelevant: Iterable[str]) -> dict[str, Any]:
    """Return a cell's identity with irrelevant fields at their defaults.

    Args:
        cell: whose identity.
        card: of its method, for the defaults of its options.
        irrelevant: among `supervision`, `labels`, `base_model`, `params:<option>`.
    """
    identity = dict(cell.identity)
    method = identity["method"]
    defaults = {k: v for k, v in card.resolve({}).items() if k in options_of(irrelevant)}
    identity["method"] = {**method, "params": {k: defaults.get(k, v) for k, v in method["params"].items()}}
    if "supervision" in irrelevant:
        identity["supervision"] = {"level": "none"}
    elif "labels" in irrelevant:
        budget = ("labels", "per_class")
        identity["supervision"] = {k: v for k, v in identity["supervision"].items() if k not in budget}
    if "base_model" in irrelevant:
        identity.pop("base_model", None)
        identity.pop("base_model_code", None)
    return identity


def options_of(irrelevant: Iterable[str]) -> set[str]:
    """Return the method's options among the irrelevant fields."""
    return {f.removeprefix("params:") for f in irrelevant if f.startswith("params:")}


def digest(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of canonical JSON, hex."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def stage_path(places: Places, key: str) -> Path:
    """Return where a stage's checkpoint lies; it is there once the stage is done."""
    return places.cache / "stages" / key / CHECKPOINT
