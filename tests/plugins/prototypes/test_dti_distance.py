"""Warps and distances: the fused form gives the numbers of the straightforward one."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eobench_prototypes import _distance
from eobench_prototypes._distance import Series, distances, reconstructions
from eobench_prototypes._warp import Warp, count_landmarks, spline_basis

BENCH = Path(__file__).parents[3] / "bench" / "dti" / "reference.py"
SIZES = [(36, 4, 10), (12, 1, 1), (2, 2, 1), (363, 9, 11)]


@pytest.fixture(params=["fused", "blocks"], autouse=True)
def form(request, monkeypatch):
    """Both forms give all these numbers: the compiled one of processors, and that of other devices."""
    if request.param == "blocks":
        monkeypatch.setattr(_distance, "_fused_serves", lambda values: False)


def straightforward(steps, landmarks):
    spec = importlib.util.spec_from_file_location("dti_reference", BENCH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Straightforward(steps, landmarks)


def drawn(steps, channels, landmarks, batch=5, count=3, seed=0):
    torch.manual_seed(seed)
    values, weight = torch.randn(batch, channels, steps), torch.rand(batch, 1, steps)
    learned = (
        torch.randn(count, channels, steps),
        (3 * torch.randn(batch, count, landmarks)).tanh(),
        torch.randn(batch, count, channels).tanh(),
    )
    return Series(values, values, weight), learned


def both(series, learned, outer, chosen=None):
    """Distances and gradients, ours in single and the straightforward ones in double precision."""
    steps, landmarks = series.filled.shape[2], learned[1].shape[2]
    ours = [t.clone().requires_grad_() for t in learned]
    found = distances(series, ours[0], Warp.of(steps, landmarks), ours[1], ours[2], chosen)
    (found * outer).sum().backward()
    theirs = [t.double().requires_grad_() for t in learned]
    expected = straightforward(steps, landmarks)(series.filled.double(), series.weight.double(), *theirs)
    if chosen is not None:
        expected = expected.gather(1, chosen[:, None])[:, 0]
    (expected * outer.double()).sum().backward()
    return [found, *(t.grad for t in ours)], [expected, *(t.grad for t in theirs)]


def assert_near(found, expected, tolerance=1e-4):
    for one, other in zip(found, expected, strict=True):
        assert (one - other).abs().max() <= tolerance * (1e-6 + other.abs().max())


@pytest.mark.parametrize(("steps", "channels", "landmarks"), SIZES)
def test_distances_and_gradients_equal_the_straightforward_form(steps, channels, landmarks):
    series, learned = drawn(steps, channels, landmarks)
    assert_near(*both(series, learned, torch.randn(5, 3)))


def test_chosen_distances_and_gradients_too():
    series, learned = drawn(36, 4, 10)
    assert_near(*both(series, learned, torch.randn(5), torch.tensor([2, 0, 2, 2, 0])))


def test_chunks_change_nothing(monkeypatch):
    series, learned = drawn(36, 4, 10, batch=7)
    outer = torch.randn(7, 3)
    whole, _ = both(series, learned, outer)
    monkeypatch.setitem(_distance.CHUNK_NUMBERS, "cpu", 2 * 36 * 4)
    parts, _ = both(series, learned, outer)
    assert_near(parts, whole, 1e-5)


def test_without_transformations_it_is_the_weighted_square_distance():
    series, (prototypes, _, _) = drawn(12, 3, 1)
    expected = (series.weight[:, None] * (series.filled[:, None] - prototypes).square()).sum((2, 3))
    torch.testing.assert_close(distances(series, prototypes, None, None, None), expected)


def test_weights_may_differ_by_band():
    series, learned = drawn(12, 3, 1)
    wide = Series(series.raw, series.filled, torch.rand(5, 3, 12))
    outer = torch.randn(5, 3)
    parts = [
        Series(series.raw[:, c : c + 1], series.filled[:, c : c + 1], wide.weight[:, c : c + 1]) for c in range(3)
    ]
    whole, each = [t.clone().requires_grad_() for t in learned], [t.clone().requires_grad_() for t in learned]
    found = distances(wide, whole[0], Warp.of(12, 1), whole[1], whole[2])
    added = sum(
        distances(part, each[0][:, c : c + 1], Warp.of(12, 1), each[1], each[2][:, :, c : c + 1])
        for c, part in enumerate(parts)
    )
    (found * outer).sum().backward()
    (added * outer).sum().backward()
    torch.testing.assert_close(found, added, rtol=1e-4, atol=1e-4)
    for one, other in zip(whole, each, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_no_number(threads):
    series, learned = drawn(36, 4, 10)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one, _ = both(series, learned, torch.ones(5, 3))
        torch.set_num_threads(threads)
        some, _ = both(series, learned, torch.ones(5, 3))
    finally:
        torch.set_num_threads(before)
    assert_near(some, one, 1e-6)


def test_a_loss_that_diverged_gives_no_number_and_no_crash():
    series, learned = drawn(12, 3, 1)
    found = distances(series, learned[0], Warp.of(12, 1), learned[1] * torch.nan, learned[2])
    assert found.isnan().all()


def test_no_moves_are_the_identity():
    series, (prototypes, moves, offsets) = drawn(36, 4, 10)
    still = distances(series, prototypes, Warp.of(36, 10), torch.zeros_like(moves), torch.zeros_like(offsets))
    torch.testing.assert_close(still, distances(series, prototypes, None, None, None), rtol=1e-5, atol=1e-4)


def test_the_chosen_reconstruction_is_what_the_distance_is_taken_to():
    series, (prototypes, moves, offsets) = drawn(36, 4, 10)
    chosen, warp = torch.tensor([0, 1, 2, 1, 0]), Warp.of(36, 10)
    rebuilt = reconstructions(prototypes, warp, moves, offsets, chosen)
    expected = (series.weight * (series.filled - rebuilt).square()).sum((1, 2))
    torch.testing.assert_close(distances(series, prototypes, warp, moves, offsets, chosen), expected)


@pytest.mark.parametrize("landmarks", [1, 3, 11])
def test_the_spline_passes_through_its_landmarks_and_its_ends_stay(landmarks):
    gap = 6
    basis = spline_basis((landmarks + 1) * gap + 1, landmarks)
    np.testing.assert_allclose(basis[gap:-1:gap], np.eye(landmarks), atol=1e-9)
    np.testing.assert_allclose(basis[[0, -1]], 0, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(steps=st.integers(2, 60), landmarks=st.integers(1, 8), signs=st.integers(0, 255))
def test_no_step_moves_beyond_the_reach(steps, landmarks, signs):
    warp = Warp.of(steps, landmarks)
    moves = torch.tensor([1.0 if signs >> i & 1 else -1.0 for i in range(landmarks)])
    assert (warp.basis @ moves).abs().max() <= warp.reach


def test_a_landmark_stands_for_a_month_and_moves_by_a_week():
    assert count_landmarks(363, 362, 30) == 11  # as published, for TimeSen2Crop
    assert count_landmarks(36, 350, 30) == 10  # the same season, every ten days
    assert count_landmarks(4, 20, 30) == 1
    assert count_landmarks(1, 0, 30) == 0
    largest = Warp.of(363, 11).basis[:, 5].max()
    assert 7 < largest < 8


def test_windows_and_their_adjoint_are_one_operator():
    warp = Warp.of(20, 2)
    prototypes, other = torch.randn(2, 3, 20).double(), torch.randn(2, 20, 3, 2 * warp.reach + 4).double()
    torch.testing.assert_close((warp.windows(prototypes) * other).sum(), (prototypes * warp.folded(other)).sum())
