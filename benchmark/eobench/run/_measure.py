"""What a cell does: view, fit, predict, check, score, store."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.data import EobenchError, Inputs, Level, Scene
from eobench.plugin import Method, MethodCard, Predictions, Predictor, RunContext, Scoring
from eobench.results import predictions_digest, save_predictions
from eobench.run._machine import device_name, resolve_device, seed_everything, set_threads
from eobench.run._shared import load_checkpoint, shared_work, store_checkpoint
from eobench.run._stages import stage_path
from eobench.run._workshop import Workshop, workshop
from eobench.scoring import check_predictions, score
from eobench.tasks import Cell, method_seed

TRAIN_ROWS = 50_000
"""Rows of train whose embeddings and clusters are predicted; rows stand in random order, so these are a sample."""


def measure(
    cell: Cell, job: Mapping[str, Any], curves: dict[str, list[tuple[int, float]]], artifacts: Path
) -> dict[str, Any]:
    """Return the metric, cost and provenance columns of a cell.

    Args:
        cell: to run.
        job: see `run_cell`.
        curves: filled as the method logs, so that a failed cell keeps what it logged.
        artifacts: the cell's artifact folder.
    """
    shop = workshop(job)
    card = shop.registry.methods[cell.method]
    scene = shop.scene(cell)
    method, context = _prepare(cell, card, shop, job["device"])
    context.curves = curves
    context.artifacts = artifacts
    if job["stage"] is not None:
        context.checkpoint = load_checkpoint(stage_path(shop.places, job["stage"]))
    predictor, fit_seconds = _fit(method, scene, context, cell)
    began = time.perf_counter()
    test = predictor.predict(scene.test)
    predict_seconds = time.perf_counter() - began
    check_predictions(test, len(scene.test), len(scene.classes), card.outputs)
    train, train_truth = _on_train(predictor, scene, card, test)
    save_predictions(Path(job["folder"]) / "predictions" / f"{cell.key}.npz", test, train)
    scoring = grouped(scene, cell.supervision.level, test, train, train_truth)
    return score(scoring, shop.registry.metrics, shop.target(cell)) | {
        "warning": scene.warning,
        "labels_used": scene.labels_used,
        "train_rows": len(scene.view),
        "test_rows": len(scene.test),
        "parameters": int(predictor.parameters),
        "flops": predictor.flops(),
        "steps": None if predictor.steps is None else int(predictor.steps),
        "fit_seconds": fit_seconds,
        "predict_seconds": predict_seconds,
        "classes": list(scene.score_classes),
        "device": device_name(context.device),
        "predictions": predictions_digest(test),
    }


def pretrain(cell: Cell, job: Mapping[str, Any]) -> None:
    """Run a stage: `cell` is the one that stands for all cells that share it, its key is the stage's."""
    shop = workshop(job)
    card = shop.registry.methods[cell.method]
    view = shop.scene(cell).view
    method, context = _prepare(cell, card, shop, job["device"])
    context.artifacts = Path(job["folder"]) / "artifacts" / cell.key
    seed_everything(context.seed)
    _start_clock(context)
    store_checkpoint(stage_path(shop.places, cell.key), method.pretrain(view, context), card.name)


def _prepare(cell: Cell, card: MethodCard, shop: Workshop, device: str) -> tuple[Method, RunContext]:
    set_threads(cell.threads)
    method = card.load_object()(dict(cell.method_params))
    base = None
    if cell.base_model is not None:
        base = shop.registry.base_models[cell.base_model.family].load_object()(dict(cell.base_model.params))
    set_threads(cell.threads)  # again: a library that loaded just now may bring its own number
    context = RunContext(
        seed=method_seed(cell),
        budget=cell.budget,
        device=resolve_device(device),
        threads=cell.threads,
        base_model=base,
        compute_stage=shared_work(cell, card, shop.places),
    )
    return method, context


def _fit(method: Method, scene: Scene, context: RunContext, cell: Cell) -> tuple[Predictor, float]:
    seed_everything(context.seed)
    _start_clock(context)
    began = time.perf_counter()
    predictor = method.fit(scene.view, context)
    seconds = time.perf_counter() - began
    if not isinstance(predictor, Predictor):
        raise EobenchError(
            f"{cell.method}: fit() returned {type(predictor).__name__}; it must return an eobench.plugin.Predictor"
        )
    return predictor, seconds


def _start_clock(context: RunContext) -> None:
    """Only a budget in seconds makes a deadline: a limit must not change the numbers."""
    if context.budget is not None and context.budget.seconds is not None:
        context.deadline = time.monotonic() + context.budget.seconds


def _on_train(
    predictor: Predictor, scene: Scene, card: MethodCard, test: Predictions
) -> tuple[Predictions | None, Any]:
    """Predictions on train, where a metric needs them: clusters (majority vote), embeddings (kNN), errors."""
    needed = (test.clusters, test.embeddings, test.reconstruction)
    if scene.train_truth is None or all(output is None for output in needed):
        return None, None
    inputs: Inputs = scene.view.inputs
    truth = scene.train_truth
    if len(inputs) > TRAIN_ROWS:
        inputs, truth = inputs.take(slice(0, TRAIN_ROWS)), truth[:TRAIN_ROWS]
    train = predictor.predict(inputs)
    check_predictions(train, len(inputs), len(scene.classes), card.outputs)
    return train, truth


def grouped(
    scene: Scene,
    level: Level,
    test: Predictions,
    train: Predictions | None,
    train_truth: NDArray[np.int16] | None,
) -> Scoring:
    """Return truth and predictions in the classes that the task scores (`score_classes`)."""
    bags = scene.test_bags
    if bags is not None:
        parts = (replace(p, proportions=_summed(p.proportions, scene)) for p in bags.partitions)
        bags = replace(bags, partitions=tuple(parts))
    return Scoring(
        level=level,
        classes=scene.score_classes,
        truth=scene.score_labels(scene.truth),
        predictions=_in_scored_classes(test, scene),
        train_truth=None if train_truth is None else scene.score_labels(train_truth),
        train_predictions=None if train is None else _in_scored_classes(train, scene),
        bags=bags,
    )


def _in_scored_classes(given: Predictions, scene: Scene) -> Predictions:
    if scene.score_map is None:
        return given
    return replace(
        given,
        classes=None if given.classes is None else scene.score_map[given.classes],
        probabilities=None if given.probabilities is None else _summed(given.probabilities, scene),
        proportions=None if given.proportions is None else _summed(given.proportions, scene),
    )


def _summed(shares: NDArray[np.float32], scene: Scene) -> NDArray[np.float32]:
    """Sum (n, K, ...) over the classes that are scored as one."""
    if scene.score_map is None:
        return shares
    total = np.zeros((len(shares), len(scene.score_classes), *shares.shape[2:]), shares.dtype)
    for k, into in enumerate(scene.score_map):
        total[:, into] += shares[:, k]
    return total
