"""Seeds, by axis: what is drawn from the data is the same for every method; what a method draws is its own.

No seed depends on a hash of code: a changed comment, or a changed helper, moves no random number.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from eobench.tasks._canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eobench.plugin import Value
    from eobench.tasks._cell import Cell


def data_seed(cell: Cell) -> int:
    """Return the seed of labels, bags and row order: from data set, split, seed and bag size.

    The same for every method, level and label budget, so that budgets nest and methods are compared on the same
    draw. Modalities do not enter: the same labels are drawn whichever bands a method may look at.

    Returns:
        A number below 2**63.
    """
    ref = cell.dataset
    known = (cell.identity.get(name) for name in ("dataset", "test_on", "pretrain_on"))
    told = next((part for part in known if part is not None and part["name"] == ref.name), None)
    named = {"name": ref.name, "params": _of_identity(ref.params, told), "split": ref.split}
    return _number({"axis": "data", "dataset": named, "seed": cell.seed, "bag_size": cell.supervision.bag_size})


def method_seed(cell: Cell) -> int:
    """Return the seed of what the method draws: from its name and parameters, its base model's, and the seed.

    A base model counts by family and configuration, not by the number of its draw, and options declared
    `execution` do not count: cells with equal keys have equal seeds.

    Returns:
        A number below 2**63.
    """
    params = _of_identity(cell.method_params, cell.identity.get("method"))
    named: dict[str, Any] = {"method": {"name": cell.method, "params": params}, "base_model": None}
    if cell.base_model is not None:
        model = _of_identity(cell.base_model.params, cell.identity.get("base_model"))
        named["base_model"] = {"name": cell.base_model.family, "params": model}
    return _number({"axis": "method", **named, "seed": cell.seed})


def _of_identity(params: Mapping[str, Value], told: Mapping[str, Any] | None) -> dict[str, Value]:
    """Return the options that the cell's identity lists; all where it says nothing.

    Only the names are taken from the identity, the values from the cell: a stage that cells share stands for them
    as a cell with some fields at their defaults.
    """
    return {name: value for name, value in params.items() if told is None or name in told["params"]}


def _number(value: dict[str, Any]) -> int:
    """63 bits: what NumPy, torch and SQL integers all hold."""
    return int.from_bytes(hashlib.sha256(canonical(value).encode()).digest()[:8], "big") >> 1
