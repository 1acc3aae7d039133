"""A second method, with no helper."""

import os
import time

import numpy as np

from eobench.plugin import Method, Predictions, Predictor


class Other(Method):
    """Predicts class 1."""

    def fit(self, view, run):  # noqa: ARG002
        """Note that it ran, where somebody counts."""
        if note := os.environ.get("OVERHEAD_NOTE"):
            with open(note, "a") as file:  # noqa: PTH123
                file.write(f"other {time.time()}\n")
        return One()


class One(Predictor):
    """Class 1 for every row."""

    def predict(self, inputs):
        """Return it."""
        return Predictions(classes=np.ones(len(inputs), int))

    def save(self, folder):
        """Keep nothing."""

    @classmethod
    def load(cls, folder):  # noqa: ARG003
        """Return another."""
        return cls()
