"""All metrics that apply to a cell, as leaderboard columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from eobench.data import Level
from eobench.plugin import Column, Metric, MetricCard, PluginError, Predictions, Scoring, Target
from eobench.scoring._maps import resize_maps
from eobench.scoring._naming import name_clusters


def score(scoring: Scoring, metrics: Mapping[str, MetricCard], targets: Target) -> dict[str, object]:
    """Compute every metric that applies.

    Maps are resized to the truth first. A method that gives clusters without classes (level `none`) is named
    once, by the majority vote learned on train (`name_clusters`), so that OA, MA and the rest say what they say
    in Vincent et al.; without predictions on train these columns are None.

    Args:
        scoring: truth and predictions, already checked by `check_predictions`.
        metrics: cards by name, such as `registry.metrics`.
        targets: shape of the data set's targets.

    Returns:
        Column name to value, for every column of every card: a float, a list of K floats or None, a K x K list
        of integers, or None where the metric does not apply or is undefined. Only plain Python values.

    Raises:
        PluginError: a metric raises, fills other columns than its card declares or with values of another
            shape, or two metrics declare one column.
        PredictionError: maps that cannot be brought to the truth.
    """
    ready = _prepare(scoring)
    outputs = ready.predictions.given()
    row: dict[str, object] = {}
    for name, card in metrics.items():
        for column in card.columns:
            if column.name in row:
                raise PluginError(f"metric {name!r} fills column {column.name!r}, which another metric fills")
            row[column.name] = None
        if applies(card, ready.level, targets, outputs):
            row.update(_compute(name, card, ready))
    return row


def applies(card: MetricCard, level: Level, targets: Target, outputs: Mapping[str, Any]) -> bool:
    """True where a metric makes sense at a level, for a target shape, with the outputs that are given."""
    return (
        (not card.levels or level in card.levels)
        and targets in card.targets
        and all(output in outputs for output in card.needs)
    )


def _prepare(scoring: Scoring) -> Scoring:
    """Maps in the truth's size, clusters named."""
    predictions = resize_maps(scoring.predictions, scoring.truth.shape)
    train, truth = scoring.train_predictions, scoring.train_truth
    if train is not None and truth is not None:
        train = resize_maps(train, truth.shape)
    if predictions.classes is None and predictions.clusters is not None:
        predictions = _named(predictions, train, scoring)
    return replace(scoring, predictions=predictions, train_predictions=train)


def _named(predictions: Predictions, train: Predictions | None, scoring: Scoring) -> Predictions:
    truth, clusters = scoring.train_truth, predictions.clusters
    if train is None or train.clusters is None or truth is None or clusters is None or not (truth >= 0).any():
        return predictions
    named = name_clusters(clusters, train.clusters, truth, len(scoring.classes))
    return replace(predictions, classes=named)


def _compute(name: str, card: MetricCard, scoring: Scoring) -> dict[str, object]:
    metric = card.load_object()(card.resolve({}))
    if not isinstance(metric, Metric):
        raise PluginError(f"metric {name!r}: {card.load} is no eobench.plugin.Metric")
    try:
        values = metric.compute(scoring)
    except Exception as error:
        raise PluginError(f"metric {name!r} raised {type(error).__name__}: {error}") from error
    declared = [column.name for column in card.columns]
    if set(values) != set(declared):
        raise PluginError(
            f"metric {name!r} declares the columns {', '.join(declared)} but filled "
            f"{', '.join(sorted(values)) or 'none'}"
        )
    return {c.name: _plain(name, c, values[c.name], len(scoring.classes)) for c in card.columns}


def _plain(name: str, column: Column, value: object, classes: int) -> object:
    """Plain Python values of the declared shape; NaN and infinity become None, since JSON has neither."""
    if value is None:
        return None
    shape = {"number": (), "per-class": (classes,), "matrix": (classes, classes)}[column.shape]
    array = np.asarray(value if column.shape == "number" else _without_none(value))
    if array.shape != shape or array.dtype.kind not in "iufb":
        raise PluginError(
            f"metric {name!r}: column {column.name!r} must be a {column.shape} ({classes} classes), "
            f"but it is {array.dtype} of shape {array.shape}"
        )
    return _finite(array.tolist())


def _without_none(value: object) -> object:
    """Lists may hold None for undefined entries: NaN inside the array."""
    if isinstance(value, list | tuple):
        return [_without_none(entry) for entry in value]
    return math.nan if value is None else value


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    if isinstance(value, bool):
        return float(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
