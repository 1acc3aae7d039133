"""What a plugin author imports.

A plugin is a module named by an entry point of the group `eobench`. It implements any of the hooks in `Hooks`,
each marked with `@hookimpl`, and returns cards; what the cards describe is imported only when it is used.
"""

from eobench.plugin._cards import (
    BaseModelCard,
    Budget,
    Card,
    Choice,
    Column,
    DatasetCard,
    ExecutorCard,
    ListenerCard,
    MethodCard,
    MetricCard,
    Output,
    PluginError,
    Pretraining,
    Range,
    Space,
    SuiteCard,
    Target,
)
from eobench.plugin._context import Checkpoint, RunContext
from eobench.plugin._hooks import Hooks, Places, hookimpl
from eobench.plugin._interfaces import (
    BaseModel,
    CellDone,
    Dataset,
    Listener,
    Method,
    Metric,
    Predictions,
    Predictor,
    RunInfo,
    Scoring,
)
from eobench.plugin._make import make_dataset
from eobench.plugin._params import Param, ParameterError, Value
from eobench.plugin._registry import PluginState, Registry, Shelf, UnknownNameError, discover
from eobench.plugin._selector import Selector, SelectorError, format_value, parse_value

__all__ = [
    "BaseModel",
    "BaseModelCard",
    "Budget",
    "Card",
    "CellDone",
    "Checkpoint",
    "Choice",
    "Column",
    "Dataset",
    "DatasetCard",
    "ExecutorCard",
    "Hooks",
    "Listener",
    "ListenerCard",
    "Method",
    "MethodCard",
    "Metric",
    "MetricCard",
    "Output",
    "Param",
    "ParameterError",
    "Places",
    "PluginError",
    "PluginState",
    "Predictions",
    "Predictor",
    "Pretraining",
    "Range",
    "Registry",
    "RunContext",
    "RunInfo",
    "Scoring",
    "Selector",
    "SelectorError",
    "Shelf",
    "Space",
    "SuiteCard",
    "Target",
    "UnknownNameError",
    "Value",
    "discover",
    "format_value",
    "hookimpl",
    "make_dataset",
    "parse_value",
]
