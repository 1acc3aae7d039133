from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from eobench.data import Bags, EobenchError, Inputs, ModalityArray, ModalityInfo, Partition, View
from eobench.plugin import Budget, Places, Registry, RunContext, discover
from eobench_proportions._dllp import DLLP, BagObjective, bag_validation, gather_bags

CPU = torch.device("cpu")
SHAPES = np.random.default_rng(99).normal(size=(3, 1, 4))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    places = Places(None, tmp_path_factory.mktemp("cache"))
    return discover(places, ["eobench_base_models", "eobench_proportions"], entry_points=False)


def _samples(count: int, steps: int = 6, seed: int = 0) -> tuple[Inputs, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, count, p=[0.6, 0.3, 0.1])
    values = SHAPES[truth] + 0.2 * rng.normal(size=(count, steps, 4))
    info = ModalityInfo("s2", "series", (steps, 4), tuple("abcd"))
    days = np.arange(steps, dtype=np.int16)
    return Inputs.of(ModalityArray(info, values.astype(np.float32), None, days)), truth


def _partition(truth: np.ndarray, sizes: list[int], seed: int = 0) -> Partition:
    rows = np.random.default_rng(seed).permutation(len(truth))[: sum(sizes)]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    counts = [np.bincount(truth[rows[a:b]], minlength=3) for a, b in itertools.pairwise(offsets)]
    shares = np.stack([c / max(1, c.sum()) for c in counts]).astype(np.float32)
    return Partition(rows, offsets, shares)


def _bag_view(
    count: int, sizes: list[int], redraws: int = 1, validation: View | None = None, seed: int = 0
) -> View:
    inputs, truth = _samples(count, seed=seed)
    partitions = tuple(_partition(truth, sizes, seed) for seed in range(redraws))
    return View("bags", inputs, ("a", "b", "c"), bags=Bags(partitions), validation=validation)


def _run(registry: Registry, budget: Budget, family: str = "inceptiontime", **params: Any) -> RunContext:
    small = {"hidden": 4, "layers": 2, "kernel": 4} if family == "inceptiontime" else {}
    card = registry.base_models[family]
    model = card.load_object()(card.resolve({"lr": 0.01} | small | params))
    return RunContext(0, budget=budget, base_model=model)


def _dllp(registry: Registry, **given: Any) -> DLLP:
    return DLLP(registry.methods["dllp"].resolve(given))


@pytest.mark.parametrize(
    ("family", "params"),
    [("inceptiontime", {}), ("bilstm", {"hidden": 8}), ("transformer", {"d_model": 16, "heads": 2, "layers": 1})],
)
def test_bags_of_eight_teach_the_classes_of_samples(
    registry: Registry, family: str, params: dict[str, int]
) -> None:
    view = _bag_view(480, [8] * 60)
    predictor = _dllp(registry, samples_per_step=96).fit(view, _run(registry, Budget(steps=120), family, **params))
    inputs, truth = _samples(300, seed=7)
    assert np.mean(predictor.predict(inputs).classes == truth) > 0.95


def test_one_shared_vector_is_met(registry: Registry) -> None:
    inputs, truth = _samples(256)
    exact = _partition(truth, [64] * 4)
    shared = np.tile(np.float32([0.6, 0.3, 0.1]), (4, 1))
    bags = Bags((Partition(exact.rows, exact.offsets, shared),), shared=True)
    view = View("global", inputs, ("a", "b", "c"), bags=bags, validation=View("none", inputs, ("a", "b", "c")))
    predictor = _dllp(registry).fit(view, _run(registry, Budget(steps=60)))
    shares = predictor.predict(inputs).probabilities
    assert shares is not None
    assert_allclose(shares.mean(0), [0.6, 0.3, 0.1], atol=0.06)


def test_bags_are_put_together_up_to_the_samples_of_a_step() -> None:
    view = _bag_view(100, [10] * 10)
    objective = BagObjective(view, view.bags, device=CPU, samples_per_step=30, selection="last")  # type: ignore[arg-type]
    steps = list(objective.epoch(0, np.random.default_rng(0)))
    assert objective.steps(0) == len(steps) == 4
    assert sorted(np.concatenate([s.positions for s in steps])) == list(range(100))
    assert sorted(len(s.targets[1]) for s in steps) == [2, 2, 3, 3]


def test_a_bag_larger_than_a_step_is_a_step() -> None:
    view = _bag_view(100, [50, 50])
    objective = BagObjective(view, view.bags, device=CPU, samples_per_step=8, selection="last")  # type: ignore[arg-type]
    assert [len(s.positions) for s in objective.epoch(0, np.random.default_rng(0))] == [50, 50]


def test_ragged_bags_keep_their_own_rows_and_proportions() -> None:
    _, truth = _samples(60)
    partition = _partition(truth, [1, 20, 7, 32])
    order = np.array([2, 0, 3])
    rows, index = gather_bags(partition, order)
    for place, bag in enumerate(order):
        assert_array_equal(rows[index == place], partition.bag(bag))


def test_empty_bags_are_passed_over(registry: Registry) -> None:
    view = _bag_view(30, [10, 0, 20])
    objective = BagObjective(view, view.bags, device=CPU, samples_per_step=8, selection="last")  # type: ignore[arg-type]
    assert sorted(len(s.positions) for s in objective.epoch(0, np.random.default_rng(0))) == [10, 20]
    assert _dllp(registry).fit(view, _run(registry, Budget(steps=2))).steps == 2


def test_partitions_are_cycled_by_epoch() -> None:
    view = _bag_view(40, [10] * 4, redraws=3)
    assert view.bags is not None
    objective = BagObjective(view, view.bags, device=CPU, samples_per_step=40, selection="last")

    def bags_of(epoch: int) -> set[frozenset[int]]:
        (step,) = objective.epoch(epoch, np.random.default_rng(epoch))
        index = step.targets[0].numpy()
        return {frozenset(step.positions[index == i].tolist()) for i in range(4)}

    assert bags_of(0) == bags_of(3) == {frozenset(view.bags.partitions[0].bag(i).tolist()) for i in range(4)}
    assert bags_of(0) != bags_of(1) != bags_of(2)


def test_an_epoch_is_a_pass_over_the_bags(registry: Registry) -> None:
    view = _bag_view(100, [10] * 10)
    predictor = _dllp(registry, samples_per_step=30).fit(view, _run(registry, Budget(epochs=3)))
    assert predictor.steps == 12


def test_validation_bags_are_scored_by_the_error_of_their_proportions() -> None:
    view = _bag_view(20, [5, 15])
    validation = bag_validation(view, CPU)
    assert validation is not None
    assert view.bags is not None
    truth = torch.from_numpy(view.bags.partitions[0].proportions)
    index = torch.tensor([0] * 5 + [1] * 15)
    perfect = (truth[index] + 1e-12).log()
    assert validation.score(perfect) == pytest.approx(0, abs=1e-6)
    uniform = -float((truth - 1 / 3).abs().mean())
    assert validation.score(torch.zeros(20, 3)) == pytest.approx(uniform)


def test_validation_bags_choose_the_state_and_inputs_alone_do_not(registry: Registry) -> None:
    inner = _bag_view(40, [10] * 4, seed=3)
    for validation, curve in ((inner, True), (View("none", inner.inputs, inner.classes), False), (None, False)):
        run = _run(registry, Budget(steps=3))
        _dllp(registry).fit(_bag_view(40, [10] * 4, validation=validation), run)
        assert ("validation-score" in run.curves) is curve


def test_bags_of_one_sample_are_labels(registry: Registry) -> None:
    view = _bag_view(200, [1] * 200)
    predictor = _dllp(registry).fit(view, _run(registry, Budget(steps=60)))
    inputs, truth = _samples(200, seed=7)
    assert np.mean(predictor.predict(inputs).classes == truth) > 0.95


def test_one_bag_of_one_sample_runs(registry: Registry) -> None:
    view = _bag_view(5, [1])
    assert _dllp(registry).fit(view, _run(registry, Budget(steps=2))).steps == 2


def test_a_view_without_bags_is_an_error(registry: Registry) -> None:
    inputs, _ = _samples(5)
    with pytest.raises(EobenchError, match="no bags"):
        _dllp(registry).fit(View("none", inputs, ("a", "b", "c")), _run(registry, Budget(steps=1)))


def test_a_loaded_predictor_predicts_the_same(registry: Registry, tmp_path: Path) -> None:
    view = _bag_view(40, [10] * 4)
    predictor = _dllp(registry).fit(view, _run(registry, Budget(steps=3)))
    predictor.save(tmp_path)
    loaded = type(predictor).load(tmp_path)
    assert_array_equal(loaded.predict(view.inputs).probabilities, predictor.predict(view.inputs).probabilities)
