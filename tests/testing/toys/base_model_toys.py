"""A tidy base model, and one that breaks each clause of the contract."""

from __future__ import annotations

import socket

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from eobench.data import UnsupportedError
from eobench.plugin import BaseModel, BaseModelCard, Choice, Param, Range, hookimpl

HIDDEN = Param("hidden", 8, "width", minimum=1)
DROPOUT = Param("dropout", 0.1, "before the head", minimum=0, maximum=0.9)
RATE = Param("lr", 0.01, "learning rate", minimum=1e-8, maximum=1)
OPTIONS = (HIDDEN, DROPOUT, RATE)
SPACES = {"small": {"hidden": Choice((8, 16)), "lr": Range(1e-3, 1e-2)}}


class Net(nn.Module):
    """A perceptron on the mean and the last step of a series."""

    def __init__(self, shape, outputs, hidden, dropout):
        super().__init__()
        self.first = nn.Linear(2 * shape[0], hidden)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, outputs)

    def features(self, x):
        return self.dropout(functional.relu(self.first(torch.cat([x.mean(2), x[:, :, -1]], dim=1))))

    def forward(self, x):
        return self.head(self.features(x))


class Tidy(BaseModel):
    network = Net

    def build(self, shape, outputs):
        return self.network(shape, outputs, self.params["hidden"], self.params["dropout"])


def toy(network):
    """A family with another network."""
    return type(f"{network.__name__}Family", (Tidy,), {"network": network})


class Picky(Tidy):
    def build(self, shape, outputs):
        raise UnsupportedError(f"no shape is good enough, {shape} neither")


class ShortRefused(Tidy):
    def build(self, shape, outputs):
        if shape[1] < 2:
            raise UnsupportedError("one step is too short")
        return super().build(shape, outputs)


class SoftmaxNet(Net):
    def forward(self, x):
        return super().forward(x).log_softmax(dim=1)


class MapFeaturesNet(Net):
    def features(self, x):
        return x

    def forward(self, x):
        return self.head(super().features(x))


class StandardisingNet(Net):
    def features(self, x):
        return super().features((x - x.mean(dim=2, keepdim=True)) / x.std(dim=2, keepdim=True, correction=0))


class AlwaysDropsNet(Net):
    def features(self, x):
        return functional.dropout(super().features(x), 0.5, training=True)


class BatchStatisticsNet(Net):
    def features(self, x):
        found = super().features(x)
        return found - found.mean(dim=0)


class InPlaceNet(Net):
    def features(self, x):
        x += 1
        return super().features(x)


class ViewNet(Net):
    def features(self, x):
        return super().features(x.view(len(x), -1).view(x.shape))


class SeedsNumpy(Tidy):
    def build(self, shape, outputs):
        np.random.seed(0)  # noqa: NPY002
        return super().build(shape, outputs)


class Downloads(Tidy):
    def build(self, shape, outputs):
        socket.getaddrinfo("localhost", 80)
        return super().build(shape, outputs)


class RateWidens(Tidy):
    def build(self, shape, outputs):
        return Net(shape, outputs, max(1, int(800 * self.params["lr"])), self.params["dropout"])


class IgnoresDropout(Tidy):
    def build(self, shape, outputs):
        return Net(shape, outputs, self.params["hidden"], 0.1)


class NoSixteen(Tidy):
    def build(self, shape, outputs):
        if self.params["hidden"] == 16:
            raise RuntimeError("sixteen is too many")
        return super().build(shape, outputs)


class DivergesNet(Net):
    def forward(self, x):
        return super().forward(x) * (float("inf") if self.head.in_features == 16 and self.training else 1)


class PlainListNet(Net):
    def __init__(self, shape, outputs, hidden, dropout):
        super().__init__(shape, outputs, hidden, dropout)
        self.more = [nn.Linear(hidden, hidden)]

    def features(self, x):
        return self.more[0](super().features(x))


class HeadOnlyNet(Net):
    def forward(self, x):
        return self.head(self.features(x).detach())


class OwnSeed(Tidy):
    def build(self, shape, outputs):
        torch.manual_seed(0)
        return super().build(shape, outputs)


class Shared(Tidy):
    kept = None

    def build(self, shape, outputs):
        if self.kept is None:
            self.kept = super().build(shape, outputs)
        return self.kept


class HiddenOffsetNet(Net):
    def __init__(self, shape, outputs, hidden, dropout):
        super().__init__(shape, outputs, hidden, dropout)
        self.offset = torch.randn(hidden)

    def features(self, x):
        return super().features(x) + self.offset


class BlindNet(Net):
    def features(self, x):
        return super().features(0 * x + 1)


FAMILIES = {
    "tidy": Tidy,
    "picky": Picky,
    "short-refused": ShortRefused,
    "softmax": toy(SoftmaxNet),
    "map-features": toy(MapFeaturesNet),
    "standardising": toy(StandardisingNet),
    "always-drops": toy(AlwaysDropsNet),
    "batch-statistics": toy(BatchStatisticsNet),
    "in-place": toy(InPlaceNet),
    "view": toy(ViewNet),
    "seeds-numpy": SeedsNumpy,
    "downloads": Downloads,
    "rate-widens": RateWidens,
    "ignores-dropout": IgnoresDropout,
    "no-sixteen": NoSixteen,
    "diverges": toy(DivergesNet),
    "plain-list": toy(PlainListNet),
    "head-only": toy(HeadOnlyNet),
    "own-seed": OwnSeed,
    "shared": Shared,
    "hidden-offset": toy(HiddenOffsetNet),
    "blind": toy(BlindNet),
}


class MapNet(nn.Module):
    """One convolution, a label for each pixel."""

    def __init__(self, shape, outputs, hidden):
        super().__init__()
        self.first = nn.Conv2d(shape[0], hidden, 3, padding=1)
        self.head = nn.Conv2d(hidden, outputs, 1)

    def features(self, x):
        return functional.relu(self.first(x)).mean(dim=(2, 3))

    def forward(self, x):
        return self.head(functional.relu(self.first(x)))


class Maps(BaseModel):
    def build(self, shape, outputs):
        return MapNet(shape, outputs, self.params["hidden"])


FAMILIES["maps"] = Maps
globals().update({name.replace("-", "_"): family for name, family in FAMILIES.items()})


@hookimpl
def eobench_base_models():
    shared = {"summary": "a toy", "takes": "series", "params": OPTIONS, "spaces": SPACES}
    cards = dict.fromkeys(FAMILIES, shared)
    cards["maps"] = shared | {"takes": "image", "gives": "map", "params": (HIDDEN, RATE)}
    cards["no-summary"] = shared | {"summary": "", "params": (*OPTIONS, Param("more", 1, ""))}
    cards["whole-rate"] = shared | {"params": (HIDDEN, DROPOUT, Param("lr", 1, "learning rate")), "spaces": {}}
    return [
        BaseModelCard(name=name, load=f"base_model_toys:{_attribute(name)}", **said)
        for name, said in cards.items()
    ]


def _attribute(name):
    return name.replace("-", "_") if name in FAMILIES else "tidy"
