"""The row's schema: every column of `results.parquet`, with its type and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SCHEMA_VERSION = 1
Status = Literal["ok", "failed", "timeout", "oom", "unsupported", "skipped", "not-run"]
STATUSES: tuple[Status, ...] = ("ok", "failed", "timeout", "oom", "unsupported", "skipped", "not-run")
FAILURES: tuple[Status, ...] = ("failed", "timeout", "oom")

ColumnType = Literal["text", "integer", "number", "flag", "texts", "numbers", "counts"]
Group = Literal["identity", "status", "metric", "cost", "provenance"]


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column: name, type, the group it belongs to, and one line of documentation."""

    name: str
    type: ColumnType
    group: Group
    doc: str


def _columns(group: Group, *rows: tuple[str, ColumnType, str]) -> tuple[ResultColumn, ...]:
    return tuple(ResultColumn(name, kind, group, doc) for name, kind, doc in rows)


COLUMNS: tuple[ResultColumn, ...] = (
    *_columns(
        "identity",
        ("cell", "text", "key of the cell: SHA-256 of its identity"),
        ("task", "text", "id of the task that asked for it"),
        ("method", "text", "name of the method"),
        ("method_label", "text", "the method as requested, with the options that were written"),
        ("method_params", "text", "all options of the method, JSON"),
        ("dataset", "text", "name of the data set"),
        ("dataset_label", "text", "the data set with its options and split"),
        ("dataset_params", "text", "all options of the data set, JSON"),
        ("split", "text", "name of the split"),
        ("test_on", "text", "the other data set whose test rows were scored; null: its own"),
        ("pretrain_on", "text", "the other data set of the pre-training; null: its own"),
        ("supervision", "text", "supervision level"),
        ("labels", "text", "label budget at `few`, or `N/class` of a balanced draw at `full`"),
        ("bag_size", "integer", "samples a bag; null where the level has no bags of one size"),
        ("redraws", "integer", "partitions into bags drawn beforehand and cycled; 1: fixed bags"),
        ("regions", "text", "group column whose places are the regions"),
        ("source", "text", "where the vector comes from: `train`, `all`, `table`, `perturbed`"),
        ("census_error", "number", "error of a perturbed vector, L1 / 2"),
        ("knobs", "text", "knobs of the task that differ from their defaults, JSON"),
        ("base_model", "text", "family of the base model"),
        ("base_model_params", "text", "all options of the base model, JSON"),
        ("space", "text", "search space that it was drawn from"),
        ("draw", "integer", "number of the draw"),
        ("seed", "integer", "seed of the task"),
        ("budget", "text", "in numbers, such as `300 steps`; null where the method has none"),
        ("threads", "integer", "threads of the cell"),
        ("pair_on", "texts", "method options that pair blocks on the leaderboard"),
        ("fingerprint", "text", "of the data"),
        ("code", "text", "hash of the method's import closure"),
        ("protocol", "integer", "version of the core's protocol"),
    ),
    *_columns(
        "status",
        ("status", "text", "ok, failed, timeout, oom, unsupported, skipped or not-run"),
        ("reason", "text", "why it is not ok"),
        (
            "cause",
            "text",
            "of a failure: `method`, `limit`, or `environment` (killed from outside, disk, network), tried again "
            "by itself and by the next run",
        ),
        (
            "warning",
            "text",
            "what a reader of the row should know (classes that train never saw, test labels used)",
        ),
    ),
    *_columns(
        "cost",
        ("labels_used", "integer", "labels that the view granted (for bags: proportion vectors)"),
        ("train_rows", "integer", "rows of the view"),
        ("test_rows", "integer", "rows that were scored"),
        ("parameters", "integer", "learned numbers of the predictor"),
        ("flops", "integer", "floating-point operations of predicting one sample; null where not counted"),
        ("steps", "integer", "optimiser steps"),
        (
            "attempts",
            "integer",
            "how often it was begun in its run; more than 1 after failures of the environment",
        ),
        ("fit_seconds", "number", "wall-clock of fit"),
        ("predict_seconds", "number", "wall-clock of predicting the scored rows"),
        ("total_seconds", "number", "wall-clock of the whole cell, data and scoring included"),
        ("peak_memory", "integer", "largest resident memory of the worker while the cell ran, bytes"),
    ),
    *_columns(
        "provenance",
        ("classes", "texts", "class names, in the order of the per-class columns"),
        ("deterministic", "flag", "false where the budget was in seconds"),
        ("device", "text", "cpu or cuda, with its name"),
        ("started", "text", "UTC time, ISO 8601"),
        ("host", "text", "operating system and processor, no host name"),
        ("versions", "text", "versions of eobench and of the libraries that the cell used, JSON"),
        ("artifacts", "text", "the cell's artifact folder, relative to the run's folder"),
        ("output", "text", "of a failure: the last of what it wrote to stdout and stderr"),
        ("predictions", "text", "hash of the predictions on the scored rows: equal where they are bit-identical"),
    ),
)
