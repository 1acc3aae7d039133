"""A method that does what methods must not do; the doing itself is shared with benchopt's solver."""

import numpy as np

from eobench.plugin import Method, Predictions, Predictor
from overhead_noop._deeds import do


class Fault(Method):
    """Does one deed while it fits."""

    def fit(self, view, run):  # noqa: ARG002
        """Do it."""
        do(self.params["behaviour"])
        return Faulty(self.params["behaviour"])


class Faulty(Predictor):
    """Predicts wrongly where the deed is a wrong prediction."""

    def __init__(self, behaviour):
        self.behaviour = behaviour

    def predict(self, inputs):
        """Return classes and probabilities, too few or NaN where asked."""
        n = len(inputs) - (self.behaviour == "short")
        value = np.nan if self.behaviour == "nan" else 1 / 3
        return Predictions(classes=np.zeros(n, int), probabilities=np.full((n, 3), value, np.float32))

    def save(self, folder):
        """Keep nothing."""

    @classmethod
    def load(cls, folder):  # noqa: ARG003
        """Return one that behaves."""
        return cls("fine")
