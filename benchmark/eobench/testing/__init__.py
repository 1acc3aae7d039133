"""Contract suites for plugins: pytest classes to subclass, and the same checks without pytest (`eobench check`).

Nothing is imported before it is asked for; only the `...Contract` classes import pytest.
"""

from typing import TYPE_CHECKING

from eobench._lazy import lazy

if TYPE_CHECKING:
    from eobench.testing._base_model import check_base_model
    from eobench.testing._checks import Outcome
    from eobench.testing._dataset import check_dataset
    from eobench.testing._method_suite import check_method
    from eobench.testing._names import check_names
    from eobench.testing._pytest_base_model import BaseModelContract
    from eobench.testing._pytest_dataset import DatasetContract
    from eobench.testing._pytest_method import MethodContract

__all__ = [
    "BaseModelContract",
    "DatasetContract",
    "MethodContract",
    "Outcome",
    "check_base_model",
    "check_dataset",
    "check_method",
    "check_names",
]

__getattr__ = lazy(
    __name__,
    {
        "BaseModelContract": "_pytest_base_model",
        "DatasetContract": "_pytest_dataset",
        "MethodContract": "_pytest_method",
        "Outcome": "_checks",
        "check_base_model": "_base_model",
        "check_dataset": "_dataset",
        "check_method": "_method_suite",
        "check_names": "_names",
    },
)
