"""Methods that keep the contract, for the rule breakers to build on."""

import json
import math

import numpy as np

from eobench.plugin import Method, Predictions, Predictor

BATCH = 16


def features(inputs):
    """(n, D) means over steps (and pixels) and a few steps, gaps filled, with a one for the bias."""
    values = inputs.filled("linear").batch().values
    flat = values.reshape(len(values), -1)
    return np.concatenate([flat, np.ones((len(flat), 1), np.float32)], axis=1).astype(np.float64)


def soft_targets(view):
    """Rows that say something, and (rows, K) what."""
    if view.labels is not None:
        rows = view.labelled
        return rows, np.eye(len(view.classes))[view.labels[rows]]
    if view.bags is None:  # nothing is told: all classes alike
        return np.arange(len(view)), np.full((len(view), len(view.classes)), 1 / len(view.classes))
    part = view.bags.partition(0)
    return part.rows, np.repeat(part.proportions, np.diff(part.offsets), axis=0)


def softmax(scores):
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


class Linear(Predictor):
    def __init__(self, weights, steps, chunk=1000):
        self.weights, self.steps, self.chunk = weights, steps, chunk
        self.parameters = weights.size

    def predict(self, inputs):
        x = features(inputs)
        shares = [softmax(x[i : i + self.chunk] @ self.weights) for i in range(0, len(x), self.chunk)]
        probabilities = np.concatenate(shares).astype(np.float32)
        return Predictions(classes=probabilities.argmax(axis=1), probabilities=probabilities)

    def save(self, folder):
        np.save(folder / "weights.npy", self.weights, allow_pickle=False)
        (folder / "rest.json").write_text(json.dumps({"steps": self.steps, "chunk": self.chunk}))

    @classmethod
    def load(cls, folder):
        rest = json.loads((folder / "rest.json").read_text())
        return cls(np.load(folder / "weights.npy", allow_pickle=False), rest["steps"], rest["chunk"])


class Tidy(Method):
    """Softmax regression by stochastic gradient, on labels or on bags' proportions."""

    predictor = Linear

    def fit(self, view, run):
        x = features(view.inputs)
        rows, targets = soft_targets(view)
        weights = self.first_weights(x.shape[1], len(view.classes), run)
        taken = self.descend(weights, x[rows], targets, run)
        return self.predictor(weights, taken, self.params["chunk"])

    def first_weights(self, size, classes, run):
        return 0.01 * run.generator("init").normal(size=(size, classes))

    def descend(self, weights, x, targets, run):
        draws = run.generator("batches")
        taken = 0
        while taken < self.limit(run.budget, len(x)) and not run.should_stop():
            chosen = draws.integers(0, len(x), BATCH)
            slope = x[chosen].T @ (softmax(x[chosen] @ weights) - targets[chosen]) / BATCH
            weights -= self.rate() * (slope + self.params["ridge"] * weights)
            taken += 1
            run.log("norm", float(np.abs(weights).sum()), taken)
        return taken

    def rate(self):
        return self.params["rate"]

    def limit(self, budget, rows):
        if budget.epochs is not None:
            return budget.epochs * math.ceil(rows / BATCH)
        return math.inf if budget.steps is None else budget.steps


class Pretrained(Tidy):
    """Begins at weights that were drawn around the mean of all inputs."""

    def pretrain(self, view, run):
        mean = features(view.inputs).mean(axis=0)
        return {"mean": mean * self.params["ridge"], "noise": run.generator("noise").normal(size=3)}

    def first_weights(self, size, classes, run):
        return super().first_weights(size, classes, run) + 0.01 * run.checkpoint["mean"][:, None]


class Means(Predictor):
    """The nearest of K mean pixels, for images and for label maps."""

    steps = None

    def __init__(self, means, dense):
        self.means, self.dense, self.parameters = means, dense, means.size

    def predict(self, inputs):
        values = pixels(inputs)
        if not self.dense:
            values = values.mean(axis=(2, 3), keepdims=True)
        far = ((values[:, None] - self.means[None, :, :, None, None]) ** 2).sum(axis=2)
        classes = far.argmin(axis=1)
        return Predictions(classes=classes if self.dense else classes[:, 0, 0])

    def save(self, folder):
        np.save(folder / "means.npy", self.means, allow_pickle=False)
        (folder / "rest.json").write_text(json.dumps(self.dense))

    @classmethod
    def load(cls, folder):
        return cls(
            np.load(folder / "means.npy", allow_pickle=False), json.loads((folder / "rest.json").read_text())
        )


def pixels(inputs):
    """(n, C, h, w) float64, the mean over dates, gaps filled."""
    values = inputs.filled("linear").batch().values.astype(np.float64)
    return values.mean(axis=1) if inputs.kind == "image-series" else values


class ImageMeans(Method):
    """Mean pixel of each class; a class without any label is never near."""

    def fit(self, view, run):
        values = pixels(view.inputs)
        dense = view.labels.ndim == 3
        labels = view.labels if dense else np.broadcast_to(view.labels[:, None, None], values[:, 0].shape)
        spread = values.transpose(0, 2, 3, 1)
        means = np.full((len(view.classes), spread.shape[-1]), 1e9)
        for k in np.unique(labels[labels >= 0]):
            means[k] = spread[labels == k].mean(axis=0)
        return Means(means, dense)
