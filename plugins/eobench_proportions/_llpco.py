"""LLP-Co: prototypical contrastive clustering with codes that keep the bags' proportions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import numpy as np
import torch
from torch import nn

from eobench.data import EobenchError, View
from eobench.plugin import Method, RunContext, Value
from eobench_base_models.training import (
    NetworkPredictor,
    Step,
    TrainingOptions,
    fit_network,
    number,
    whole,
)
from eobench_proportions._augment import Augmentation
from eobench_proportions._bags import bag_codes, bag_means, checked_bags
from eobench_proportions._dllp import BagObjective
from eobench_proportions._prototypes import PrototypeModel, PrototypeNetwork
from eobench_proportions.sinkhorn import hardened


class LLPCo(Method):
    """LLP-Co (La Rosa, Oliveira, Ghamisi; METHODS 1.1): Algorithm 1.

    Two views of every sample of a bag; unit features; scores with one prototype a class; codes by Sinkhorn whose
    marginals are the bag's proportions and 1/n (Eq 10, 5 iterations); p = softmax(scores / 0.1)
    (Eq 9); loss = CE(codes of one view, p of the other), both ways, mean over samples (Eq 7-8). Prototypes stand
    still in the first epoch; warm-up, then cosine. A sample's class is that of its best prototype. `codes=hard`
    is what the paper does at 32 samples a bag.

    Deviations: epsilon is the paper's 0.05 only where bags share one vector. There codes must be sharper than p,
    or all samples get that vector for good. Where each bag has its own, it is 0.1, the temperature: codes are p
    scaled by class, and what is found first is not kept, right or wrong (tables in docs/proportions.md). Adam
    with the base model's rate, since it learns within a quick budget (theirs: SGD, rate 0.1). Several small bags
    make a step, each with codes of its own (`samples_per_step=1` is one bag a step, the paper's). The projection
    is `projection` wide (theirs 1024) with SwAV's head, whose depth they do not give. Prototypes get unit length
    where they are used, SwAV rescales them before each step. Ranges of the augmentations are not given, and those
    of series are ours. A validation with bags chooses the state. The base model's dropout is off (their ResNet-18
    has none): each view's target comes from the other's pass, and units dropped at random make the two differ by
    more than any view does (docs/proportions.md).
    """

    def fit(self, view: View, run: RunContext) -> NetworkPredictor:
        """Learn from the view's bags.

        Raises:
            EobenchError: it has none, their proportions are none, or the run has no base model.
        """
        bags = checked_bags(view, "llp-co")
        objective = SwappedObjective(
            view,
            bags,
            device=torch.device(run.device),
            samples_per_step=whole(self.params, "samples_per_step"),
            selection=str(self.params["selection"]),
        )
        configure(objective, self.params)
        if objective.epsilon == 0:
            objective.epsilon = 0.05 if bags.shared else 0.1
        objective.hard = self.params["codes"] == "hard"
        with prototypes_over(run, self.params):
            return fit_network(view, run, objective, TrainingOptions.of(self.params))


class SwappedObjective(BagObjective):
    """The swapped loss of two views, with codes that keep the proportions of each bag.

    Attributes:
        augmentation: of the views.
        epsilon: of the transport.
        iterations: of Sinkhorn.
        temperature: by which the network divides its scores.
        hard: one-hot codes.
        frozen_epochs: in which prototypes stand still.
    """

    augmentation: Augmentation = Augmentation()
    epsilon: float = 0.05
    iterations: int = 5
    temperature: float = 0.1
    hard: bool = False
    frozen_epochs: int = 1
    _epoch: int = 0

    def epoch(self, epoch: int, generator: np.random.Generator) -> Iterator[Step]:
        """Yield all bags of the epoch's partition once, in random order."""
        self._epoch = epoch
        yield from super().epoch(epoch, generator)

    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:
        """Return the swapped loss, each bag counting the same."""
        index, proportions = step.targets
        prototypes = cast("PrototypeNetwork", network).head
        prototypes.frozen = self._epoch < self.frozen_epochs  # type: ignore[assignment]
        logits = network(torch.cat([self.augmentation(x), self.augmentation(x)]))
        prototypes.frozen = False  # type: ignore[assignment]
        one, other = logits.chunk(2)
        losses = self._half(one, other, index, proportions) + self._half(other, one, index, proportions)
        return bag_means(losses, index, len(proportions))

    def _half(
        self, coded: torch.Tensor, predicted: torch.Tensor, index: torch.Tensor, proportions: torch.Tensor
    ) -> torch.Tensor:
        """(n,) cross-entropy of one view's predictions with the other's codes; logits are scores / tau."""
        target = bag_codes(
            coded * self.temperature, index, proportions, epsilon=self.epsilon, iterations=self.iterations
        )
        if self.hard:
            target = hardened(target)
        return -(target * predicted.log_softmax(dim=1)).sum(dim=1)


def configure(objective: SwappedObjective, params: dict[str, Value]) -> None:
    """Set what the cards of `llp-co` and `swav` share."""
    objective.epsilon, objective.iterations = number(params, "epsilon"), whole(params, "iterations")
    objective.temperature = number(params, "temperature")
    objective.frozen_epochs = whole(params, "frozen_epochs")
    objective.augmentation = Augmentation(
        number(params, "jitter"), number(params, "noise"), number(params, "mask_steps"), number(params, "resize")
    )


@contextmanager
def prototypes_over(run: RunContext, params: dict[str, Value], prototypes: int = 0) -> Iterator[None]:
    """Put prototypes over the run's base model for a while.

    The run itself is changed, not a copy: whoever gave it asks it afterwards what it was asked and has logged.

    Raises:
        EobenchError: it has no base model.
    """
    encoder = run.base_model
    if encoder is None:
        raise EobenchError("training a network needs a base model, and the run has none: name one in the task")
    run.base_model = PrototypeModel.around(
        encoder,
        hidden=whole(params, "hidden"),
        projection=whole(params, "projection"),
        temperature=number(params, "temperature"),
        lr=float(encoder.params.get("lr") or 1e-3),
        prototypes=prototypes,
        dropout=bool(params["dropout"]),
    )
    try:
        yield
    finally:
        run.base_model = encoder
