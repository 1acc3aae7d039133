"""The curriculum of DTI-TS, empty clusters, and the state that is kept."""

import numpy as np
import pytest
import torch

from eobench.plugin import RunContext
from eobench_prototypes._curriculum import Curriculum, Pace, stages
from eobench_prototypes._distance import Series
from eobench_prototypes._dti_data import Source
from eobench_prototypes._dti_model import DeformablePrototypes, Shape
from eobench_prototypes._dti_training import NOISE, Criterion, Recipe, Trainer
from eobench_prototypes._features import fit_features

EVERYTHING = {"warp": True, "offset": True, "contrast": True}
PACE = Pace(least=10, every=5, patience=0, threshold=0.0, reload=False)


def recipe(**changed):
    usual = {
        "lr": 1e-3,
        "batch": 8,
        "tv": 0.01,
        "tv_form": "squared",
        "contrast": 0.01,
        "reassign": 1000,
        "steps": 6,
    }
    return Recipe(**(usual | changed))


@pytest.fixture
def trainer(made):
    def build(count=3, pace=PACE, criterion=None, targets=None, seed=0, **changed):
        torch.manual_seed(seed)
        inputs = made.inputs(np.random.default_rng(0).normal(size=(24, 6, 2)))
        source = Source(inputs, np.arange(24), fit_features(inputs, "band", "linear"), torch.device("cpu"))
        model = DeformablePrototypes(Shape(count, 2, 6, 1, 0.25, True), torch.randn(count, 2, 6))
        plan = Curriculum(stages(warp=True, offset=True, contrast=targets is not None, rule="paper"), pace)
        return Trainer(model, source, targets, plan, recipe(**changed), criterion, RunContext(seed=seed))

    return build


def test_pieces_are_added_in_the_papers_order():
    found = stages(rule="paper", **EVERYTHING)
    assert [(s.active.warp, s.active.offset, s.contrast) for s in found] == [
        (True, False, False),
        (True, True, False),
        (True, True, True),
    ]
    assert stages(rule="none", **EVERYTHING) == found[-1:]
    assert stages(warp=False, offset=False, contrast=False, rule="paper") == ()


def test_the_papers_and_the_codes_rule_wait_as_long_as_they_say():
    paper, code = (Pace.of(rule, None, large=True, supervised=True) for rule in ("paper", "code"))
    assert (paper.least, paper.patience, paper.reload) == (1_500, 0, False)
    assert (code.least, code.every, code.patience, code.threshold, code.reload) == (100_000, 5_000, 5, 1e-3, True)
    assert Pace.of("code", None, large=True, supervised=False).every == 500
    assert Pace.of("paper", None, large=False, supervised=True).least == 200


def test_a_stage_ends_when_the_criterion_no_longer_improves_and_not_before_its_time():
    plan = Curriculum(stages(rule="paper", **EVERYTHING), PACE)
    plan.look(1.0)
    plan.look(0.9)
    assert not plan.ready(taken=5, progress=0.01)
    assert plan.ready(taken=10, progress=0.01)
    plan.advance(10)
    assert not plan.ready(taken=25, progress=0.01)  # nothing was looked at since


def test_every_stage_gets_its_turn_in_a_small_budget():
    plan, seen = Curriculum(stages(rule="paper", **EVERYTHING), PACE), []
    for taken in range(30):
        plan.look(float(taken))  # always better: only the budget's share ends a stage
        if plan.ready(taken, taken / 30) and not plan.last:
            plan.advance(taken)
        seen.append(plan.number)
    assert [seen.count(n) for n in (0, 1, 2)] == [10, 10, 10]


def test_small_improvements_do_not_count_under_the_codes_rule():
    plan = Curriculum(stages(rule="code", **EVERYTHING), Pace(1, 1, 1, 1e-3, True))
    for score in (-1.0, -0.9999, -0.9998):
        plan.look(score)
    assert plan.ready(taken=3, progress=0)


def test_an_empty_cluster_becomes_a_copy_with_its_heads_and_the_optimisers_state(trainer):
    found = trainer(steps=4)
    found.train()
    model, optimiser = found._model, found._optimiser
    with torch.no_grad():  # heads that differ, as after training with an offset
        model.offsetter.weight.normal_()
    before = {p: p.detach().clone() for p in model.parameters()}
    found._counts = torch.tensor([0, 30, 10])
    found._reassign(4)
    for parameter, rows in model.rows(0).items():
        source = model.rows(1)[parameter]
        gap = (parameter[rows] - parameter[source]).abs()
        assert 0 < gap.max() < 6 * NOISE
        torch.testing.assert_close(parameter[source], before[parameter][source], rtol=0, atol=0)
        number = next(i for i, p in enumerate(optimiser._parameters) if p is parameter)
        for state in (optimiser._means[number], optimiser._squares[number]):
            torch.testing.assert_close(state[rows], state[source], rtol=0, atol=0)
    others = model.rows(2)
    for parameter, rows in others.items():
        torch.testing.assert_close(parameter[rows], before[parameter][rows], rtol=0, atol=0)


def test_rows_of_all_prototypes_are_all_rows_of_the_heads():
    model = DeformablePrototypes(Shape(3, 2, 90, 2, 0.25, True), torch.zeros(3, 2, 90))
    for parameter in (model.prototypes, model.warper.weight, model.offsetter.bias):
        rows = torch.cat([model.rows(k)[parameter] for k in range(3)])
        assert rows.sort().values.tolist() == list(range(len(parameter)))


def test_a_prototypes_rows_of_the_heads_move_that_prototype_only():
    model = DeformablePrototypes(Shape(3, 2, 90, 2, 0.25, True), torch.zeros(3, 2, 90)).eval()
    with torch.no_grad():
        for parameter, rows in model.rows(1).items():
            parameter[rows] += 1
        moves, offsets = model.transformations(torch.randn(4, 2, 90))
    for given in (moves, offsets):
        assert (given[:, [0, 2]] == 0).all()
        assert (given[:, 1] != 0).all()


def test_empty_clusters_are_looked_for_without_labels_only(trainer):
    found = trainer(reassign=2)
    found.train()
    assert len(found._run.curves["clusters reassigned"]) == 3
    named = trainer(reassign=2, targets=torch.zeros(24, dtype=torch.int64))
    named.train()
    assert "clusters reassigned" not in named._run.curves


def test_the_last_stages_best_state_is_kept(trainer):
    scores, states = iter([9.0, 9.0, 5.0, 7.0, 6.0, 1.0]), []

    def score(model, active):
        states.append((active, model.prototypes.detach().clone()))
        return next(scores)

    found = trainer(criterion=Criterion("score", score), pace=Pace(3, 1, 99, 0.0, False))
    assert found.train() == 6
    assert [active.offset for active, _ in states] == [False] * 3 + [True] * 3
    torch.testing.assert_close(found._model.prototypes.detach(), states[3][1], rtol=0, atol=0)


def test_the_codes_rule_goes_on_from_the_best_state(trainer):
    scores, states = iter([1.0, 3.0, 2.0, 0.0, 0.0, 0.0]), []

    def score(model, active):
        states.append(model.prototypes.detach().clone())
        return next(scores)

    found = trainer(criterion=Criterion("score", score), pace=Pace(3, 1, 99, 0.0, True), lr=1e-2)
    found.train()
    step = (states[3] - states[1]).abs().max()  # one step from the best, two from the last
    assert 0 < step < 0.015


def test_learning_stops_when_the_last_stage_no_longer_improves(trainer):
    found = trainer(criterion=Criterion("score", lambda *_: 0.0), pace=Pace(2, 1, 0, 0.0, False), steps=100)
    assert found.train() < 10


def test_a_diverging_loss_is_an_error(trainer):
    found = trainer()
    with torch.no_grad():
        found._model.prototypes.fill_(float("inf"))
    with pytest.raises(FloatingPointError, match="a smaller lr may help"):
        found.train()


def test_series_are_prepared_alike_held_and_read(made, monkeypatch):
    from eobench_prototypes import _dti_data

    rng = np.random.default_rng(0)
    inputs = made.inputs(rng.normal(size=(9, 5, 2)), valid=rng.random((9, 5)) > 0.3)
    features = fit_features(inputs, "band", "gaussian")
    rows, device = np.array([1, 3, 4, 8]), torch.device("cpu")
    held = Source(inputs, rows, features, device)
    monkeypatch.setattr(_dti_data, "HELD_BYTES", 0)
    read = Source(inputs, rows, features, device)
    picked = np.array([2, 0])
    for one, other in zip(_fields(held.batch(picked)), _fields(read.batch(picked)), strict=True):
        torch.testing.assert_close(one, other)


def _fields(series: Series):
    return series.raw, series.filled, series.weight
