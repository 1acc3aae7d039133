"""The mean proportion: the reference of all learning from label proportions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from eobench.data import DataError, Inputs, View
from eobench.plugin import Method, Predictions, Predictor, RunContext
from eobench_proportions._bags import checked_bags

FORMAT = "eobench-mean-proportion/1"


class MeanProportion(Method):
    """Says of every sample what the bags hold on average: what proportions tell without looking at inputs.

    Bags count by their samples; partitions are averaged. Ties of the largest share go to the first class.
    """

    maps = False

    def fit(self, view: View, run: RunContext) -> ConstantShares:  # noqa: ARG002
        """Average the proportions of the view's bags.

        Raises:
            EobenchError: it has none, or they are none.
        """
        total = np.zeros(len(view.classes))
        for partition in checked_bags(view, "mean-proportion").partitions:
            total += np.diff(partition.offsets) @ partition.proportions.astype(np.float64)
        if not total.any():  # bags without a sample
            total[:] = 1
        return ConstantShares((total / total.sum()).astype(np.float32), self.maps)


class MeanProportionMaps(MeanProportion):
    """The same of every pixel of label maps."""

    maps = True


class ConstantShares(Predictor):
    """Predicts one vector for all samples.

    Args:
        shares: (K,) float32.
        maps: True gives maps of one pixel, which the scorer resizes.
    """

    def __init__(self, shares: np.ndarray[tuple[int, ...], np.dtype[np.float32]], maps: bool) -> None:
        self.shares, self.maps = shares, maps
        self.parameters = shares.size

    def predict(self, inputs: Inputs) -> Predictions:
        """Return classes (n,) and probabilities (n, K), or (n, 1, 1) and (n, K, 1, 1) for maps."""
        end = (1, 1) if self.maps else ()
        shares = np.broadcast_to(self.shares.reshape(-1, *end), (len(inputs), self.shares.size, *end)).copy()
        return Predictions(classes=np.full((len(inputs), *end), self.shares.argmax()), probabilities=shares)

    def save(self, folder: Path) -> None:
        """Write `shares.json`."""
        text = {"format": FORMAT, "shares": self.shares.tolist(), "maps": self.maps}
        (folder / "shares.json").write_text(json.dumps(text), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ConstantShares:
        """Return the predictor that `save` wrote.

        Raises:
            DataError: the folder holds something else.
        """
        try:
            text = json.loads((folder / "shares.json").read_text(encoding="utf-8"))
            if text["format"] != FORMAT:
                raise ValueError(text["format"])
            return cls(np.asarray(text["shares"], np.float32), bool(text["maps"]))
        except Exception as error:
            raise DataError(f"{folder}: no saved mean proportion ({type(error).__name__}: {error})") from error
