"""A plugin of methods: some keep the contract, each of the others breaks one clause of it."""

import gc
import logging
import os
import pickle
import random
import signal
import socket
import sys
import warnings

import numpy as np
from method_tidy import ImageMeans, Linear, Pretrained, Tidy, features

from eobench.data import SampleFolder, Scene, UnsupportedError
from eobench.plugin import Budget, Method, MethodCard, Param, Predictions, Pretraining, hookimpl

BAG_LEVELS = ("bags", "regions", "global", "census")
PARAMS = (
    Param("rate", 0.5, "step length", minimum=0),
    Param("ridge", 0.01, "shrinks weights", minimum=0),
    Param("chunk", 1000, "rows predicted at once", minimum=1, execution=True),
)


def alive(kind):
    """The objects of a class that live in this process: what a method must not look for."""
    return [thing for thing in gc.get_objects() if type(thing) is kind]


def scene_of(view):
    return next(scene for scene in alive(Scene) if scene.view is view)


def folders():
    """The folder under check; other tests of this process may hold others, or one that is gone."""
    found = [folder for folder in alive(SampleFolder) if folder.header.name == "contract"]
    return [folder for folder in found if folder.path.exists()]


class Peeker(Tidy):
    """Adds what it was told to its weights; breakers say what."""

    def fit(self, view, run):
        self.view = view
        return super().fit(view, run)

    def first_weights(self, size, classes, run):
        return super().first_weights(size, classes, run) + 1e-4 * self.told() * np.arange(classes)

    def told(self):
        return 0.0


def weighted(labels):
    return float(labels.astype(float) @ np.arange(len(labels)))


class GcLeaker(Peeker):
    def told(self):
        return weighted(scene_of(self.view).truth)


class TrainLeaker(Peeker):
    """Peeks at the labels of its own rows that the level hides."""

    def told(self):
        return weighted(scene_of(self.view).train_truth)


class FrameLeaker(Peeker):
    def told(self):
        frame = sys._getframe()
        while frame is not None and "stage" not in frame.f_locals:
            frame = frame.f_back
        return weighted(frame.f_locals["stage"].scene.truth)


class DiskLeaker(Peeker):
    def told(self):
        import pyarrow.parquet as pq

        return weighted(pq.read_table(folders()[0].path / "samples.parquet")["label"].to_numpy())


class OrderReader(Peeker):
    def told(self):
        return 1e4 * float(np.nansum(folders()[0].modality("radar").values[0]))


class Witness(Peeker):
    """Breaks nothing; fails where more than the folder and the scene that it learns from can be found."""

    def told(self):
        assert len(folders()) == 1
        assert sum(scene.test.bands == ("red", "nir", "vh") for scene in alive(Scene)) == 1
        return 0.0


class Mutator(Tidy):
    def fit(self, view, run):
        values = view.inputs.modalities[1].values
        if values.flags.writeable:
            values -= 1
        return super().fit(view, run)


class PredictMutating(Linear):
    def predict(self, inputs):
        values = inputs.modalities[1].values
        if values.flags.writeable:
            values[np.isnan(values)] = 0
            values += 1
        return super().predict(inputs)


class PredictMutator(Tidy):
    predictor = PredictMutating


class Unseeded(Tidy):
    def first_weights(self, size, classes, run):
        run.number("init")
        return np.random.default_rng().normal(size=(size, classes))


class Remembers(Tidy):
    fits = 0

    def first_weights(self, size, classes, run):
        type(self).fits += 1
        return super().first_weights(size, classes, run) * self.fits


class SeedIgnorer(Tidy):
    """Asks for random numbers and does not use them."""

    def fit(self, view, run):
        run.seed = 0
        return super().fit(view, run)


class OwnSeed(Tidy):
    def first_weights(self, size, classes, run):
        return np.random.default_rng(42).normal(size=(size, classes))

    def descend(self, weights, x, targets, run):
        taken = 0
        while taken < self.limit(run.budget, len(x)) and not run.should_stop():
            weights -= 0.1 * self.params["rate"] * self.params["ridge"] * weights
            taken += 1
        return taken


class GlobalRandom(Tidy):
    def first_weights(self, size, classes, run):
        return super().first_weights(size, classes, run) + np.random.normal(size=(size, classes))  # noqa: NPY002


class PythonRandom(Tidy):
    def first_weights(self, size, classes, run):
        return super().first_weights(size, classes, run) + random.random() * np.arange(classes)


class Reseeder(Tidy):
    def fit(self, view, run):
        np.random.seed(run.number("numpy") % 2**32)  # noqa: NPY002
        return super().fit(view, run)


class Muffler(Tidy):
    def fit(self, view, run):
        warnings.simplefilter("ignore", category=BytesWarning)
        return super().fit(view, run)


class Environment(Tidy):
    def fit(self, view, run):
        os.environ["A_TOY_WAS_HERE"] = "1"
        return super().fit(view, run)


class Mover(Tidy):
    def fit(self, view, run):
        os.chdir("/")
        return super().fit(view, run)


class Loud(Tidy):
    def fit(self, view, run):
        logging.getLogger().setLevel(logging.DEBUG)
        return super().fit(view, run)


class Catcher(Tidy):
    def fit(self, view, run):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return super().fit(view, run)


class Threads(Tidy):
    def fit(self, view, run):
        import torch

        torch.set_num_threads(2)
        return super().fit(view, run)


class Networker(Tidy):
    def fit(self, view, run):
        socket.create_connection(("192.0.2.1", 80), timeout=0.01)  # an address for documentation
        return super().fit(view, run)


class RateIgnorer(Tidy):
    def rate(self):
        return 0.5


class SmallFails(Tidy):
    def fit(self, view, run):
        if self.params["ridge"] < 0.01:
            raise ZeroDivisionError("a library's own words")
        return super().fit(view, run)


class ChunkMatters(Tidy):
    def first_weights(self, size, classes, run):
        return super().first_weights(size, classes, run) + np.arange(classes) / self.params["chunk"]


class Overspender(Tidy):
    def limit(self, budget, rows):
        return 7


class Secretive(Tidy):
    def fit(self, view, run):
        found = super().fit(view, run)
        found.steps = None
        return found


class Understated(Tidy):
    """Says that it kept the budget; its curve tells otherwise."""

    def limit(self, budget, rows):
        return 9

    def fit(self, view, run):
        found = super().fit(view, run)
        found.steps = min(found.steps, run.budget.steps or found.steps)
        return found


class Deaf(Tidy):
    def limit(self, budget, rows):
        return 5 if budget.seconds is not None else super().limit(budget, rows)

    def descend(self, weights, x, targets, run):
        run.should_stop = lambda: False  # never asks the real one
        return super().descend(weights, x, targets, run)


class Hanging(Tidy):
    def descend(self, weights, x, targets, run):
        run.should_stop = lambda: False
        return super().descend(weights, x, targets, run)


class Stubborn(Tidy):
    def descend(self, weights, x, targets, run):
        taken = super().descend(weights, x, targets, run)
        for _ in range(50):
            run.should_stop()
        return taken


class Short(Linear):
    def predict(self, inputs):
        found = super().predict(inputs)
        return Predictions(classes=found.classes[1:], probabilities=found.probabilities[1:])


class TooShort(Tidy):
    predictor = Short


class NoPredictor(Tidy):
    def fit(self, view, run):
        return super().fit(view, run).weights


class Companion(Linear):
    """Standardises by the batch that it is shown."""

    def predict(self, inputs):
        x = features(inputs)
        x[:, :-1] -= x[:, :-1].mean(axis=0)
        shares = np.exp(x @ self.weights)
        shares = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
        return Predictions(classes=shares.argmax(axis=1), probabilities=shares)


class BatchStatistics(Tidy):
    predictor = Companion


class Positional(Linear):
    def predict(self, inputs):
        found = super().predict(inputs)
        return Predictions(classes=np.arange(len(inputs)) % 3, probabilities=found.probabilities)


class PositionReader(Tidy):
    predictor = Positional


class Uncounted(Tidy):
    def fit(self, view, run):
        found = super().fit(view, run)
        found.parameters = "many"
        return found


class Pickling(Linear):
    def save(self, folder):
        (folder / "weights.dat").write_bytes(pickle.dumps([self.weights, self.steps]))

    @classmethod
    def load(cls, folder):
        return cls(*pickle.loads((folder / "weights.dat").read_bytes()))


class Pickler(Tidy):
    predictor = Pickling


class ObjectSaving(Linear):
    def save(self, folder):
        np.savez(folder / "weights.npz", weights=np.array([self.weights, self.steps], object))


class ObjectSaver(Tidy):
    predictor = ObjectSaving


class Rounding(Linear):
    def save(self, folder):
        kept, self.weights = self.weights, self.weights.astype(np.float16)
        super().save(folder)
        self.weights = kept


class Rounder(Tidy):
    predictor = Rounding


OF_THIS_PROCESS = {}


class Unloadable(Linear):
    def save(self, folder):
        OF_THIS_PROCESS[folder] = self.weights
        (folder / "readme.txt").write_text("in memory")

    @classmethod
    def load(cls, folder):
        return cls(OF_THIS_PROCESS[folder], 1)


class Unloading(Tidy):
    predictor = Unloadable


class GapCrasher(Tidy):
    def fit(self, view, run):
        if not view.inputs.batch().valid.any(axis=0).all():
            raise IndexError("index 0 is out of bounds")
        return super().fit(view, run)


class NanCrasher(Tidy):
    def fit(self, view, run):
        if not view.inputs.batch().valid.any(axis=1).all():
            raise ValueError("Input X contains NaN.")
        return super().fit(view, run)


class NanPredicting(Linear):
    def predict(self, inputs):
        found = super().predict(inputs)
        empty = ~inputs.batch().valid.any(axis=1)
        shares = np.where(empty[:, None], np.float32(np.nan), found.probabilities)
        return Predictions(classes=found.classes, probabilities=shares)


class NanPredictor(Tidy):
    predictor = NanPredicting


class TwoClasses(Tidy):
    def fit(self, view, run):
        told = np.unique(view.labels[view.labels >= 0]) if view.labels is not None else (0, 1)
        if len(told) < 2:
            raise ValueError("The least populated class has too few members")
        return super().fit(view, run)


class NeedsLabels(Tidy):
    def fit(self, view, run):
        if view.labels is None:
            raise UnsupportedError("this toy needs labels, and the view has none")
        return super().fit(view, run)


class Curt(Tidy):
    def fit(self, view, run):
        if len(view) < 5:
            raise UnsupportedError("no")
        return super().fit(view, run)


class Refuses(Tidy):
    def fit(self, view, run):
        if len(view) < 5:
            raise UnsupportedError(f"refuses needs 5 samples to learn from; the view has {len(view)}")
        return super().fit(view, run)


class TwoDates(Tidy):
    def fit(self, view, run):
        view.inputs.batch().values[:, :, 1]
        return super().fit(view, run)


class LabelledPretraining(Pretrained):
    def pretrain(self, view, run):
        return super().pretrain(view, run) | {"told": np.array([weighted(scene_of(view).train_truth)])}


class Unfinished(Method):
    pass


class ListPretraining(Pretrained):
    def pretrain(self, view, run):
        found = super().pretrain(view, run)
        return found | {"mean": found["mean"].tolist()}


class RandomPretraining(Pretrained):
    def pretrain(self, view, run):
        return super().pretrain(view, run) | {"drawn": np.random.default_rng().normal(size=2)}


def card(name, kind, **changes):
    module = "method_tidy" if kind in (Tidy, Pretrained, ImageMeans) else "method_toys"
    said = {
        "summary": "toy",
        "load": f"{module}:{kind.__name__}",
        "levels": ("full",),
        "outputs": ("classes", "probabilities"),
        "params": PARAMS,
        "budgets": {"quick": Budget(steps=20)},
    }
    return MethodCard(name=name, **(said | changes))


@hookimpl
def eobench_methods():
    breakers = [k for k in globals().values() if isinstance(k, type) and issubclass(k, Tidy)]
    breakers = [k for k in breakers if k.__module__ == __name__ and not issubclass(k, Pretrained)]
    cards = [card(kind.__name__.lower(), kind) for kind in breakers]
    cards += [card(f"leaker-{level}", TrainLeaker, levels=(level,)) for level in ("few", "none", *BAG_LEVELS)]
    stage = Pretraining(irrelevant=("supervision", "params:rate"))
    for kind in (Pretrained, LabelledPretraining, ListPretraining, RandomPretraining):
        cards.append(card(kind.__name__.lower(), kind, pretraining=stage))
    wrong = Pretraining(irrelevant=("supervision", "params:ridge"))
    images = {"budgets": {}, "params": (), "outputs": ("classes",), "levels": ("full", "few")}
    return [
        *cards,
        card("tidy", Tidy, levels=("full", "few", *BAG_LEVELS), targets=("class", "dense")),
        card("images", ImageMeans, kinds=("image", "image-series"), targets=("class", "dense"), **images),
        card("mistaken", Pretrained, pretraining=wrong),
        card("missing-option", Pretrained, pretraining=Pretraining(irrelevant=("params:depth",))),
        card("undeclared", Pretrained),
        card("undefined", Tidy, pretraining=stage),
        card("unfinished", Unfinished),
        card("wordless", Tidy, summary="two\nlines", params=(*PARAMS, Param("depth", 3, ""))),
        card("not-allowed", Tidy, params=(*PARAMS, Param("depth", 0, "of nothing", minimum=1))),
        card("slow-only", Tidy, budgets={"paper": Budget(steps=3)}),
        card("both", Tidy, budgets={"quick": Budget(steps=3, epochs=2)}),
        card("boaster", Tidy, outputs=("classes", "embeddings")),
        card("overclaims", NeedsLabels, levels=("full", "none")),
        card("unread", Tidy, params=(*PARAMS, Param("depth", 3, "of nothing", minimum=1))),
    ]
