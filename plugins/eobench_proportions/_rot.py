"""ROT: cross-entropy with codes that optimal transport gives the samples of a bag."""

from __future__ import annotations

import torch
from torch import nn

from eobench.data import View
from eobench.plugin import Method, RunContext
from eobench_base_models.training import (
    NetworkPredictor,
    Step,
    TrainingOptions,
    fit_network,
    logits_in_training,
    number,
    whole,
)
from eobench_proportions._bags import bag_codes, bag_means, checked_bags
from eobench_proportions._dllp import BagObjective
from eobench_proportions.losses import proportion_cross_entropy


class ROT(Method):
    """Relaxed optimal transport (Dulac-Arnold et al. 2019, arXiv 1905.12909; Eq 2-6 of the LLP-Co paper).

    Inner problem: codes Q = Sinkhorn with cost -log P and marginals (w, 1/n), no gradient through them. Outer:
    -sum Q log P. Deviations: `mix` adds the bags' proportion cross-entropy, 0 as the loss is published (how
    theirs mixes the two is not known to us); epsilon is 1, where the kernel is P itself, for theirs is not known;
    several bags a step, as in `dllp`.
    """

    def fit(self, view: View, run: RunContext) -> NetworkPredictor:
        """Learn from the view's bags.

        Raises:
            EobenchError: it has none, or their proportions are none.
        """
        objective = TransportObjective(
            view,
            checked_bags(view, "rot"),
            device=torch.device(run.device),
            samples_per_step=whole(self.params, "samples_per_step"),
            selection=str(self.params["selection"]),
        )
        objective.epsilon, objective.mix = number(self.params, "epsilon"), number(self.params, "mix")
        objective.iterations = whole(self.params, "iterations")
        return fit_network(view, run, objective, TrainingOptions.of(self.params))


class TransportObjective(BagObjective):
    """Cross-entropy with the codes of each bag.

    Attributes:
        epsilon: of the transport.
        iterations: of Sinkhorn.
        mix: share of the bags' proportion cross-entropy in the loss.
    """

    epsilon: float = 1.0
    iterations: int = 20
    mix: float = 0.0

    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:
        """Return the loss of the step's bags, each counting the same."""
        index, proportions = step.targets
        logits = logits_in_training(network, x)
        log_p = logits.log_softmax(dim=1)
        given = bag_codes(log_p, index, proportions, epsilon=self.epsilon, iterations=self.iterations)
        transported = bag_means(-(given * log_p).sum(dim=1), index, len(proportions))
        if self.mix == 0:
            return transported
        return (1 - self.mix) * transported + self.mix * proportion_cross_entropy(logits, index, proportions)
