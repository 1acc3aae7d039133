"""Filling with zeros, standardising by series, and the mask as a channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eobench.data import Inputs, ModalityArray, ModalityInfo, View
from eobench.plugin import BaseModel, Budget, RunContext
from eobench_base_models._supervised import Supervised
from eobench_base_models.training import NetworkPredictor, Preparation

CPU = torch.device("cpu")
MakeInputs = Callable[..., Inputs]


@pytest.fixture
def gappy(make_inputs: MakeInputs) -> Inputs:
    rng = np.random.default_rng(0)
    valid = rng.random((9, 14)) > 0.4
    valid[0] = False
    return make_inputs((5 + 3 * rng.normal(size=(9, 14, 2))).astype(np.float32), valid)


def _rows(inputs: Inputs, preparation: Preparation) -> np.ndarray:
    return preparation.tensor(inputs, slice(None), CPU).numpy()


def test_zeros_stand_in_gaps_after_scaling(gappy: Inputs) -> None:
    found = _rows(gappy, Preparation.of(gappy, "zero", "band"))
    linear = _rows(gappy, Preparation.of(gappy, "linear", "band"))
    valid = gappy.batch().valid[:, None].repeat(2, axis=1)
    assert not found[~valid].any()
    assert_array_equal(found[valid], linear[valid])
    assert abs(found[valid].mean()) < 1e-5


@pytest.mark.parametrize("fill", ["zero", "linear", "gaussian"])
def test_the_mask_tells_which_steps_were_observed(gappy: Inputs, fill: str) -> None:
    preparation = Preparation.of(gappy, fill, "band", "channel")  # type: ignore[arg-type]
    found = _rows(gappy, preparation)
    assert found.shape[1:] == preparation.shape(gappy.shape) == (3, 14)
    assert_array_equal(found[:, 2], gappy.batch().valid)
    assert_array_equal(found[:, :2], _rows(gappy, Preparation.of(gappy, fill, "band")))  # type: ignore[arg-type]


@pytest.mark.parametrize("fill", ["zero", "linear"])
def test_each_band_of_each_series_gets_mean_0_and_deviation_1_over_its_observed_steps(
    gappy: Inputs, fill: str
) -> None:
    found = _rows(gappy, Preparation.of(gappy, fill, "series"))  # type: ignore[arg-type]
    valid = gappy.batch().valid
    for series, seen in zip(found[1:], valid[1:], strict=True):
        assert_allclose(series[:, seen].mean(1), 0, atol=1e-5)
        assert_allclose(series[:, seen].std(1), 1, rtol=1e-4)
    assert not found[0].any()  # nothing was observed


@settings(deadline=None, max_examples=25)
@given(st.floats(0.1, 50), st.floats(-100, 100))
def test_standardised_series_do_not_know_their_gain_and_level(gain: float, level: float) -> None:
    values = np.random.default_rng(1).normal(size=(3, 12, 1)).astype(np.float32)
    info = ModalityInfo("s2", "series", (12, 1), ("b0",))
    plain, changed = (
        Inputs.of(ModalityArray(info, v.astype(np.float32), None, np.arange(12, dtype=np.int16)))
        for v in (values, gain * values + level)
    )
    one, other = (_rows(i, Preparation.of(i, "linear", "series")) for i in (plain, changed))
    assert_allclose(one, other, atol=2e-2)


def test_a_flat_series_becomes_zeros(make_inputs: MakeInputs) -> None:
    inputs = make_inputs(np.full((2, 6, 1), 7.0, np.float32))
    assert not _rows(inputs, Preparation.of(inputs, "linear", "series")).any()


@pytest.mark.parametrize(("kind", "sizes"), [("image", (6, 5, 2)), ("image-series", (4, 6, 5, 2))])
def test_images_take_the_same_options(kind: str, sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(3, 2, (7, *sizes)).astype(np.float32)
    steps = 1 if kind == "image" else sizes[0]
    valid = None if kind == "image" else rng.random((7, steps)) > 0.4
    info = ModalityInfo("s2", kind, sizes, ("a", "b"))  # type: ignore[arg-type]
    inputs = Inputs.of(ModalityArray(info, values, valid, np.arange(steps, dtype=np.int16)))
    preparation = Preparation.of(inputs, "zero", "series", "channel")
    found = _rows(inputs, preparation)
    assert found.shape[1:] == preparation.shape(inputs.shape)
    mask = found[:, :, 2] if kind == "image-series" else found[:, None, 2]
    assert_array_equal(mask.all(axis=(2, 3)), inputs.batch().valid)
    assert_array_equal(mask.any(axis=(2, 3)), inputs.batch().valid)
    assert np.isfinite(found).all()


def test_a_loaded_predictor_prepares_its_inputs_the_same_way(
    gappy: Inputs,
    family: Callable[[str], BaseModel],
    make_run: Callable[..., RunContext],
    options: Callable[..., Mapping[str, Any]],
    empty: Path,
) -> None:
    view = View("full", gappy, ("a", "b"), labels=np.arange(9, dtype=np.int16) % 2)
    given = options(fill="zero", scaling="series", mask="channel")
    model = family("mlp-ltae[width=8,d_model=16,heads=2,missing=masked]")
    fitted = Supervised(given).fit(view, make_run(model, Budget(steps=3)))
    fitted.save(empty)
    loaded = NetworkPredictor.load(empty)
    assert loaded.preparation.mask
    assert loaded.preparation.by_series
    assert_array_equal(loaded.predict(gappy).probabilities, fitted.predict(gappy).probabilities)
