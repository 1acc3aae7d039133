"""DTAN: warps are the closed form of their flow, and learning aligns."""

import math

import pytest
import torch

from eobench.plugin import Budget, RunContext
from eobench_timeseries import _dtan as dtan
from eobench_timeseries import eobench_methods
from eobench_timeseries._cpab import cpab_basis, cpab_flow, smoothness_precision

CARD = next(card for card in eobench_methods() if card.name == "dtan-kmeans")


def clustering(**params):
    return CARD.load_object()(CARD.resolve({"clusters": 4, "tessellation": 8, **params}))


def run(steps=20, seed=7):
    return RunContext(seed=seed, budget=Budget(steps=steps))


def velocities(seed, count, cells, scale, dtype=torch.float32):
    drawn = scale * torch.randn(count, cells - 1, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return torch.nn.functional.pad(drawn, (1, 1))


def by_small_steps(points, velocity, steps=4000):
    """Runge-Kutta of the same velocity, in double precision."""
    count, cells = len(velocity), velocity.shape[1] - 1

    def field(x):
        cell = (x * cells).long().clamp(0, cells - 1)
        low, high = velocity.gather(1, cell), velocity.gather(1, cell + 1)
        return low + (high - low) * (x * cells - cell)

    x = points.expand(count, -1).clone()
    for _ in range(steps):
        x = x + field((x + field(x) / (2 * steps)).clamp(0, 1)) / steps
    return x


@pytest.mark.parametrize("scale", [1e-6, 0.05, 1.0])
@pytest.mark.parametrize("cells", [2, 5, 32])
def test_the_flow_is_that_of_small_steps(scale, cells):
    velocity = velocities(0, 6, cells, scale, torch.float64)
    points = torch.linspace(0, 1, 23, dtype=torch.float64)
    torch.testing.assert_close(cpab_flow(points, velocity), by_small_steps(points, velocity), rtol=1e-4, atol=1e-5)


def test_no_velocity_is_no_warp():
    points = torch.linspace(0, 1, 9)
    torch.testing.assert_close(cpab_flow(points, torch.zeros(2, 6)), points.expand(2, -1))


def test_the_flow_keeps_order_and_ends():
    moved = cpab_flow(torch.linspace(0, 1, 40), velocities(1, 20, 8, 1.0))
    assert (moved.diff(dim=1) >= -1e-6).all()
    torch.testing.assert_close(moved[:, [0, -1]], torch.tensor([[0.0, 1.0]]).expand(20, -1))


def test_the_way_back_undoes_the_flow():
    points, velocity = torch.linspace(0, 1, 30, dtype=torch.float64), velocities(2, 5, 8, 0.4, torch.float64)
    back = cpab_flow(cpab_flow(points, velocity), -velocity)
    torch.testing.assert_close(back, points.expand(5, -1), rtol=1e-6, atol=1e-7)


def test_gradients_are_those_of_finite_differences():
    points = torch.linspace(0.03, 0.96, 7, dtype=torch.float64)
    inner = velocities(3, 2, 5, 0.3, torch.float64)[:, 1:-1].clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda v: cpab_flow(points, torch.nn.functional.pad(v, (1, 1))), (inner,), eps=1e-7, atol=1e-4
    )


def test_gradients_are_finite_without_a_warp():
    inner = torch.zeros(2, 7, requires_grad=True)
    x = torch.randn(2, 3, 11, generator=torch.Generator().manual_seed(0))
    dtan.warp(x, torch.nn.functional.pad(inner, (1, 1))).square().sum().backward()
    assert inner.grad.isfinite().all()
    assert inner.grad.abs().max() > 0


def test_a_warp_reads_between_steps():
    x = torch.linspace(0, 1, 12).view(1, 1, -1)
    velocity = velocities(4, 1, 6, 0.3)
    torch.testing.assert_close(dtan.warp(x, velocity)[:, 0], cpab_flow(x[0, 0], velocity))
    assert torch.equal(dtan.warp(torch.ones(1, 2, 1), velocity), torch.ones(1, 2, 1))


def test_the_variance_is_over_series_not_bands():
    apart = torch.stack([torch.zeros(1, 4), torch.full((1, 4), 5.0)], dim=1)  # one series, two unlike bands
    alike = apart.repeat(3, 1, 1)
    still, precision = torch.zeros(3, 7), smoothness_precision(8, 1.0, 0.1)
    assert dtan.alignment_loss(alike, still, precision, 0.1) == 0
    alike[0] += 3
    assert dtan.alignment_loss(alike, still, precision, 0.1) == pytest.approx(2)


def test_the_prior_prefers_smooth_warps():
    precision, basis = smoothness_precision(8, 1.0, 0.1), cpab_basis(8)
    smooth, rough = torch.full((7,), 0.1), 0.1 * torch.tensor([1.0, -1, 1, -1, 1, -1, 1])
    costs = []
    for velocity in (smooth, rough):
        theta = torch.linalg.solve(basis[:, 1:-1].T, velocity)  # velocity = theta @ basis
        costs.append(float(theta @ precision @ theta))
    assert costs[1] > 10 * costs[0]


def test_the_basis_is_orthonormal_in_the_coefficients_of_the_cells():
    velocity = cpab_basis(6).double()
    slope = velocity.diff(dim=1) * 6
    coefficients = torch.stack([slope, velocity[:, :-1] - slope * torch.arange(6) / 6], dim=2).flatten(1)
    torch.testing.assert_close(coefficients @ coefficients.T, torch.eye(5, dtype=torch.float64), rtol=0, atol=1e-6)
    assert (velocity[:, [0, -1]] == 0).all()


def test_the_prior_of_two_cells_is_the_hand_case():
    # v rises to 1 at 1/2 and falls: (a, b) are (2, 0) and (-2, 2), of norm sqrt(12); D = 4
    unit = torch.tensor([2.0, 0, -2, 2], dtype=torch.float64) / 12**0.5
    place = torch.tensor([-1, -1 / 3, 1 / 3, 1], dtype=torch.float64)
    covariance = 0.4**2 * torch.exp(-2 * (place[:, None] - place).abs())
    assert float(smoothness_precision(2, 1.0, 0.1)) == pytest.approx(1 / float(unit @ covariance @ unit))


def test_the_flow_of_a_hand_case():
    # two cells, v(1/2) = 1: dx/dt = 2x takes 1/8 to 1/2 in log(4) / 2; then dx/dt = 2 - 2x goes on from there
    found = cpab_flow(torch.tensor([0.125]), torch.tensor([[0.0, 1.0, 0.0]]))
    rest = 1 - math.log(4) / 2
    assert float(found) == pytest.approx(1 - 0.5 * math.exp(-2 * rest), rel=1e-6)


def test_training_aligns(made):
    values = made.bumps(0, steps=30, shift=4, count=120)
    one_shape = values[0][values[1] == 0]
    context = run(80)
    fitted = clustering(prior_weight=0.01).fit(made.view(one_shape), context)
    aligned = fitted.predict(made.inputs(one_shape)).embeddings
    untrained = clustering().fit(made.view(one_shape), run(0)).predict(made.inputs(one_shape)).embeddings
    assert aligned.var(axis=0).mean() < 0.8 * untrained.var(axis=0).mean()
