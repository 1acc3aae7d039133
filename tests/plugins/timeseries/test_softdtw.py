"""Soft-DTW: the textbook's values, the gradient of finite differences, the same on every device."""

import numpy as np
import pytest
import torch

from eobench_timeseries import _softdtw as soft
from eobench_timeseries._dtw import distances_by_diagonals


def plain(a, b, gamma):
    """The textbook recurrence over (C, T) series, in double precision."""
    steps = a.shape[1]
    total = np.full((steps + 1, steps + 1), np.inf)
    total[0, 0] = 0
    for i in range(steps):
        for j in range(steps):
            three = np.array([total[i, j], total[i, j + 1], total[i + 1, j]])
            least = three.min() - gamma * np.log(np.exp((three.min() - three) / gamma).sum())
            total[i + 1, j + 1] = ((a[:, i] - b[:, j]) ** 2).sum() + least
    return total[steps, steps]


def series(seed, count, bands, steps):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, bands, steps)).astype(np.float32))


@pytest.mark.parametrize("gamma", [0.01, 1.0, 10.0])
@pytest.mark.parametrize(("bands", "steps"), [(1, 9), (3, 6), (2, 1)])
def test_values_are_the_textbooks(gamma, bands, steps):
    x, y = series(0, 70, bands, steps), series(1, 5, bands, steps)
    wanted = np.array([[plain(a, b, gamma) for b in y.double().numpy()] for a in x.double().numpy()])
    close = {"rtol": 2e-5, "atol": 2e-5 * gamma * steps}
    np.testing.assert_allclose(soft.soft_dtw_matrix(x, y, gamma), wanted, **close)
    np.testing.assert_allclose(soft._matrix_by_diagonals(x, y, gamma), wanted, **close)
    np.testing.assert_allclose(soft.soft_dtw(x[:5], y, gamma), wanted.diagonal(), **close)


def test_it_becomes_dtw():
    x, y = series(0, 4, 2, 8), series(1, 3, 2, 8)
    torch.testing.assert_close(
        soft.soft_dtw_matrix(x, y, 1e-4), distances_by_diagonals(x, y, 8), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("gamma", [0.1, 1.0])
def test_the_gradient_is_that_of_finite_differences(gamma):
    a, b = (series(seed, 1, 2, 5).double().numpy()[0] for seed in (2, 3))
    x, y = (torch.from_numpy(v[None]).float().requires_grad_() for v in (a, b))
    soft.soft_dtw(x, y, gamma).sum().backward()
    for which, tensor in enumerate((x, y)):
        wanted = np.zeros_like(a)
        for place in np.ndindex(*a.shape):
            moved = [[a.copy(), b.copy()] for _ in range(2)]
            moved[0][which][place] += 1e-5
            moved[1][which][place] -= 1e-5
            wanted[place] = (plain(*moved[0], gamma) - plain(*moved[1], gamma)) / 2e-5
        np.testing.assert_allclose(tensor.grad[0], wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("gamma", [0.1, 1.0, 10.0])
def test_long_series_keep_value_and_gradient_to_five_digits(gamma):
    x, y = series(2, 3, 4, 60).requires_grad_(), series(3, 3, 4, 60)
    found = soft.soft_dtw(x, y, gamma)
    found.sum().backward()
    exact = x.detach().double().requires_grad_()
    for diagonal in soft._diagonals(exact, y.double(), gamma):
        wanted = diagonal[:, -1]
    wanted.sum().backward()  # torch's own way back, in double precision
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=0)
    assert (x.grad - exact.grad).abs().max() < 1e-5 * exact.grad.abs().max()


@pytest.mark.parametrize("gamma", [0.05, 2.0])
def test_processor_and_other_devices_give_the_same_alignment(gamma):
    x, y = series(4, 67, 2, 6), series(5, 67, 2, 6)
    one, other = soft._aligned(x, y, gamma, 2), soft._aligned_by_diagonals(x, y, gamma)
    torch.testing.assert_close(one[0], other[0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(one[1], other[1], rtol=1e-5, atol=1e-5)


def test_the_first_and_the_last_steps_are_always_aligned():
    _, alignment = soft._aligned(series(6, 3, 1, 7), series(7, 3, 1, 7), 1.0, 1)
    np.testing.assert_allclose(alignment[:, 0, 0], 1, rtol=1e-4)
    np.testing.assert_allclose(alignment[:, -1, -1], 1)


def test_threads_and_company_change_no_number():
    x, y = series(8, 200, 2, 6), series(9, 4, 2, 6)
    whole = soft.soft_dtw_matrix(x, y, 1.0, threads=3)
    assert torch.equal(whole[130:131], soft.soft_dtw_matrix(x[130:131], y, 1.0))
