"""Supervised training of a base model on the labelled rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from eobench.data import EobenchError, View
from eobench.plugin import Method, RunContext
from eobench_base_models._labels import balanced_weights, mean_accuracy, negative_loss
from eobench_base_models._maps import MapObjective
from eobench_base_models._objective import Objective, Step, Validation, logits_in_training
from eobench_base_models._predictor import NetworkPredictor
from eobench_base_models._training import fit_network
from eobench_base_models.options import TrainingOptions, whole

VALIDATION_ROWS = 4096


class Supervised(Method):
    """Cross-entropy on the labelled rows: the supervised arm of Patnala et al. (METHODS 2.2).

    Adam with weight decay 1e-5 inside, batches of 256, 20 epochs (`paper`). Deviations: their score is the
    validation accuracy after the last epoch, which also serves as test; here validation rows only choose the
    state that is kept, and other rows are tested. The schedule is an option (`TrainingOptions`). The rows of an
    epoch are cut into equal batches of at most `batch_size`, so that no small one is left over.

    Label maps, with a base model for maps: cross-entropy over the labelled pixels, an image for every 64 rows of
    `batch_size` (4 by default, as in U-TAE's recipe).
    """

    def fit(self, view: View, run: RunContext) -> NetworkPredictor:
        """Learn from the rows that carry a label.

        Raises:
            EobenchError: no row carries one.
        """
        if view.labels is None or not len(view.labelled):
            raise EobenchError("supervised: the view has no labelled row to learn from")
        objective = (LabelObjective if view.labels.ndim == 1 else MapObjective)(
            view,
            view.labels,
            device=torch.device(run.device),
            batch_size=whole(self.params, "batch_size"),
            balanced=self.params["class_weights"] == "balanced",
            selection=str(self.params["selection"]),
        )
        return fit_network(view, run, objective, TrainingOptions.of(self.params))


class LabelObjective(Objective):
    """Cross-entropy on labelled rows of a view.

    Args:
        view: any.
        labels: (n,) of its rows, its own or pseudo-labels; -1 = not given.
        device: of the network.
        batch_size: at most.
        balanced: weigh classes by the inverse of their number of labels (mean weight 1 over the labels).
        selection: `ma` or `loss` chooses the state by the validation rows' labels; `last` keeps the last.
    """

    def __init__(
        self,
        view: View,
        labels: NDArray[np.int16],
        *,
        device: torch.device,
        batch_size: int,
        balanced: bool = False,
        selection: str = "ma",
    ) -> None:
        self.rows = np.flatnonzero(labels >= 0)
        self._batch_size = batch_size
        known = labels[self.rows].astype(np.int64)
        self._labels = torch.from_numpy(known).to(device)
        self._weights = (
            torch.from_numpy(balanced_weights(known, len(view.classes))).to(device) if balanced else None
        )
        self._device = device
        if selection != "last" and view.validation is not None:
            self.validation = label_validation(view.validation, selection, device)

    def steps(self, epoch: int) -> int:  # noqa: ARG002
        """Return how many batches hold all rows."""
        return -(-len(self.rows) // self._batch_size)

    def epoch(self, epoch: int, generator: np.random.Generator) -> Iterator[Step]:
        """Yield all rows once, in equal batches."""
        for positions in np.array_split(generator.permutation(len(self.rows)), self.steps(epoch)):
            index = torch.from_numpy(positions).to(self._device)
            yield Step(positions, (self._labels[index],))

    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:
        """Return the (weighted) mean cross-entropy."""
        return functional.cross_entropy(logits_in_training(network, x), step.targets[0], weight=self._weights)


def label_validation(view: View, selection: str, device: torch.device) -> Validation | None:
    """Return how a validation view with labels chooses the state, or None where it has no labels."""
    rows = view.labelled[:VALIDATION_ROWS]  # rows stand in random order
    if view.labels is None or not len(rows):
        return None
    labels = torch.from_numpy(view.labels[rows].astype(np.int64)).to(device)
    if selection == "loss":
        return Validation(view.inputs, rows, partial(negative_loss, labels), "validation-score")
    return Validation(view.inputs, rows, partial(mean_accuracy, labels), "validation-ma")
