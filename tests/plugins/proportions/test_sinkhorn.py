from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from eobench.data import EobenchError
from eobench_proportions.sinkhorn import codes, hardened, transport


def _scores(bags: int, n: int, k: int, seed: int = 0, spread: float = 1.0) -> torch.Tensor:
    values = np.random.default_rng(seed).uniform(-spread, spread, (bags, n, k))
    return torch.from_numpy(values)


def _classes(bags: int, k: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).dirichlet(np.ones(k), bags))


@pytest.mark.parametrize(("n", "k"), [(32, 3), (32, 16), (200, 7)])
@pytest.mark.parametrize("spread", [1.0, 8.0])  # 8 / 0.05 overflows numbers: the logarithms' turn
def test_many_iterations_equal_pot(n: int, k: int, spread: float) -> None:
    ot = pytest.importorskip("ot")
    scores, w = _scores(3, n, k, spread=spread), _classes(3, k)
    epsilon = 0.05 if spread == 1 else 0.5
    found = transport(scores, w, epsilon=epsilon, iterations=4000, tolerance=1e-11).numpy()
    for bag in range(3):
        expected = ot.sinkhorn(
            w[bag].numpy(), np.full(n, 1 / n), -scores[bag].numpy().T, epsilon, numItermax=4000, stopThr=1e-11
        )
        assert_allclose(found[bag].T, expected, atol=1e-8)


def test_scores_too_wide_for_numbers_equal_pots_logarithms() -> None:
    ot = pytest.importorskip("ot")
    scores, w = _scores(1, 20, 4, spread=60.0), _classes(1, 4)
    found = transport(scores.float(), w.float(), epsilon=0.5, iterations=50)
    expected = ot.sinkhorn(
        np.full(20, 1 / 20),
        w[0].numpy(),
        -scores[0].numpy(),
        0.5,
        "sinkhorn_log",
        numItermax=50,
        stopThr=0,
        warn=False,
    )
    assert found.isfinite().all()
    assert_allclose(found[0].sum(1).numpy(), 1 / 20, rtol=1e-4)
    assert np.abs(found[0].numpy() - expected).sum() < 0.2  # POT ends with the other step


def test_a_few_iterations_equal_swavs_form_as_lightly_has_it() -> None:
    lightly = pytest.importorskip("lightly.loss.swav_loss")
    scores = _scores(1, 64, 30)[0].float()
    found = codes(scores, torch.full((30,), 1 / 30), iterations=3)
    assert_allclose(found.numpy(), lightly.sinkhorn(scores.clone(), iterations=3).numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "epsilon", [0.5, 0.03, 0.001]
)  # numbers alone; numbers that leave their range; logarithms
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_each_iteration_equals_that_of_potentials(epsilon: float, dtype: torch.dtype) -> None:
    scores, w = _scores(3, 40, 5, spread=2.0).to(dtype), _classes(3, 5)
    w[:, 2] = 0
    w /= w.sum(dim=1, keepdim=True)
    mass = torch.cat([torch.full((3, 30), 1 / 30), torch.zeros(3, 10)], dim=1)
    log_kernel = scores.double().numpy() / epsilon
    with np.errstate(divide="ignore"):
        log_w, log_a = np.log(w.numpy())[:, None], np.log(mass.double().numpy())[..., None]
    g = np.where(np.isinf(log_a), -np.inf, 0.0)
    for iterations in range(1, 13):
        f = np.where(np.isinf(log_w), log_w, log_w - logsumexp(log_kernel + g, axis=1, keepdims=True))
        g = np.where(np.isinf(log_a), log_a, log_a - logsumexp(log_kernel + f, axis=2, keepdims=True))
        found = transport(scores, w, mass, epsilon=epsilon, iterations=iterations)
        atol = 1e-10 if dtype == torch.float64 else 1e-3  # float32 of scores / epsilon near 2,000
        assert_allclose(30 * found.numpy(), 30 * np.exp(log_kernel + f + g), atol=atol)


def test_the_steps_by_hand() -> None:
    q = np.exp(np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 0.2]]))
    w = np.array([0.7, 0.3])
    q *= w / q.sum(0)
    q *= (1 / 3) / q.sum(1, keepdims=True)
    scores = torch.tensor([[1.0, 0.0], [0.5, 0.5], [0.0, 0.2]], dtype=torch.float64)
    found = transport(scores, torch.from_numpy(w), epsilon=1.0, iterations=1)
    assert_allclose(found.numpy(), q)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 4), st.integers(1, 12), st.integers(1, 6), st.integers(0, 2**31))
def test_samples_are_met_exactly_and_classes_in_the_end(bags: int, n: int, k: int, seed: int) -> None:
    scores, w = _scores(bags, n, k, seed), _classes(bags, k, seed)
    soft = codes(scores, w, iterations=3)
    assert_allclose(soft.sum(2).numpy(), 1, rtol=1e-9)
    plan = transport(scores, w, epsilon=0.5, iterations=2000, tolerance=1e-9)
    assert_allclose(plan.sum(1).numpy(), w.numpy(), atol=1e-6)


@pytest.mark.parametrize("spread", [1.0, 100.0])
def test_bags_put_together_equal_bags_alone(spread: float) -> None:
    scores, w = _scores(40, 300, 9, spread=spread), _classes(40, 9)
    together = codes(scores, w)
    for bag in (0, 17, 39):
        assert_allclose(codes(scores[bag], w[bag]).numpy(), together[bag].numpy(), atol=1e-12)


@pytest.mark.parametrize("spread", [1.0, 100.0])
def test_rows_that_pad_a_bag_change_nothing(spread: float) -> None:
    scores, w = _scores(1, 6, 3, spread=spread), _classes(1, 3)
    padded = torch.cat([scores, torch.zeros(1, 4, 3)], dim=1)
    mass = torch.cat([torch.full((1, 6), 1 / 6), torch.zeros(1, 4)], dim=1)
    found = codes(padded, w, mass)
    assert_allclose(found[:, :6].numpy(), codes(scores, w).numpy(), atol=1e-6)
    assert_array_equal(found[:, 6:].numpy(), 0)
    assert_array_equal(hardened(found)[:, 6:].numpy(), 0)


@pytest.mark.parametrize("spread", [1.0, 100.0])
def test_a_class_of_no_mass_is_given_nothing(spread: float) -> None:
    found = codes(_scores(1, 8, 3, spread=spread), torch.tensor([[0.5, 0.0, 0.5]]))
    assert found.isfinite().all()
    assert_array_equal(found[0, :, 1].numpy(), 0)


@pytest.mark.parametrize("spread", [1.0, 100.0])
def test_a_bag_of_one_class_is_that_class(spread: float) -> None:
    found = codes(_scores(1, 8, 3, spread=spread), torch.tensor([[0.0, 1.0, 0.0]]))
    assert_allclose(found[0].numpy(), np.tile([0.0, 1.0, 0.0], (8, 1)))


def test_a_bag_of_one_sample_has_the_bags_proportions() -> None:
    w = _classes(1, 5)  # more classes than samples
    assert_allclose(codes(_scores(1, 1, 5), w)[0].numpy(), w.numpy(), atol=1e-9)


def test_half_precision_neither_overflows_nor_loses_the_plan() -> None:
    scores, w = _scores(2, 2048, 16), _classes(2, 16)
    half = codes(scores.half(), w.half(), iterations=5)
    assert half.dtype == torch.float32
    assert half.isfinite().all()
    assert_allclose(half.numpy(), codes(scores.half().double(), w, iterations=5).numpy(), atol=5e-3)


def test_no_bag_gives_no_plan() -> None:
    assert codes(torch.zeros(0, 4, 3), torch.zeros(0, 3)).shape == (0, 4, 3)


@pytest.mark.parametrize(
    ("w", "message"),
    [([0.5, 0.9, 0.1], "sum to one"), ([-0.1, 0.6, 0.5], "negative"), ([np.nan, 0.5, 0.5], "finite")],
)
def test_masses_that_are_no_proportions_are_an_error(w: list[float], message: str) -> None:
    with pytest.raises(EobenchError, match=message):
        transport(_scores(1, 4, 3), torch.tensor([w]))


def test_shapes_that_do_not_fit_and_no_iteration_are_errors() -> None:
    with pytest.raises(EobenchError, match="shape"):
        transport(_scores(1, 4, 3), torch.full((1, 2), 0.5))
    with pytest.raises(EobenchError, match="an iteration"):
        transport(_scores(1, 4, 3), _classes(1, 3), iterations=0)


def test_codes_are_targets_that_no_gradient_passes() -> None:
    found = codes(_scores(2, 4, 3).requires_grad_(), _classes(2, 3))
    assert not found.requires_grad
    assert found.is_contiguous()
