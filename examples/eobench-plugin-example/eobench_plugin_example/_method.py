"""`shrunken-centroids`: learning and predicting. Imported only when a cell needs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

import numpy as np
from eobench.data import Inputs, UnsupportedError, View
from eobench.plugin import Method, Predictions, Predictor, RunContext
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from eobench_plugin_example._shrink import Array, Moments, scores, softmax

CHUNK_VALUES = 4_000_000
CANDIDATES = 30
Fill = Literal["linear", "gaussian"]


class ShrunkenCentroids(Method):
    """Nearest shrunken centroids on filled series, every (band, step) a feature.

    Tibshirani, Hastie, Narasimhan, Chu (PNAS 99, 2002). With class means x_k, the mean of all rows x, the pooled
    standard deviation within classes s, s0 its median over features and m_k^2 = 1/n_k - 1/n,

        d_k  = (x_k - x) / (m_k (s + s0))        d'_k = sign(d_k) max(|d_k| - threshold, 0)
        x'_k = x + m_k (s + s0) d'_k             score_k(z) = log prior_k - |(z - x'_k) / (s + s0)|^2 / 2

    A feature whose d'_k is zero for all classes plays no part: dates on which the crops look alike are left out,
    which matters most where few labels make their means noisy.

    Deviations: m_k has a minus, as in the authors' later texts (Elements of Statistical Learning, section 18.2);
    the first paper prints a plus. The threshold is chosen on the view's validation rows instead of by
    cross-validation, among 30 values up to the one that shrinks all away, as theirs; of equally good ones the
    largest. Without labelled validation rows it is 0. Classes without a label are never predicted.
    """

    def fit(self, view: View, run: RunContext) -> ShrunkenPredictor:
        """Return the shrunken class means of a `full` or `few` view.

        Raises:
            UnsupportedError: no row is labelled.
        """
        rows = view.labelled
        if view.labels is None or not len(rows):
            raise UnsupportedError("shrunken-centroids needs labelled rows, and the view has none")
        fill = cast("Fill", self.params["fill"])
        names, member = np.unique(view.labels[rows], return_inverse=True)
        shift, moments = measure(view.inputs, rows, member, fill)
        counts = moments.counts if self.params["prior"] == "labels" else np.ones(len(names))
        plain = ShrunkenPredictor(
            moments.shrunken(0) + shift,
            moments.spread,
            counts / counts.sum(),
            names.astype(np.int64),
            classes=len(view.classes),
            fill=fill,
        )
        given = self.params["threshold"]
        threshold = choose(plain, moments, shift, view.validation, run) if given is None else float(given)
        d = np.abs(moments.differences)
        run.log("threshold", threshold, 0)
        run.log("features kept", float((d > threshold).any(axis=0).mean()), 0)
        return plain.with_centroids(moments.shrunken(threshold) + shift)


class ShrunkenPredictor(Predictor):
    """Shrunken class means, with D = C * T features and P classes that had labels.

    Args:
        centroids: (P, D).
        spread: (D,) what a difference is divided by.
        prior: (P,) shares of the classes.
        names: (P,) class index of each.
        classes: K, of the view.
        fill: how gaps are filled.
    """

    def __init__(
        self,
        centroids: Array,
        spread: Array,
        prior: Array,
        names: NDArray[np.int64],
        *,
        classes: int,
        fill: Fill,
    ) -> None:
        self.centroids, self.spread, self.prior, self.names = centroids, spread, prior, names
        self.classes, self.fill = classes, fill
        self.parameters = int(centroids.size + spread.size + prior.size)

    def with_centroids(self, centroids: Array) -> ShrunkenPredictor:
        """Return the same with other centroids."""
        return ShrunkenPredictor(
            centroids, self.spread, self.prior, self.names, classes=self.classes, fill=self.fill
        )

    def predict(self, inputs: Inputs) -> Predictions:
        """Return `classes` and `probabilities` of n series."""
        likeliest = np.zeros(len(inputs), np.int64)
        chances = np.zeros((len(inputs), self.classes), np.float32)
        done = 0
        for values in features(inputs, np.arange(len(inputs)), self.fill):
            found = scores(values, self.centroids, self.spread, self.prior)
            likeliest[done : done + len(values)] = self.names[found.argmax(axis=1)]
            chances[done : done + len(values), self.names] = softmax(found)
            done += len(values)
        return Predictions(classes=likeliest, probabilities=chances)

    def save(self, folder: Path) -> None:
        """Write arrays as safetensors and the rest as JSON."""
        arrays = {"centroids": self.centroids, "spread": self.spread, "prior": self.prior, "names": self.names}
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, folder / "arrays.safetensors")
        (folder / "rest.json").write_text(json.dumps({"classes": self.classes, "fill": self.fill}))

    @classmethod
    def load(cls, folder: Path) -> ShrunkenPredictor:
        """Return what `save` wrote."""
        a = load_file(folder / "arrays.safetensors")
        rest = json.loads((folder / "rest.json").read_text())
        return cls(a["centroids"], a["spread"], a["prior"], a["names"], classes=rest["classes"], fill=rest["fill"])


def features(inputs: Inputs, rows: NDArray[np.int64], fill: Fill) -> Iterator[Array]:
    """Yield (B, C * T) values of the given rows in chunks that fit in memory."""
    filled = inputs.filled(fill)
    size = max(1, CHUNK_VALUES // int(np.prod(inputs.shape)))
    for start in range(0, len(rows), size):
        values = filled.batch(rows[start : start + size]).values
        yield values.reshape(len(values), -1).astype(np.float64)


def measure(
    inputs: Inputs, rows: NDArray[np.int64], member: NDArray[np.int64], fill: Fill
) -> tuple[Array, Moments]:
    """Return the first chunk's mean, and the moments of the labelled rows after that was subtracted.

    Args:
        inputs: of the view.
        rows: (n,) those that are labelled.
        member: (n,) which of the P classes each belongs to.
        fill: how gaps are filled.
    """
    counts = np.bincount(member)
    shift: Array | None = None
    sums = squares = np.zeros(0)
    done = 0
    for values in features(inputs, rows, fill):
        if shift is None:  # sums of squares around zero keep their digits
            shift = values.mean(axis=0)
            sums, squares = np.zeros((len(counts), values.shape[1])), np.zeros(values.shape[1])
        centred = values - shift
        one_hot = member[done : done + len(values), None] == np.arange(len(counts))
        sums += one_hot.astype(np.float64).T @ centred
        squares += (centred**2).sum(axis=0)
        done += len(values)
    if shift is None:
        raise ValueError("no rows to learn from")
    return shift, Moments.of(counts, sums, squares)


def choose(
    plain: ShrunkenPredictor, moments: Moments, shift: Array, validation: View | None, run: RunContext
) -> float:
    """Return the largest of the thresholds that err least on labelled validation rows; 0 where there are none."""
    if validation is None or validation.labels is None or not len(validation.labelled):
        return 0.0
    rows = validation.labelled
    candidates = np.linspace(0, np.abs(moments.differences).max(initial=0.0), CANDIDATES)
    centroids = [moments.shrunken(t) + shift for t in candidates]
    right, done = np.zeros(CANDIDATES), 0
    for values in features(validation.inputs, rows, plain.fill):
        labels = validation.labels[rows[done : done + len(values)]]
        for i, means in enumerate(centroids):
            found = scores(values, means, plain.spread, plain.prior).argmax(axis=1)
            right[i] += (plain.names[found] == labels).sum()
        done += len(values)
    for i, count in enumerate(right):
        run.log("validation accuracy by threshold", float(count / len(rows)), i)
    return float(candidates[np.flatnonzero(right == right.max())[-1]])
