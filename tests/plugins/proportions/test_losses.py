from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from eobench_proportions.losses import log_mean_probabilities, proportion_cross_entropy


def _close(found: torch.Tensor, expected: torch.Tensor) -> None:
    """`torch.testing` would import sympy for seconds."""
    assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)


def _loss(shares: list[list[float]], index: list[int], proportions: list[list[float]]) -> float:
    logits = torch.tensor(shares, dtype=torch.float64).log()
    return float(
        proportion_cross_entropy(logits, torch.tensor(index), torch.tensor(proportions, dtype=torch.float64))
    )


def test_the_loss_of_a_bag_of_two_by_hand() -> None:
    found = _loss([[0.9, 0.1], [0.3, 0.7]], [0, 0], [[0.25, 0.75]])
    assert found == pytest.approx(-(0.25 * np.log(0.6) + 0.75 * np.log(0.4)))
    mean_of_logs = -(0.25 * np.log([0.9, 0.3]).mean() + 0.75 * np.log([0.1, 0.7]).mean())
    assert found != pytest.approx(mean_of_logs, abs=0.05)


def test_bags_of_different_sizes_count_the_same() -> None:
    found = _loss([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8]], [1, 1, 0], [[1.0, 0.0], [0.5, 0.5]])
    assert found == pytest.approx((-np.log(0.2) - 0.5 * np.log(0.6) - 0.5 * np.log(0.4)) / 2)


def test_a_class_that_a_bag_does_not_hold_adds_nothing() -> None:
    assert _loss([[1 - 1e-300, 1e-300]], [0], [[1.0, 0.0]]) == pytest.approx(0)


def test_extreme_logits_give_finite_losses_and_gradients() -> None:
    logits = torch.tensor([[1e4, -1e4], [1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    proportions = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    loss = proportion_cross_entropy(logits, torch.tensor([0, 0, 1]), proportions)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.isfinite()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert logits.grad.abs().sum() > 0  # where every probability underflows there is still a direction


bags = st.lists(st.integers(1, 6), min_size=1, max_size=5)


@settings(deadline=None, max_examples=30)
@given(bags, st.integers(1, 5), st.integers(0, 2**31))
def test_segments_equal_a_loop_over_bags(sizes: list[int], classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    index = torch.from_numpy(rng.permutation(np.repeat(np.arange(len(sizes)), sizes)))
    logits = torch.from_numpy(rng.normal(scale=5, size=(len(index), classes))).requires_grad_()
    proportions = torch.from_numpy(rng.dirichlet(np.ones(classes), len(sizes)))
    means = torch.stack([logits[index == i].softmax(1).mean(0) for i in range(len(sizes))])
    _close(log_mean_probabilities(logits, index, len(sizes)).exp(), means)
    by_loop = -(proportions * means.log()).sum(1).mean()
    by_segment = proportion_cross_entropy(logits, index, proportions)
    _close(by_segment, by_loop)
    (expected,) = torch.autograd.grad(by_loop, logits, retain_graph=True)
    (found,) = torch.autograd.grad(by_segment, logits)
    _close(found, expected)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**31))
def test_no_prediction_is_better_than_the_proportions_themselves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = torch.from_numpy(rng.dirichlet(np.ones(4), 1))
    index = torch.zeros(3, dtype=torch.int64)
    best = proportion_cross_entropy(truth.log().expand(3, 4), index, truth)
    other = proportion_cross_entropy(torch.from_numpy(rng.normal(size=(3, 4))), index, truth)
    assert best <= other + 1e-9
    assert float(best) == pytest.approx(float(-(truth * truth.log()).sum()))
