"""`chip-llp`: a chip is compared with its own region's shares, and learns where they say something."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eobench.data import Partition
from eobench_proportions._chip_maps import COLOURS, chip_figure
from eobench_proportions._chips import chip_shares
from eobench_proportions.losses import CHIP_LOSSES


@pytest.fixture
def chips():
    """(2, 2, 1, 2) probabilities of two pixels a chip, the shares given, weights of one."""
    probabilities = torch.tensor([[[[0.9, 0.5]], [[0.1, 0.5]]], [[[0.2, 0.2]], [[0.8, 0.8]]]])
    return probabilities, torch.tensor([[1.0, 0.0], [0.2, 0.8]]), torch.ones(2)


def test_mse_sums_classes_and_averages_chips(chips):
    assert torch.isclose(CHIP_LOSSES["mse"](*chips), torch.tensor((0.3**2 + 0.3**2 + 0) / 2))


def test_rmse_is_the_root_of_each_chips_error(chips):
    assert torch.isclose(CHIP_LOSSES["rmse"](*chips), torch.tensor((0.18**0.5) / 2), atol=1e-5)


def test_kl_is_cross_entropy_less_the_entropy_of_what_is_given(chips):
    given = chips[1]
    entropy = -torch.xlogy(given, given).sum(dim=1).mean()
    assert torch.isclose(CHIP_LOSSES["kl"](*chips), CHIP_LOSSES["cross-entropy"](*chips) - entropy, atol=1e-6)
    assert torch.isclose(CHIP_LOSSES["kl"](*chips), torch.tensor(-np.log(0.7) / 2, dtype=torch.float32), atol=1e-6)


def test_lsrn_divides_by_the_variance_over_pixels(chips):
    first = 0.8 * 0.3**2 / 0.04 + 0.2 * 0.04
    assert torch.isclose(CHIP_LOSSES["lsrn"](*chips), torch.tensor((2 * first + 2 * 0.2 * 1e-3) / 2))


@pytest.mark.parametrize("name", sorted(CHIP_LOSSES))
def test_class_weights_weigh_classes(chips, name):
    probabilities, given, weights = chips
    assert CHIP_LOSSES[name](probabilities, given, 0 * weights) < 1e-6
    assert CHIP_LOSSES[name](probabilities, given, 4 * weights) > 1.9 * CHIP_LOSSES[name](
        probabilities, given, weights
    )


@pytest.mark.parametrize("name", sorted(CHIP_LOSSES))
def test_shares_of_zero_and_certain_maps_give_finite_losses_and_gradients(name):
    logits = torch.tensor([[[[60.0]], [[-60.0]]]], requires_grad=True)
    loss = CHIP_LOSSES[name](logits.softmax(dim=1), torch.tensor([[0.0, 1.0]]), torch.ones(2))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_every_chip_is_given_its_own_regions_shares():
    shares = np.array([[1, 0], [0.25, 0.75]], np.float32)
    rows, given = chip_shares(Partition(np.array([4, 0, 2]), np.array([0, 1, 3]), shares))
    assert rows.tolist() == [4, 0, 2]
    assert given.tolist() == [[1, 0], [0.25, 0.75], [0.25, 0.75]]


def test_the_picture_has_a_row_a_chip_and_truth_only_where_it_is_known():
    rng = np.random.default_rng(0)
    images, maps = rng.random((2, 3, 8, 8)).astype(np.float32), rng.integers(0, 2, (2, 4, 4))
    shares = [("region", np.full((2, 2), 0.5, np.float32))]
    without = chip_figure(images, maps, ("a", "b"), shares)
    beside = chip_figure(images, maps, ("a", "b"), shares, truth=np.zeros((2, 8, 8), np.int64))
    assert [len(figure.data) for figure in (without, beside)] == [6, 8]
    red = int(COLOURS[0][1:3], 16)
    assert beside.data[2].z[0][0][0] == red
    assert {value[0] for row in without.data[1].z for value in row} <= {red, int(COLOURS[1][1:3], 16)}


def test_a_grey_image_and_unknown_pixels_are_drawn():
    grey, unknown = np.zeros((1, 1, 4, 4), np.float32), np.full((1, 4, 4), -1)
    figure = chip_figure(grey, unknown, ("a",), [("given", np.ones((1, 1), np.float32))])
    assert np.asarray(figure.data[1].z).min() == 255
