"""Operations are counted as by hand, also where a fused call hides them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from eobench_base_models._flops import count_flops


def test_a_linear_layer_and_a_convolution_are_counted_by_hand():
    assert count_flops(nn.Linear(7, 3), (7,)) == 2 * 7 * 3
    assert count_flops(nn.Conv2d(3, 8, 4, stride=4), (3, 16, 16)) == 2 * 3 * 16 * 8 * 16


@pytest.mark.parametrize(("kind", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)])
def test_recurrent_layers_are_counted_by_their_formula(kind, gates):
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = kind(5, 6, num_layers=2, bidirectional=True, batch_first=True)

        def forward(self, x):
            return self.inner(x)[0][:, -1]

    one = 2 * (5 + 6) * gates * 6 * 2 * 9
    two = 2 * (12 + 6) * gates * 6 * 2 * 9
    assert count_flops(Last(), (9, 5)) == one + two


def test_attention_is_not_hidden_by_the_fused_layer():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    linear = 2 * 10 * (8 * 24 + 8 * 8 + 8 * 16 * 2)
    attention = 2 * 2 * 10 * 10 * 8
    assert count_flops(layer, (10, 8)) == linear + attention


def test_the_network_is_left_as_it_was():
    network = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2)).train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    fast = torch.backends.mha.get_fastpath_enabled()
    count_flops(network, (3,))
    assert network.training
    assert torch.backends.mha.get_fastpath_enabled() == fast
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
