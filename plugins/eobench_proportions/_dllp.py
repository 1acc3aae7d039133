"""DLLP: learning from label proportions through the bags' mean predictions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from eobench.data import Bags, Partition, View
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
from eobench_proportions._bags import checked_bags
from eobench_proportions.losses import log_mean_probabilities, proportion_cross_entropy

VALIDATION_SAMPLES = 4096


class DLLP(Method):
    """DLLP (Ardehaly and Culotta 2017; Eq 1 of the LLP-Co paper): cross-entropy of bags' mean probabilities.

    Deviations: several bags a step (Eq 1 sums over all; the papers leave it open), their losses averaged;
    `paper` is LLP-Co's 200 epochs, since DLLP's own budget is not stated there. Validation bags, where the level
    has them, choose the state by their mean absolute error of proportions; `global` and `census` keep the last.
    """

    def fit(self, view: View, run: RunContext) -> NetworkPredictor:
        """Learn from the view's bags.

        Raises:
            EobenchError: it has none, or their proportions are none.
        """
        objective = BagObjective(
            view,
            checked_bags(view, "dllp"),
            device=torch.device(run.device),
            samples_per_step=whole(self.params, "samples_per_step"),
            selection=str(self.params["selection"]),
        )
        return fit_network(view, run, objective, TrainingOptions.of(self.params))


class BagObjective(Objective):
    """Cross-entropy of bags' proportions, several bags a step, the view's partitions cycled by epoch.

    Args:
        view: any.
        bags: of its rows.
        device: of the network.
        samples_per_step: as many bags are put together as hold about so many samples; at least one.
        selection: `proportions` chooses the state by the validation bags, `last` keeps the last.
    """

    def __init__(
        self, view: View, bags: Bags, *, device: torch.device, samples_per_step: int, selection: str
    ) -> None:
        self._bags, self._device, self._samples = bags, device, samples_per_step
        self.rows = np.arange(len(view.inputs))
        if selection == "proportions" and view.validation is not None:
            self.validation = bag_validation(view.validation, device)

    def steps(self, epoch: int) -> int:
        """Return how many steps hold all bags of the epoch's partition."""
        partition = self._bags.partition(epoch)
        bags = int(np.count_nonzero(np.diff(partition.offsets)))
        return min(bags, -(-len(partition.rows) // self._samples))

    def epoch(self, epoch: int, generator: np.random.Generator) -> Iterator[Step]:
        """Yield all bags of the epoch's partition once, in random order."""
        partition = self._bags.partition(epoch)
        full = np.flatnonzero(np.diff(partition.offsets))  # an empty bag has no mean
        steps = self.steps(epoch)
        for bags in np.array_split(generator.permutation(full), steps) if steps else ():
            rows, index = gather_bags(partition, bags)
            targets = torch.from_numpy(index), torch.from_numpy(partition.proportions[bags])
            yield Step(rows, tuple(target.to(self._device) for target in targets))

    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:
        """Return `proportion_cross_entropy` of the step's bags."""
        index, proportions = step.targets
        return proportion_cross_entropy(logits_in_training(network, x), index, proportions)


def gather_bags(partition: Partition, bags: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the given bags, bag after bag, and the position in `bags` that each belongs to."""
    sizes = np.diff(partition.offsets)[bags]
    index = np.repeat(np.arange(len(bags)), sizes)
    starts = partition.offsets[bags] - (np.cumsum(sizes) - sizes)
    return partition.rows[starts[index] + np.arange(len(index))], index


def bag_validation(view: View, device: torch.device) -> Validation | None:
    """Return how validation bags choose the state, or None where there are none (`global`, `census`).

    The score is the negative mean absolute error of the bags' proportions, over the first bags that together
    hold about 4096 samples (at least one).
    """
    bags: Bags | None = view.bags
    if bags is None:
        return None
    partition = bags.partition(0)
    full = np.flatnonzero(np.diff(partition.offsets))
    enough = np.cumsum(np.diff(partition.offsets)[full]) <= VALIDATION_SAMPLES
    chosen = full[: max(1, int(enough.sum()))]
    if not len(chosen):
        return None
    rows, index = gather_bags(partition, chosen)
    truth = torch.from_numpy(partition.proportions[chosen]).to(device)
    score = partial(_negative_error, torch.from_numpy(index).to(device), truth)
    return Validation(view.inputs, rows, score, "validation-score")


def _negative_error(index: torch.Tensor, proportions: torch.Tensor, logits: torch.Tensor) -> float:
    means = log_mean_probabilities(logits, index, len(proportions)).exp()
    return -float((means - proportions).abs().mean())
