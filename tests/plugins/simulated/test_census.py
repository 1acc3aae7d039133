"""The census is wrong by exactly the amount asked for, whatever the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eobench_simulated._census import perturb, true_proportions

SHAPES = st.tuples(st.integers(2, 6), st.integers(2, 8))


@settings(max_examples=60, deadline=None)
@given(areas=SHAPES.flatmap(lambda s: arrays(float, s, elements=st.floats(0.01, 100))), error=st.floats(0, 0.5))
def test_the_l1_error_is_the_one_asked_for(areas: np.ndarray, error: float) -> None:
    truth = areas / areas.sum(axis=1, keepdims=True)
    census = perturb(truth, error, np.random.default_rng(0))
    np.testing.assert_allclose(np.abs(census - truth).sum(axis=1), error, atol=1e-8)
    np.testing.assert_allclose(census.sum(axis=1), 1)
    assert (census >= 0).all()


def test_a_region_of_one_class_can_be_wrong_too() -> None:
    truth = np.array([[1.0, 0.0, 0.0], [0.2, 0.4, 0.4]])
    for seed in range(20):
        census = perturb(truth, 0.3, np.random.default_rng(seed))
        np.testing.assert_allclose(np.abs(census - truth).sum(axis=1), 0.3, atol=1e-8)


def test_no_error_is_the_truth() -> None:
    truth = np.array([[0.5, 0.5], [0.1, 0.9]])
    np.testing.assert_array_equal(perturb(truth, 0.0, np.random.default_rng(0)), truth)


def test_errors_go_both_ways_for_every_class() -> None:
    truth = np.full((200, 4), 0.25)
    surplus = perturb(truth, 0.2, np.random.default_rng(0)) - truth
    assert ((surplus > 0).mean(axis=0) > 0.3).all()
    assert ((surplus < 0).mean(axis=0) > 0.3).all()


def test_proportions_weigh_fields_by_their_pixels() -> None:
    region, label, pixels = np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([3, 1, 5])
    assert true_proportions(region, label, pixels, 2, 2) == pytest.approx(np.array([[0.75, 0.25], [0, 1]]))
