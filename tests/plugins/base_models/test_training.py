from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from eobench.data import EobenchError, Inputs, View
from eobench.plugin import BaseModel, Budget, RunContext
from eobench_base_models._supervised import Supervised
from eobench_base_models._training import rate
from eobench_base_models.training import (
    LabelObjective,
    NetworkPredictor,
    Objective,
    Preparation,
    Source,
    Step,
    TrainingOptions,
    Validation,
    fit_network,
)

MakeView = Callable[..., View]
MakeRun = Callable[..., RunContext]
Options = Callable[..., Mapping[str, Any]]
CPU = torch.device("cpu")
QUICK = "bilstm[hidden=4,layers=1,lr=0.01]"


def _close(found: torch.Tensor, expected: torch.Tensor) -> None:
    """`torch.testing` would import sympy for seconds."""
    assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_every_family_learns_separable_classes(
    any_family: BaseModel, make_view: MakeView, make_run: MakeRun, options: Options
) -> None:
    predictor = Supervised(options()).fit(make_view(), make_run(any_family, Budget(steps=80)))
    test = make_view(seed=5)
    assert test.labels is not None
    assert np.mean(predictor.predict(test.inputs).classes == test.labels) > 0.95


def test_the_same_seed_gives_the_same_numbers(
    any_family: BaseModel, make_view: MakeView, make_run: MakeRun, options: Options
) -> None:
    view = make_view(validation=30)

    def shares(seed: int) -> np.ndarray:
        predictor = Supervised(options()).fit(view, make_run(any_family, Budget(steps=12), seed))
        found = predictor.predict(view.inputs).probabilities
        assert found is not None
        return found

    first = shares(0)
    torch.rand(7)  # whatever happened to the global generator before
    assert_array_equal(first, shares(0))
    assert not np.array_equal(first, shares(1))


def test_training_leaves_torch_as_it_was(
    family: Callable[[str], BaseModel], make_view: MakeView, make_run: MakeRun, options: Options
) -> None:
    torch.manual_seed(3)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    Supervised(options()).fit(make_view(), make_run(family(QUICK), Budget(steps=3)))
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(("budget", "steps"), [(Budget(steps=7), 7), (Budget(epochs=3), 9), (Budget(steps=0), 0)])
def test_a_budget_is_kept_exactly(
    family: Callable[[str], BaseModel],
    make_view: MakeView,
    make_run: MakeRun,
    options: Options,
    budget: Budget,
    steps: int,
) -> None:
    view = make_view(count=120)  # 120 rows in batches of at most 50: three an epoch
    predictor = Supervised(options(batch_size=50)).fit(view, make_run(family(QUICK), budget))
    assert predictor.steps == steps


def test_a_budget_in_seconds_ends(
    family: Callable[[str], BaseModel], make_view: MakeView, make_run: MakeRun, options: Options
) -> None:
    started = time.monotonic()
    predictor = Supervised(options()).fit(make_view(), make_run(family(QUICK), Budget(seconds=0.3)))
    assert time.monotonic() - started < 5
    assert predictor.steps


def test_a_passed_deadline_stops_at_once(
    family: Callable[[str], BaseModel], make_view: MakeView, make_run: MakeRun, options: Options
) -> None:
    run = make_run(family(QUICK), Budget(steps=10**9), deadline=time.monotonic())
    predictor = Supervised(options()).fit(make_view(), run)
    assert predictor.steps == 0


@pytest.mark.parametrize("steps", [1, 12])
@pytest.mark.parametrize("labelled", [1, 2, 4])
def test_a_label_or_two_are_enough_to_run(
    any_family: BaseModel, make_view: MakeView, make_run: MakeRun, options: Options, steps: int, labelled: int
) -> None:
    labels = np.full(20, -1, np.int16)
    labels[:labelled] = np.arange(labelled)
    view = make_view(count=20, classes=4, steps=steps, channels=7, labels=labels)
    predictions = Supervised(options()).fit(view, make_run(any_family, Budget(steps=3))).predict(view.inputs)
    assert predictions.probabilities is not None
    assert np.isfinite(predictions.probabilities).all()


def test_one_class_is_learned_and_predicted(
    any_family: BaseModel, make_view: MakeView, make_run: MakeRun, options: Options
) -> None:
    view = make_view(count=9, classes=1, validation=3)
    predictions = Supervised(options()).fit(view, make_run(any_family, Budget(steps=3))).predict(view.inputs)
    assert_array_equal(predictions.classes, np.zeros(9))
    assert_allclose(predictions.probabilities, 1)


def test_what_unlabelled_rows_hold_changes_no_prediction_without_scaling(
    family: Callable[[str], BaseModel],
    make_view: MakeView,
    make_run: MakeRun,
    make_inputs: Callable[..., Inputs],
    options: Options,
) -> None:
    view = make_view(count=40)
    assert view.labels is not None
    labels = np.where(np.arange(40) < 25, view.labels, -1).astype(np.int16)
    values = np.array(view.inputs.modalities[0].values)
    values[25:] = 1e3
    predicted = []
    for inputs in (view.inputs, make_inputs(values)):
        run = make_run(family(QUICK), Budget(steps=5))
        predictor = Supervised(options(scaling="none")).fit(View("few", inputs, view.classes, labels), run)
        predicted.append(predictor.predict(view.inputs).probabilities)
    assert_array_equal(predicted[0], predicted[1])


def test_a_view_without_labels_is_an_error(
    family: Callable[[str], BaseModel], make_view: MakeView, make_run: MakeRun, options: Options
) -> None:
    view = make_view(count=9, labels=np.full(9, -1, np.int16))
    with pytest.raises(EobenchError, match="no labelled row"):
        Supervised(options()).fit(view, make_run(family(QUICK)))


def test_a_run_without_base_model_is_an_error(make_view: MakeView, options: Options) -> None:
    with pytest.raises(EobenchError, match="base model"):
        Supervised(options()).fit(make_view(), RunContext(0, budget=Budget(steps=1)))


class _Scripted(LabelObjective):
    """Validation scores that are told beforehand, whatever the network says."""

    def __init__(self, view: View, scores: list[float]) -> None:
        assert view.labels is not None
        super().__init__(view, view.labels, device=CPU, batch_size=64, selection="last")
        self.states: list[torch.Tensor] = []
        self._scores = iter(scores)
        self.validation = Validation(view.inputs, np.arange(3), self._score, "scripted")

    def _score(self, logits: torch.Tensor) -> float:
        self.states.append(logits.clone())
        return next(self._scores)


@pytest.mark.parametrize(("scores", "best"), [([0.1, 0.9, 0.3, 0.2], 1), ([0.5, 0.5, 0.5, 0.5], 3)])
def test_the_best_state_is_kept_and_of_equals_the_later(
    family: Callable[[str], BaseModel], make_view: MakeView, make_run: MakeRun, scores: list[float], best: int
) -> None:
    view = make_view()
    objective = _Scripted(view, scores)
    predictor = fit_network(view, make_run(family(QUICK), Budget(steps=40)), objective, TrainingOptions())
    kept = predictor.predict(view.inputs.take(slice(0, 3))).probabilities
    assert len(objective.states) == 4  # a look every ten steps
    assert_allclose(kept, objective.states[best].softmax(1), atol=1e-6)


def test_looks_at_large_validation_sets_are_rare(
    family: Callable[[str], BaseModel], make_view: MakeView, make_run: MakeRun
) -> None:
    view = make_view(count=64, steps=2)
    assert view.labels is not None
    objective = _Scripted(view, [0.0] * 99)
    objective.validation = Validation(view.inputs, np.zeros(960, np.int64), lambda _: 0.0, "scripted")
    run = make_run(family(QUICK), Budget(steps=130))
    fit_network(view, run, objective, TrainingOptions())
    # 960 rows a look, 64 rows trained three-fold a step: a tenth of the cost allows a look every 50 steps
    assert [step for step, _ in run.curves["scripted"]] == [50, 100, 130]


class _Broken(Objective):
    def __init__(self) -> None:
        self.rows = np.arange(4)

    def steps(self, epoch: int) -> int:
        return 1

    def epoch(self, epoch: int, generator: np.random.Generator) -> Iterator[Step]:
        yield Step(np.arange(4), ())

    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:
        return network(x).sum() * float("nan")  # type: ignore[no-any-return]


def test_a_loss_that_is_not_finite_is_told(
    family: Callable[[str], BaseModel], make_view: MakeView, make_run: MakeRun
) -> None:
    with pytest.raises(FloatingPointError, match="diverged"):
        fit_network(make_view(), make_run(family(QUICK)), _Broken(), TrainingOptions())


def test_curves_end_at_the_last_step(
    family: Callable[[str], BaseModel], make_view: MakeView, make_run: MakeRun, options: Options
) -> None:
    run = make_run(family(QUICK), Budget(steps=25))
    Supervised(options()).fit(make_view(validation=30), run)
    assert run.curves["loss"][-1][0] == run.curves["validation-ma"][-1][0] == 25
    assert run.curves["loss"][-1][1] < run.curves["loss"][0][1]


@pytest.mark.parametrize("fill", ["linear", "gaussian"])
def test_rows_read_as_needed_equal_rows_held_on_the_device(make_inputs: Callable[..., Inputs], fill: Any) -> None:
    rng = np.random.default_rng(0)
    inputs = make_inputs(rng.normal(size=(30, 6, 2)).astype(np.float32), rng.random((30, 6)) > 0.4)
    preparation = Preparation.of(inputs, fill, "band")
    rows = rng.permutation(30)[:17]
    held, read = (Source(inputs, rows, preparation, CPU, limit) for limit in (2**30, 0))
    positions = np.array([3, 0, 16, 3])
    _close(held.batch(positions), read.batch(positions))
    _close(torch.cat(list(held.batches(5))), torch.cat(list(read.batches(4))))
    _close(held.batch(positions)[1], preparation.tensor(inputs, rows[:1], CPU)[0])


def test_standardising_looks_at_observed_values_only(make_inputs: Callable[..., Inputs]) -> None:
    values = np.zeros((2, 3, 2), np.float32)
    values[0, :, 0], values[1, :, 0] = [1000, 2000, 77], [3000, 4000, -9999]
    values[:, :, 1] = 5
    valid = np.array([[True, True, False], [True, True, False]])
    preparation = Preparation.of(make_inputs(values, valid), "linear", "band")
    assert_allclose(preparation.mean, [2500, 5])
    assert_allclose(preparation.deviation, [np.std([1000, 2000, 3000, 4000]), 1])


def test_a_channel_without_any_observation_is_left_alone(make_inputs: Callable[..., Inputs]) -> None:
    values = np.full((2, 3, 1), np.nan, np.float32)
    inputs = make_inputs(values)
    preparation = Preparation.of(inputs, "linear", "band")
    assert_array_equal(preparation.tensor(inputs, slice(None), CPU), np.zeros((2, 1, 3)))


def test_the_rate_rises_and_falls_as_the_schedule_says() -> None:
    assert rate("cosine", 0.1, 0.05) == pytest.approx(0.5)
    assert rate("cosine", 0.0, 0.5) == pytest.approx(0.5)
    assert rate("linear", 0.0, 0.25) == pytest.approx(0.75)
    assert rate("constant", 0.0, 0.99) == 1.0
    for schedule in ("cosine", "linear", "constant"):
        assert rate(schedule, 0.1, 0.1) == pytest.approx(1.0)
        assert 0 < rate(schedule, 0.0, 1.0) <= 1
        assert 0 < rate(schedule, 0.1, 0.0) <= 1


def test_a_predictor_counts_parameters_and_steps(
    family: Callable[[str], BaseModel], make_view: MakeView, make_run: MakeRun, options: Options
) -> None:
    predictor = Supervised(options()).fit(make_view(), make_run(family(QUICK), Budget(steps=2)))
    assert isinstance(predictor, NetworkPredictor)
    # LayerNorm 2*4, LSTM two directions of 16*(4+4), LayerNorm 2*8, head 8*3+3
    assert predictor.parameters == 8 + 2 * 16 * 8 + 16 + 27
    assert predictor.steps == 2
