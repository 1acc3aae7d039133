"""Small views, built by hand."""

from dataclasses import dataclass

import numpy as np
import pytest

from eobench.data import Inputs, ModalityArray, ModalityInfo, View
from eobench.plugin import RunContext


@dataclass(frozen=True)
class Made:
    """Builds inputs and views from arrays (n, T, C)."""

    @staticmethod
    def inputs(values, valid=None, days=None):
        values = np.asarray(values, np.float32)
        _, steps, bands = values.shape
        when = np.arange(steps, dtype=np.int16) * 10 if days is None else np.asarray(days, np.int16)
        info = ModalityInfo("s2", "series", (steps, bands), tuple(f"b{i}" for i in range(bands)))
        return Inputs.of(ModalityArray(info, values, None if valid is None else np.asarray(valid), when))

    def view(self, values, labels=None, classes=3, **kwargs):
        level = "none" if labels is None else "full"
        given = None if labels is None else np.asarray(labels, np.int16)
        return View(level, self.inputs(values, **kwargs), tuple("abcdefgh"[:classes]), labels=given)


@pytest.fixture
def made():
    return Made()


@pytest.fixture
def run():
    return RunContext(seed=7)
