"""`simclr`: what is kept of pre-training, and what becomes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from eobench.data import EobenchError, Inputs, ModalityArray, ModalityInfo, View
from eobench.plugin import Budget, Places, Registry, RunContext, discover
from eobench_contrastive._initialised import Initialised

CLASSES = ("a", "b")
SHAPES = np.random.default_rng(5).normal(size=(2, 1, 3))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    places = Places(None, tmp_path_factory.mktemp("cache"))
    return discover(places, ["eobench_base_models", "eobench_contrastive"], entry_points=False)


def _series(count: int, steps: int = 8) -> tuple[Inputs, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, count)
    values = SHAPES[truth] * np.linspace(0, 2, steps)[:, None] + 0.3 * rng.normal(size=(count, steps, 3))
    info = ModalityInfo("s2", "series", (steps, 3), tuple("rgb"))
    array = ModalityArray(info, values.astype(np.float32), None, np.arange(steps, dtype=np.int16))
    return Inputs.of(array), truth.astype(np.int16)


def _parts(registry: Registry, steps: int = 30, **given: Any) -> tuple[Any, RunContext]:
    card, model = registry.methods["simclr"], registry.base_models["temp-cnn"]
    base = model.load_object()(model.resolve({"hidden": 8}))
    method = card.load_object()(card.resolve({"width": 8} | given))
    return method, RunContext(0, budget=Budget(steps=steps), base_model=base)


def test_the_network_starts_from_the_pre_trained_encoder_with_a_head_of_its_own(registry: Registry) -> None:
    inputs, _ = _series(64)
    method, run = _parts(registry)
    checkpoint = method.pretrain(View("none", inputs, CLASSES), run)
    network = Initialised.by(run.base_model, checkpoint).build((3, 8), 2)
    fresh = run.base_model.build((3, 8), 2)
    differ = 0
    for name, value in network.state_dict().items():
        if name.startswith("head."):
            continue
        assert_array_equal(value.numpy(), checkpoint[f"encoder.{name}"])
        differ += not torch.equal(value, fresh.state_dict()[name])
    assert differ > 3


def test_pre_training_brings_views_of_a_sample_together(registry: Registry) -> None:
    inputs, _ = _series(256)
    method, run = _parts(registry, steps=120)
    method.pretrain(View("none", inputs, CLASSES), run)
    losses = [value for _, value in run.curves["loss"]]
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.3


def test_few_labels_suffice_on_separable_series(registry: Registry) -> None:
    inputs, truth = _series(200)
    method, run = _parts(registry, steps=60)
    run.checkpoint = method.pretrain(View("none", inputs, CLASSES), run)
    labels = np.full(200, -1, np.int16)
    labels[:10] = truth[:10]
    predictor = method.fit(View("few", inputs, CLASSES, labels=labels), run)
    assert (predictor.predict(inputs).classes == truth).mean() > 0.9


def test_samples_of_another_shape_are_told(registry: Registry) -> None:
    inputs, _ = _series(64)
    method, run = _parts(registry, steps=2)
    checkpoint = method.pretrain(View("none", inputs, CLASSES), run)
    with pytest.raises(EobenchError, match="another shape"):
        Initialised.by(run.base_model, checkpoint).build((5, 8), 2)
