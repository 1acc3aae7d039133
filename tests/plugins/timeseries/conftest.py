"""Small views of series, built by hand."""

from dataclasses import dataclass

import numpy as np
import pytest

from eobench.data import Inputs, ModalityArray, ModalityInfo, View
from eobench.plugin import RunContext


@dataclass(frozen=True)
class Made:
    """Builds inputs and views from arrays (n, T, C)."""

    @staticmethod
    def inputs(values, valid=None):
        values = np.asarray(values, np.float32)
        _, steps, bands = values.shape
        info = ModalityInfo("s2", "series", (steps, bands), tuple(f"b{i}" for i in range(bands)))
        days = np.arange(steps, dtype=np.int16) * 10
        return Inputs.of(ModalityArray(info, values, None if valid is None else np.asarray(valid), days))

    def view(self, values, labels=None, classes=3, valid=None):
        level = "none" if labels is None else "full"
        given = None if labels is None else np.asarray(labels, np.int16)
        return View(level, self.inputs(values, valid), tuple("abcdefgh"[:classes]), labels=given)

    @staticmethod
    def bumps(seed, count=90, steps=16, bands=1, shift=0):
        """Series of a bump, of two bumps and of a dip, each moved in time by up to `shift` steps."""
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 3, count)
        when = np.arange(steps) - steps / 2 - rng.uniform(-shift, shift, (count, 1))
        curves = [np.exp(-((when - centre) ** 2) / 3) for centre in (0, -3, 3)]
        curve = np.stack([curves[0], curves[1] + curves[2], -curves[0]])[labels, np.arange(count)]
        values = curve[..., None] * np.linspace(1, 2, bands) + 0.03 * rng.normal(size=(count, steps, bands))
        return values, labels


@pytest.fixture
def made():
    return Made()


@pytest.fixture
def run():
    return RunContext(seed=7)
