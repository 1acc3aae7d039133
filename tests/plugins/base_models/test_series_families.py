"""The series networks of Vincent et al.'s comparison: their published sizes and what sets each apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn
from torch.nn import functional

from eobench.plugin import BaseModel, ParameterError
from eobench_base_models._attention import LightweightAttention, head_positions
from eobench_base_models._mlstmfcn import SqueezeExcitation
from eobench_base_models._oscnn import Layer, OSConv, one_and_primes, plan_layers

Family = Callable[[str], BaseModel]
PASTIS = (10, 406)


def size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def close(found: torch.Tensor, expected: torch.Tensor, tolerance: float = 1e-5) -> None:
    assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("selector", "shape", "classes", "parameters"),
    [
        ("mlp-ltae", PASTIS, 19, 320_403),  # METHODS 9, exact
        ("mlstm-fcn", PASTIS, 19, 489_919),  # published: 490 thousand
        ("os-cnn", PASTIS, 19, 4_729_184 - 10 * (100 * 19 + 19)),  # published, without what its forward leaves out
        ("temp-cnn", (13, 45), 9, 3_197_961 - 3 * 128 - 2 * 512),  # three and one biases before batch norms
    ],
)
def test_networks_have_their_published_size(
    family: Family, selector: str, shape: tuple[int, int], classes: int, parameters: int
) -> None:
    assert size(family(selector).build(shape, classes)) == parameters


def test_inceptiontime_can_be_written_out_as_published(family: Family) -> None:
    network = family("inceptiontime[hidden=32,layers=6,kernel=40]").build((1, 46), 24)
    assert len(network.inceptions) == 6  # type: ignore[arg-type]
    assert network(torch.zeros(2, 1, 46)).shape == (2, 24)


# ---- os-cnn -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("longest", "lengths"),
    [(0, (1,)), (1, (1,)), (2, (1, 2)), (11, (1, 2, 3, 5, 7, 11)), (12, (1, 2, 3, 5, 7, 11))],
)
def test_lengths_are_one_and_the_primes(longest: int, lengths: tuple[int, ...]) -> None:
    assert one_and_primes(longest) == lengths


def test_every_receptive_field_is_a_sum_of_lengths() -> None:
    """The theorem behind OS-CNN: two primes (or one) and the last layer's 1 or 2 reach every field."""
    lengths = one_and_primes(89)
    reached = {a + b + last - 2 for a in lengths for b in lengths for last in (1, 2)}
    assert set(range(1, 90)) <= reached


def test_budgets_give_the_filters_of_each_length() -> None:
    one, two, last = plan_layers(1, 11, 1024, 229_376)
    assert (one.filters, one.width) == (1024 // 29, 6 * 35)
    assert (two.channels, two.filters) == (210, 229_376 // (210 * 29))
    assert (last.channels, last.filters, last.lengths) == (222, 210, (1, 2))


def test_a_budget_for_no_filter_gives_one_of_each_length() -> None:
    assert [layer.filters for layer in plan_layers(8, 89, 1, 1)][:2] == [1, 1]


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("lengths", [(1,), (1, 2), (1, 2, 3), (1, 2, 3, 5, 7, 11, 13)])
def test_one_masked_convolution_equals_one_for_each_length(lengths: tuple[int, ...], groups: int) -> None:
    torch.manual_seed(0)
    layer = Layer(2, 3, lengths)
    convolution = OSConv(layer, groups).eval()
    x = torch.randn(4, 2 * groups, 17)
    greatest = max(lengths)
    parts = []
    for group in range(groups):
        for i, length in enumerate(lengths):
            own = slice(group * layer.width + 3 * i, group * layer.width + 3 * (i + 1))
            start = (greatest - 1) // 2 - (length - 1) // 2
            weight = convolution.weight[own, :, start : start + length]
            padded = functional.pad(x[:, 2 * group : 2 * group + 2], ((length - 1) // 2, length // 2))
            parts.append(functional.conv1d(padded, weight, convolution.bias[own]))
    close(convolution(x), functional.relu(convolution.norm(torch.cat(parts, dim=1))))


def test_weights_beyond_a_filters_length_stay_zero() -> None:
    torch.manual_seed(0)
    convolution = OSConv(Layer(2, 3, (1, 2, 3, 5)))
    convolution(torch.randn(4, 2, 9)).square().sum().backward()
    gradient = convolution.weight.grad
    assert gradient is not None
    outside = (convolution.mask == 0).expand_as(gradient)
    assert outside.any()
    assert not gradient[outside].any()
    assert not convolution.weight[outside].any()
    assert gradient[~outside].all()


def test_bands_share_no_filter_before_they_are_joined(family: Family) -> None:
    torch.manual_seed(0)
    network = family("os-cnn[first_budget=32,second_budget=512]").build((3, 20), 4).eval()
    x = torch.randn(2, 3, 20)
    other = x.clone()
    other[:, 2] = torch.randn(2, 20)
    seen, changed = x, other
    for layer in network.bands:  # type: ignore[union-attr]
        seen, changed = layer(seen), layer(changed)
    own = seen.shape[1] // 3
    assert torch.equal(seen[:, : 2 * own], changed[:, : 2 * own])
    assert not torch.equal(seen[:, 2 * own :], changed[:, 2 * own :])


def test_the_channel_limit_bounds_what_bands_give(family: Family) -> None:
    network = family("os-cnn[channel_limit=40]").build((5, 20), 4)
    assert network.layers[0].weight.shape[1] <= 40  # type: ignore[index,union-attr]


# ---- mlstm-fcn --------------------------------------------------------------------------------------------------


def test_the_lstm_reads_one_band_a_step(family: Family) -> None:
    network = family("mlstm-fcn[width=4,hidden=6]").build((3, 20), 2)
    assert (network.lstm.input_size, network.lstm.hidden_size) == (20, 6)  # type: ignore[union-attr]


def test_squeeze_and_excitation_scales_whole_channels() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 32, 7).abs() + 0.1
    gate = SqueezeExcitation(32)(x) / x
    close(gate, gate[:, :, :1].expand_as(gate))
    assert bool(((gate > 0) & (gate < 1)).all())


# ---- mlp-ltae ---------------------------------------------------------------------------------------------------


def test_the_folded_query_gives_the_scores_of_projected_keys() -> None:
    torch.manual_seed(0)
    attention = LightweightAttention(12, 3, 5).eval()
    x = torch.randn(4, 7, 12)
    keys = attention.keys(x).view(4, 7, 3, 5)
    expected = (torch.einsum("nthk,hk->nth", keys, attention.query) / 5**0.5).softmax(dim=1)
    seen, weights = attention(x)
    close(weights, expected.transpose(1, 2))
    values = x.view(4, 7, 3, 4)
    close(seen, torch.einsum("nth,nthv->nhv", expected, values).flatten(1))


def test_missing_steps_get_no_attention() -> None:
    torch.manual_seed(0)
    attention = LightweightAttention(8, 2, 3).eval()
    x = torch.randn(3, 6, 8)
    missing = torch.zeros(3, 6, dtype=torch.bool)
    missing[0, [1, 4]] = True
    missing[2] = True
    seen, weights = attention(x, missing)
    assert not weights[0][:, missing[0]].any()
    close(weights[2], torch.full((2, 6), 1 / 6))
    kept, _ = attention(x[:1, [0, 2, 3, 5]])
    close(seen[:1], kept)


def test_masked_steps_matter_to_mlp_ltae_only_where_they_are_attended(family: Family) -> None:
    x = torch.randn(2, 4, 12)
    x[:, :, 5:8] = 0
    outputs = []
    for missing in ("attended", "masked"):
        torch.manual_seed(0)
        outputs.append(
            family(f"mlp-ltae[width=8,d_model=16,heads=2,missing={missing}]").build((4, 12), 3).eval()(x)
        )
    assert not torch.allclose(*outputs, atol=1e-4)


def test_positions_are_the_same_for_every_head() -> None:
    positions = head_positions(30, 24, 3)
    close(positions[:, :8], positions[:, 8:16])
    close(positions[:, 0], torch.arange(1.0, 31).sin())
    close(positions[:, 3], (torch.arange(1.0, 31) / 1000 ** (2 / 8)).cos())
    assert len(np.unique(positions.numpy(), axis=0)) == 30


@pytest.mark.parametrize("selector", ["mlp-ltae[d_model=20,heads=16]", "utae[heads=5]", "utae[width=6,heads=2]"])
def test_heads_that_do_not_divide_are_refused(family: Family, selector: str) -> None:
    shape = (4, 3, 16, 16) if selector.startswith("utae") else (3, 8)
    with pytest.raises(ParameterError, match="heads="):
        family(selector).build(shape, 2)
