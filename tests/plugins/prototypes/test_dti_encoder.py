"""The encoder on processors gives the numbers of torch's layers, with fewer multiplications."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from eobench_prototypes import _tiles
from eobench_prototypes._encoder import Encoder
from eobench_prototypes._tiles import Layout, short_convolution


def drawn(channels, seed=0):
    torch.manual_seed(seed)
    encoder = Encoder(channels).train()
    with torch.no_grad():
        for layer in encoder.layers:
            if isinstance(layer, nn.BatchNorm1d):
                layer.weight.uniform_(0.5, 1.5)
                layer.bias.normal_()
                layer.running_mean.normal_(0, 0.1)
    return encoder, copy.deepcopy(encoder).double()


def assert_near(one, other, tolerance):
    assert (one - other).abs().max() <= tolerance * (1e-6 + other.abs().max())


@pytest.mark.parametrize("taps", [3, 5])
def test_a_tile_is_a_correlation(taps):
    end, filters, begin = (a.double().numpy() for a in short_convolution(taps))
    steps, weights = np.random.default_rng(0).normal(size=8), np.random.default_rng(1).normal(size=taps)
    expected = np.correlate(steps, weights, "valid")[:4]
    np.testing.assert_allclose(end @ ((filters @ weights) * (begin @ steps)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("batch", "channels", "steps"),
    [(5, 9, 363), (7, 3, 36), (3, 2, 5), (3, 2, 4), (3, 2, 3), (6, 2, 2), (4, 1, 1)],
)
def test_means_gradients_and_running_statistics_are_those_of_torchs_layers(batch, channels, steps):
    ours, theirs = drawn(channels)
    raw, outer = torch.randn(batch, channels, steps), torch.randn(batch, 128)
    found, expected = ours(raw), theirs(raw.double())  # the fast form serves single precision only
    assert_near(found, expected, 1e-4)
    (found * outer).sum().backward()
    (expected * outer.double()).sum().backward()
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        if one.grad is None:  # a bias before batch norm does nothing
            assert name.endswith("bias")
            assert other.grad.abs().max() < 1e-8
        else:
            assert_near(one.grad, other.grad, 1e-3)
    for one, other in zip(ours.buffers(), theirs.buffers(), strict=True):
        assert_near(one.double(), other.double(), 1e-4)


def test_prediction_uses_the_running_statistics():
    ours, theirs = drawn(4)
    raw = torch.randn(3, 4, 21)
    with torch.no_grad():
        assert_near(ours.eval()(raw), theirs.eval()(raw.double()), 1e-4)
        one_by_one = torch.cat([ours(row[None]) for row in raw])
    torch.testing.assert_close(one_by_one, ours(raw).detach(), rtol=1e-4, atol=1e-5)


def test_chunks_change_nothing(monkeypatch):
    ours, _ = drawn(4)
    raw = torch.randn(9, 4, 21)
    whole = ours(raw)
    monkeypatch.setattr(_tiles, "ROWS", 1)  # a series at a time
    torch.testing.assert_close(ours(raw), whole, rtol=1e-4, atol=1e-5)


def test_series_do_not_see_each_other():
    ours, _ = drawn(4)
    ours.eval()
    raw = torch.randn(3, 4, 22)
    other = raw.clone()
    other[1] += 10
    with torch.no_grad():
        torch.testing.assert_close(ours(raw)[[0, 2]], ours(other)[[0, 2]], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("steps", range(1, 10))
def test_every_step_has_its_place(steps):
    layout = Layout(2, steps)
    for shift in (0, 1, 2):
        kept = layout.clear(torch.ones(4, layout.tiles, 1), shift).sum()
        assert kept == 2 * steps
