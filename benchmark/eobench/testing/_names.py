"""Which checks a suite has, in the order in which they run."""

from __future__ import annotations

from typing import Literal


def check_names(kind: Literal["method", "dataset", "base-model"]) -> tuple[str, ...]:
    """Return the names of a suite's checks, in order. The suite of base models imports torch."""
    if kind == "method":
        from eobench.testing._method_suite import METHOD_CONTRACT

        return tuple(check.name for check in METHOD_CONTRACT)
    if kind == "dataset":
        from eobench.testing._dataset import DATASET

        return tuple(check.name for check in DATASET)
    from eobench.testing._base_model import BASE_MODEL

    return tuple(check.name for check in BASE_MODEL)
