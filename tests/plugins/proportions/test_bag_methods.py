"""The methods beside `dllp`: they learn separable classes from bags, and odd bags are told or learned from."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from eobench.data import Bags, EobenchError, Inputs, ModalityArray, ModalityInfo, Partition, View
from eobench.plugin import Budget, Method, Places, Registry, RunContext, discover
from eobench_proportions._bags import bag_codes, bag_means
from eobench_proportions._gan import truth_loss
from eobench_proportions._vat import adversarial_penalty, ramp, running_statistics_kept
from eobench_proportions.losses import symmetric_cross_entropy
from eobench_proportions.sinkhorn import codes

SHAPES = np.random.default_rng(99).normal(size=(3, 1, 4))
CLASSES = ("a", "b", "c")
TRAINED = ("rot", "llp-vat", "llp-plot", "llp-gan", "llp-co")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    places = Places(None, tmp_path_factory.mktemp("cache"))
    return discover(places, ["eobench_base_models", "eobench_proportions"], entry_points=False)


def _samples(count: int, seed: int = 0) -> tuple[Inputs, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, count, p=[0.6, 0.3, 0.1])
    values = SHAPES[truth] + 0.2 * rng.normal(size=(count, 6, 4))
    info = ModalityInfo("s2", "series", (6, 4), tuple("abcd"))
    return Inputs.of(ModalityArray(info, values.astype(np.float32), None, np.arange(6, dtype=np.int16))), truth


def _view(sizes: list[int], proportions: list[list[float]] | None = None, seed: int = 0) -> View:
    inputs, truth = _samples(sum(sizes), seed)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    counts = [np.bincount(truth[a:b], minlength=3) for a, b in itertools.pairwise(offsets)]
    shares = np.stack([c / max(1, c.sum()) for c in counts]) if proportions is None else np.array(proportions)
    rows = np.arange(len(truth))
    return View("bags", inputs, CLASSES, bags=Bags((Partition(rows, offsets, shares.astype(np.float32)),)))


def _method(registry: Registry, name: str, **given: Any) -> Method:
    card = registry.methods[name]
    method: Method = card.load_object()(card.resolve(given))
    return method


def _run(registry: Registry, steps: int) -> RunContext:
    card = registry.base_models["temp-cnn"]
    model = card.load_object()(card.resolve({"hidden": 8, "dropout": 0.1, "lr": 0.01}))
    return RunContext(0, budget=Budget(steps=steps), base_model=model)


@pytest.mark.parametrize("name", TRAINED)
def test_bags_of_eight_teach_the_classes_of_samples(registry: Registry, name: str) -> None:
    predictor = _method(registry, name, samples_per_step=96).fit(_view([8] * 60), _run(registry, 150))
    inputs, truth = _samples(300, seed=7)
    assert np.mean(predictor.predict(inputs).classes == truth) > 0.9


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize(
    "view",
    [
        pytest.param(lambda: _view([1] * 6), id="bags of one sample"),
        pytest.param(lambda: _view([1]), id="one bag of one sample"),
        pytest.param(lambda: _view([2, 2]), id="more classes than samples"),
        pytest.param(lambda: _view([8, 8], [[1, 0, 0], [0, 1, 0]]), id="bags of one class"),
        pytest.param(lambda: _view([3, 0, 9], [[0.5, 0.5, 0], [0, 0, 0], [0, 0.2, 0.8]]), id="ragged and empty"),
    ],
)
def test_odd_bags_are_learned_from(registry: Registry, name: str, view: Any) -> None:
    predictor = _method(registry, name, **({"first_stage": 0.0} if name == "llp-plot" else {})).fit(
        view(), _run(registry, 3)
    )
    shares = predictor.predict(_samples(5)[0]).probabilities
    assert shares is not None
    assert np.isfinite(shares).all()


@pytest.mark.parametrize("name", ["dllp", "mean-proportion", *TRAINED])
@pytest.mark.parametrize("vector", [[0.5, 0.2, 0.1], [1.2, -0.2, 0.0], [np.nan, 0.5, 0.5]])
def test_proportions_that_are_none_are_an_error(registry: Registry, name: str, vector: list[float]) -> None:
    with pytest.raises(EobenchError, match=f"{name}: the proportions of bag 1 .* sum to one"):
        _method(registry, name).fit(_view([4, 4], [[1, 0, 0], vector]), _run(registry, 1))


@pytest.mark.parametrize("name", ["mean-proportion", *TRAINED])
def test_a_view_without_bags_is_an_error(registry: Registry, name: str) -> None:
    with pytest.raises(EobenchError, match="no bags"):
        _method(registry, name).fit(View("none", _samples(5)[0], CLASSES), _run(registry, 1))


def test_the_mean_proportion_counts_bags_by_their_samples(registry: Registry, tmp_path: Path) -> None:
    view = _view([1, 3], [[1, 0, 0], [0, 1, 0]])
    predictor = _method(registry, "mean-proportion").fit(view, _run(registry, 1))
    found = predictor.predict(view.inputs)
    assert_allclose(found.probabilities, np.tile([0.25, 0.75, 0], (4, 1)))
    assert_array_equal(found.classes, 1)
    predictor.save(tmp_path)
    assert_array_equal(type(predictor).load(tmp_path).predict(view.inputs).probabilities, found.probabilities)


def test_ragged_bags_have_the_codes_that_they_have_alone() -> None:
    sizes, scores = [3, 1, 5], torch.randn(9, 4, dtype=torch.float64)
    w = torch.from_numpy(np.random.default_rng(0).dirichlet(np.ones(4), 3))
    index = torch.repeat_interleave(torch.arange(3), torch.tensor(sizes))
    found = bag_codes(scores, index, w, epsilon=0.5, iterations=7)
    for bag in range(3):
        alone = codes(scores[index == bag], w[bag], epsilon=0.5, iterations=7)
        assert_allclose(found[index == bag].numpy(), alone.numpy(), atol=1e-9)


def test_bags_of_any_size_count_the_same() -> None:
    assert float(bag_means(torch.tensor([1.0, 1.0, 4.0]), torch.tensor([0, 0, 1]), 2)) == pytest.approx(2.5)


def test_symmetric_cross_entropy_by_hand() -> None:
    found = symmetric_cross_entropy(torch.tensor([[0.8, 0.2]]).log(), torch.tensor([[1.0, 0.0]]), 0.1, 1.0)
    assert float(found) == pytest.approx(-0.1 * np.log(0.8) + 4 * 0.2)


def test_the_penalty_of_a_linear_model_has_its_known_direction() -> None:
    weight = torch.tensor([[3.0, 0.0], [0.0, 0.0]])
    x = torch.zeros(1, 2)
    found = adversarial_penalty(lambda v: v @ weight, x, x @ weight, radius=1.0, probe=0.1)
    sides = [torch.tensor([[s * 3.0, 0.0]]).log_softmax(1) for s in (1, -1)]
    both = [float((0.5 * (np.log(0.5) - side)).sum()) for side in sides]
    assert min(abs(float(found) - value) for value in both) < 1e-4


def test_the_ramp_ends_at_40_per_cent() -> None:
    assert ramp(0) == pytest.approx(np.exp(-5))
    assert ramp(0.4) == ramp(1) == 1


def test_disturbed_inputs_leave_running_statistics_alone() -> None:
    norm = torch.nn.BatchNorm1d(2)
    with running_statistics_kept(norm):
        norm(torch.randn(8, 2) + 5)
    assert_array_equal(norm.running_mean.numpy(), 0)  # type: ignore[union-attr]
    assert norm.track_running_stats


def test_truth_is_told_by_the_sum_of_the_logits() -> None:
    true, false = torch.tensor([[2.0, 1.0]]), torch.tensor([[-1.0, -3.0]])
    d = [float(1 / (1 + 1 / v.exp().sum())) for v in (true, false)]
    assert float(truth_loss(true, false)) == pytest.approx(-np.log(d[0]) - np.log(1 - d[1]), rel=1e-5)
