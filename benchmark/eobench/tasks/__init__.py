"""The tasks.yaml schema, matrix expansion, cell identity.

Names are imported when they are asked for: a worker process needs cells and seeds only, and must stay light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eobench._lazy import lazy
from eobench.tasks._cell import BaseModelRef, Cell, DatasetRef
from eobench.tasks._identity import PROTOCOL
from eobench.tasks._seeds import data_seed, method_seed

if TYPE_CHECKING:
    from eobench.tasks._closure import code_closure
    from eobench.tasks._draws import draw
    from eobench.tasks._expand import expand
    from eobench.tasks._fields import parse_memory
    from eobench.tasks._load import json_schema, load_tasks, parse_tasks
    from eobench.tasks._models import BaseModelsDraw, Limits, Task, TaskFile
    from eobench.tasks._probe import DatasetProbe, Probe
    from eobench.tasks._select import SelectionError, select
    from eobench.tasks._source import TaskFileError
    from eobench.tasks._summary import plan_summary
    from eobench.tasks._why import Difference, closest, differences

_FROM = {
    "BaseModelsDraw": "_models",
    "DatasetProbe": "_probe",
    "Difference": "_why",
    "Limits": "_models",
    "Probe": "_probe",
    "SelectionError": "_select",
    "Task": "_models",
    "TaskFile": "_models",
    "TaskFileError": "_source",
    "closest": "_why",
    "code_closure": "_closure",
    "differences": "_why",
    "draw": "_draws",
    "expand": "_expand",
    "json_schema": "_load",
    "load_tasks": "_load",
    "parse_memory": "_fields",
    "parse_tasks": "_load",
    "plan_summary": "_summary",
    "select": "_select",
}

__all__ = [
    "PROTOCOL",
    "BaseModelRef",
    "BaseModelsDraw",
    "Cell",
    "DatasetProbe",
    "DatasetRef",
    "Difference",
    "Limits",
    "Probe",
    "SelectionError",
    "Task",
    "TaskFile",
    "TaskFileError",
    "closest",
    "code_closure",
    "data_seed",
    "differences",
    "draw",
    "expand",
    "json_schema",
    "load_tasks",
    "method_seed",
    "parse_memory",
    "parse_tasks",
    "plan_summary",
    "select",
]


__getattr__ = lazy(__name__, _FROM)
