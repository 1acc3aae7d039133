"""Lightweight LLP: each chip is trained against the class shares of its own region."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from eobench.data import Bags, EobenchError, Partition, View
from eobench.plugin import Method, RunContext
from eobench_base_models.training import (
    NetworkPredictor,
    Objective,
    Step,
    TrainingOptions,
    Validation,
    fit_network,
    logits_in_training,
    whole,
)
from eobench_proportions._chip_maps import chip_figure
from eobench_proportions.losses import CHIP_LOSSES, ChipLoss

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

VALIDATION_CHIPS = 512
DRAWN_CHIPS = 6


class ChipLLP(Method):
    """Ramos-Pollan and Gonzalez, "Lightweight learning from label proportions on satellite imagery" (METHODS 3).

    A batch is a random set of chips; the network's map of a chip, after softmax, is averaged over its pixels and
    compared with the shares of the chip's region (its commune); no bag is pooled. Adam with the base model's `lr`,
    50 epochs (`paper`), batches of 32 chips for land cover, of 8 for human population.

    Their 50 epochs are 54,000 steps at `lr` 0.001. `quick` takes 1,200, and what it learns hangs on three things
    (docs/chips.md): `lr` 0.01 for `downconv` and `qkm`, many small batches rather than few large ones (hence 8
    by default), and regions whose shares differ; where they do not, the mean of all regions is a good answer, and
    every pixel becomes the commonest class.

    At `bags`, `global` and `census` the region is the bag. Deviations: the batches of an epoch are equal, none is
    dropped; their schedule is constant and weight decay absent, ours are options (`schedule`, `weight_decay`);
    class weights are uniform or the inverse of the mean given shares, where theirs are typed in by hand; the state
    is chosen by the loss on validation regions, as theirs, and where the level gives none the last is kept.
    """

    def fit(self, view: View, run: RunContext) -> NetworkPredictor:
        """Learn from the view's bags of images.

        Raises:
            EobenchError: it has none, or the base model gives no maps.
        """
        if view.bags is None or not any(len(partition) for partition in view.bags.partitions):
            raise EobenchError("chip-llp: the view has no bags of chips to learn from")
        objective = ChipObjective(
            view,
            view.bags,
            device=torch.device(run.device),
            batch_size=whole(self.params, "batch_size"),
            loss=CHIP_LOSSES[str(self.params["loss"])],
            balanced=self.params["class_weights"] == "balanced",
            selection=str(self.params["selection"]),
        )
        predictor = fit_network(view, run, objective, TrainingOptions.of(self.params))
        if run.artifacts is not None:
            run.artifact("chips", drawn_chips(view, predictor))
        return predictor


class ChipObjective(Objective):
    """A loss on each chip's mean softmax map, chips in random batches, the view's partitions cycled by epoch.

    Args:
        view: of images.
        bags: of its rows.
        device: of the network.
        batch_size: chips a step, at most.
        loss: one of `CHIP_LOSSES`.
        balanced: weigh classes by the inverse of their mean given share, mean weight 1.
        selection: `loss` chooses the state by the validation regions, `last` keeps the last.
    """

    def __init__(
        self,
        view: View,
        bags: Bags,
        *,
        device: torch.device,
        batch_size: int,
        loss: ChipLoss,
        balanced: bool,
        selection: str,
    ) -> None:
        self._parts = [chip_shares(p) for p in bags.partitions]
        self._device, self._batch_size, self._loss = device, batch_size, loss
        self.rows = np.arange(len(view.inputs))
        self._weights = torch.ones(len(view.classes), device=device)
        if balanced:
            mean = np.concatenate([shares for _, shares in self._parts]).mean(axis=0)
            inverse = np.where(mean > 0, 1 / np.maximum(mean, 1e-3), 0.0)
            self._weights = torch.from_numpy((inverse / inverse.mean()).astype(np.float32)).to(device)
        if selection == "loss" and view.validation is not None:
            self.validation = self._validate(view.validation)

    def _validate(self, view: View) -> Validation | None:
        if view.bags is None:
            return None
        rows, shares = chip_shares(view.bags.partition(0))
        order = np.argsort(rows)[:VALIDATION_CHIPS]  # rows of a view stand in random order
        if not len(order):
            return None
        truth = torch.from_numpy(shares[order]).to(self._device)
        return Validation(view.inputs, rows[order], partial(self._score, truth), "validation-score")

    def _score(self, truth: torch.Tensor, logits: torch.Tensor) -> float:
        return -float(self._loss(_maps(logits).softmax(dim=1), truth, self._weights))

    def steps(self, epoch: int) -> int:
        """Return how many batches hold all chips of the epoch's partition."""
        return -(-len(self._parts[epoch % len(self._parts)][0]) // self._batch_size)

    def epoch(self, epoch: int, generator: np.random.Generator) -> Iterator[Step]:
        """Yield all chips once, in equal batches."""
        rows, shares = self._parts[epoch % len(self._parts)]
        for chosen in np.array_split(generator.permutation(len(rows)), self.steps(epoch)):
            yield Step(rows[chosen], (torch.from_numpy(shares[chosen]).to(self._device),))

    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:
        """Return the loss of the batch."""
        logits = _maps(logits_in_training(network, x))
        return self._loss(logits.softmax(dim=1), step.targets[0], self._weights)


def drawn_chips(view: View, predictor: NetworkPredictor) -> Figure:
    """Return a picture of a few chips: of validation, or where the level gives none of those it learned from.

    Their true maps are not in a view, so the shares of their regions stand beside what the maps sum up to.
    """
    shown = [(v, *chip_shares(v.bags.partition(0))) for v in (view.validation, view) if v and v.bags]
    held, rows, given = next((v for v in shown if len(v[1])), shown[-1])
    chosen = np.linspace(0, len(rows) - 1, min(DRAWN_CHIPS, len(rows))).astype(np.int64)
    inputs = held.inputs.take(rows[chosen])
    found = predictor.predict(inputs)
    maps, soft = found.classes, found.probabilities
    assert maps is not None  # noqa: S101 - a network for maps gives both
    assert soft is not None  # noqa: S101
    shares = [("region", given[chosen]), ("predicted", soft.mean(axis=(2, 3)))]
    images = inputs.batch(slice(0, len(chosen))).values
    return chip_figure(images, maps, view.classes, shares)


def chip_shares(partition: Partition) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the chips of a partition, (m,), and the shares that each is given, (m, K)."""
    bag = np.repeat(np.arange(len(partition)), np.diff(partition.offsets))
    return partition.rows, partition.proportions[bag]


def _maps(logits: torch.Tensor) -> torch.Tensor:
    if logits.ndim != 4:
        raise EobenchError(
            f"chip-llp needs a base model that gives maps; this one gives logits of {tuple(logits.shape[1:])}"
        )
    return logits
