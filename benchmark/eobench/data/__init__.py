"""Samples, sample folders, splits and label budgets, bags, supervision views."""

from eobench.data._errors import (
    DataError,
    DatasetMissingError,
    EobenchError,
    UnsupportedError,
    nearest,
    unknown,
)
from eobench.data._inputs import Batch, Inputs, Kind, ModalityArray, ModalityInfo
from eobench.data._request import Knobs, LabelBudget, Supervision
from eobench.data._view import BAG_LEVELS, LEVELS, Bags, Level, Partition, View

__all__ = [
    "BAG_LEVELS",
    "LEVELS",
    "Bags",
    "Batch",
    "DataError",
    "DatasetMissingError",
    "EobenchError",
    "Inputs",
    "Kind",
    "Knobs",
    "LabelBudget",
    "Level",
    "ModalityArray",
    "ModalityInfo",
    "Partition",
    "Supervision",
    "UnsupportedError",
    "View",
    "nearest",
    "unknown",
]
