from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from torch.nn import functional

from eobench.plugin import BaseModel, ParameterError
from eobench_base_models._adam import Adam
from eobench_base_models._inceptiontime import SameConv1d, odd
from eobench_base_models._transformer import TransformerNetwork, sinusoidal_positions

Family = Callable[[str], BaseModel]


def _close(found: torch.Tensor, expected: torch.Tensor) -> None:
    """`torch.testing` would import sympy for seconds."""
    assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_one_step_changes_every_weight(any_family: BaseModel) -> None:
    torch.manual_seed(0)
    network = any_family.build((5, 20), 4)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    x, y = torch.randn(16, 5, 20), torch.randint(0, 4, (16,))
    functional.cross_entropy(network(x), y).backward()
    optimiser = Adam(network.parameters(), lr=0.1)
    optimiser.step()
    same = [name for name, p in network.named_parameters() if torch.equal(p, before[name])]
    assert same == []


@pytest.mark.parametrize("shape", [(7, 1), (1, 46), (10, 36), (2, 400), (3, 2)])
def test_series_of_any_shape_give_logits(any_family: BaseModel, shape: tuple[int, int]) -> None:
    network = any_family.build(shape, 6)
    x = torch.randn(3, *shape)
    assert network(x).shape == (3, 6)
    features = network.features(x)  # type: ignore[operator]
    assert features.ndim == 2
    assert len(features) == 3


def test_logits_are_the_head_of_the_features(any_family: BaseModel) -> None:
    network = any_family.build((4, 9), 5).eval()
    x = torch.randn(3, 4, 9)
    features = network.features(x)  # type: ignore[operator]
    _close(network(x), network.head(features))  # type: ignore[operator]
    assert not torch.allclose(network(x).exp().sum(1), torch.ones(3))  # no log-softmax


def test_a_series_and_its_shuffled_self_differ(any_family: BaseModel) -> None:
    torch.manual_seed(1)
    network = any_family.build((3, 12), 4).eval()
    x = torch.randn(2, 3, 12)
    shuffled = x[:, :, torch.randperm(12)]
    assert not torch.allclose(network(x), network(shuffled), atol=1e-4)


def test_bilstm_has_no_biases_and_reads_final_cell_states(family: Family) -> None:
    network = family("bilstm[hidden=6,layers=2]").build((3, 8), 4).eval()
    assert all("bias" not in name for name, _ in network.lstm.named_parameters())  # type: ignore[union-attr]
    x = torch.randn(5, 3, 8)
    _, (_, cells) = network.lstm(network.input_norm(x.permute(2, 0, 1)))  # type: ignore[operator]
    by_hand = torch.cat([cells[i] for i in range(4)], dim=1)  # two layers, two directions
    expected = functional.layer_norm(by_hand, (24,))
    _close(network.features(x), expected)  # type: ignore[operator]


def test_bilstm_tells_one_band_series_apart(family: Family) -> None:
    network = family("bilstm[hidden=6,layers=1]").build((1, 8), 4).eval()
    assert not torch.allclose(network(torch.zeros(1, 1, 8)), network(torch.ones(1, 1, 8)))


def test_inceptiontime_is_the_original_network(family: Family) -> None:
    network = family("inceptiontime[hidden=32,layers=6,kernel=40]").build((10, 100), 5)
    lengths = 41 + 21 + 11

    def module(channels: int) -> int:
        return channels * 32 + 32 * 32 * lengths + channels * 32 + 2 * 128

    shortcuts = (10 * 128 + 2 * 128) + (128 * 128 + 2 * 128)
    expected = module(10) + 5 * module(128) + shortcuts + (128 * 5 + 5)
    assert sum(p.numel() for p in network.parameters()) == expected


def test_every_convolution_of_inceptiontime_is_registered(family: Family) -> None:
    network = family("inceptiontime[hidden=4,layers=6,kernel=8]").build((3, 10), 2)
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv1d)]
    assert len(convolutions) == 6 * 5 + 2  # bottleneck, three lengths and the pooled one; two shortcuts


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 30), st.integers(1, 60))
def test_taps_that_only_meet_zeros_change_nothing(steps: int, kernel: int) -> None:
    torch.manual_seed(0)
    convolution = SameConv1d(2, 3, odd(kernel)).double()
    x = torch.randn(2, 2, steps, dtype=torch.float64)
    full = functional.conv1d(x, convolution.weight, padding=odd(kernel) // 2)
    _close(convolution(x), full)
    assert full.shape[-1] == steps


@pytest.mark.parametrize(("kernel", "length"), [(40, 41), (41, 41), (0, 1), (1, 1), (2, 3)])
def test_kernels_are_made_odd(kernel: int, length: int) -> None:
    assert odd(kernel) == length


def test_transformer_heads_must_divide_its_width(family: Family) -> None:
    with pytest.raises(ParameterError, match="d_model=10 cannot be split over heads=4"):
        family("transformer[d_model=10,heads=4]").build((3, 8), 2)


def test_transformer_layers_start_from_weights_of_their_own(family: Family) -> None:
    network = family("transformer[layers=2]").build((3, 8), 2)
    assert isinstance(network, TransformerNetwork)
    first, second = network.layers
    assert not torch.equal(first.linear1.weight, second.linear1.weight)


def test_transformer_takes_longer_series_than_it_was_built_for(family: Family) -> None:
    network = family("transformer[d_model=8,heads=2,layers=1]").build((3, 8), 2)
    assert network(torch.randn(2, 3, 50)).shape == (2, 2)


@pytest.mark.parametrize("width", [8, 7, 1])
def test_positions_are_sines_and_cosines_of_the_step(width: int) -> None:
    positions = sinusoidal_positions(50, width)
    assert positions.shape == (50, width)
    _close(positions[:, 0], torch.arange(50.0).sin())
    assert len(torch.unique(positions, dim=0)) == 50
