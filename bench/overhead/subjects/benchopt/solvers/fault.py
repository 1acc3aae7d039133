"""A solver that does what solvers must not do."""

import numpy as np
from benchmark_utils.deeds import do
from benchopt import BaseSolver


class Solver(BaseSolver):
    """Does one deed while it runs."""

    name = "fault"
    sampling_strategy = "run_once"
    parameters = {"behaviour": ["raises"]}  # noqa: RUF012

    def set_objective(self, inputs):
        """Keep the inputs."""
        self.inputs = inputs

    def run(self, _):
        """Do it."""
        do(self.behaviour)

    def get_result(self):
        """Return classes and probabilities, too few or NaN where asked."""
        n = len(self.inputs) - (self.behaviour == "short")
        value = np.nan if self.behaviour == "nan" else 1 / 3
        return {"classes": np.zeros(n, int), "probabilities": np.full((n, 3), value)}
