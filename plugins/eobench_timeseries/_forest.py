"""Random forest on flattened series."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eobench.data import DataError, Inputs, UnsupportedError, View
from eobench.plugin import Method, Predictions, Predictor, RunContext
from eobench_timeseries._trees import TRUSTED, check_forest, count_parameters

_MODEL, _OPTIONS = "forest.skops", "forest.json"
_CHUNK = 32_768
Fill = Literal["linear", "gaussian"]


def flat(inputs: Inputs, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return (B, T*C) values of the given rows, filled as the inputs say."""
    values = inputs.batch(rows).values
    return np.ascontiguousarray(values.transpose(0, 2, 1)).reshape(len(values), -1)


class RandomForest(Method):
    """scikit-learn's random forest; all modalities, each (step, band) a feature, no scaling.

    Learns from the labelled rows only; at most `fit_rows` of them (100,000), drawn uniformly with the cell's seed:
    dense targets have millions of pixels, and full-grown trees over 100,000 of them hold 2 GB at 16 classes.
    Smaller sets are used whole. Validation rows are not used.
    """

    def fit(self, view: View, run: RunContext) -> ForestPredictor:
        """Return the forest learned from a `full` or `few` view.

        Raises:
            UnsupportedError: no row is labelled.
        """
        from sklearn.ensemble import RandomForestClassifier

        rows, cap = view.labelled, self.params["fit_rows"]
        if view.labels is None or not len(rows):
            raise UnsupportedError("random-forest needs labelled rows, and the view has none")
        if cap is not None and len(rows) > int(cap):
            rows = np.sort(run.generator("rows").choice(rows, int(cap), replace=False))
        fill = _fill(self.params["fill"])
        tried, weight = self.params["max_features"], self.params["class_weight"]
        model = RandomForestClassifier(
            n_estimators=self.params["trees"],
            max_features=None if tried == "all" else tried,
            max_depth=self.params["max_depth"],
            min_samples_leaf=self.params["min_leaf"],
            class_weight=None if weight == "none" else weight,
            random_state=run.number("forest") % 2**32,
            n_jobs=run.threads,
        ).fit(flat(view.inputs.filled(fill), rows), view.labels[rows])
        return ForestPredictor(model, len(view.classes), fill, run.threads)


class ForestPredictor(Predictor):
    """A fitted forest.

    Attributes:
        model: scikit-learn's forest over the classes that were labelled.
        classes: K; classes never labelled have probability 0.
        fill: how gaps are filled.
        threads: that predict; they change no number.
    """

    def __init__(self, model: Any, classes: int, fill: Fill, threads: int = 1) -> None:
        self.model = model.set_params(n_jobs=1)
        self.classes = classes
        self.fill = fill
        self.threads = threads
        self.parameters = count_parameters(model)

    def predict(self, inputs: Inputs) -> Predictions:
        """Return `classes` and `probabilities` (mean of the trees' leaf shares) of n series.

        Rows are shared among threads, not trees: scikit-learn adds trees up in the order in which its threads
        end, so that the last digit would depend on chance.
        """
        filled = inputs.filled(self.fill)
        classes = np.empty(len(inputs), np.int64)
        probabilities = np.zeros((len(inputs), self.classes), np.float32)
        names = np.asarray(self.model.classes_, np.int64)

        def work(rows: NDArray[np.int64]) -> None:
            shares = self.model.predict_proba(flat(filled, rows))
            classes[rows] = names[shares.argmax(axis=1)]
            probabilities[rows[:, None], names] = shares

        with ThreadPoolExecutor(self.threads) as pool:
            for _ in pool.map(work, _chunks(len(inputs))):
                pass
        return Predictions(classes=classes, probabilities=probabilities)

    def save(self, folder: Path) -> None:
        """Write forest.skops (compressed) and forest.json."""
        import zipfile

        import skops.io

        skops.io.dump(self.model, folder / _MODEL, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
        options = {"classes": self.classes, "fill": self.fill}
        (folder / _OPTIONS).write_text(json.dumps(options))

    @classmethod
    def load(cls, folder: Path) -> ForestPredictor:
        """Return the predictor that `save` wrote; types outside the allow-list are refused.

        Raises:
            DataError: the files are not those that `save` writes, or hold a damaged or foreign model.
        """
        import skops.io

        try:
            options = json.loads((folder / _OPTIONS).read_text())
            model = skops.io.load(folder / _MODEL, trusted=list(TRUSTED))
            check_forest(model, int(options["classes"]))
            return cls(model, int(options["classes"]), _fill(options["fill"]))
        except Exception as error:
            raise DataError(f"{folder}: no saved random forest ({type(error).__name__}: {error})") from error


def _fill(name: object) -> Fill:
    return "gaussian" if name == "gaussian" else "linear"


def _chunks(count: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, count, _CHUNK):
        yield np.arange(start, min(start + _CHUNK, count))
