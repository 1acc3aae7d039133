"""LLP-PLOT: proportions first, then pseudo-labels by optimal transport."""

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
from eobench_proportions._progress import Progress
from eobench_proportions.losses import proportion_cross_entropy, symmetric_cross_entropy
from eobench_proportions.sinkhorn import hardened


class LLPPLOT(Method):
    """LLP-PLOT (Liu et al. 2021, arXiv 2105.10635; METHODS 1.4), in two stages.

    Stage 1, the first `first_stage` of the budget, is DLLP's loss. Stage 2 alternates: optimal transport with
    marginals (w, 1/n) gives each bag's samples pseudo-labels (the largest share of each), and the network learns
    them by symmetric cross-entropy and mixup. Deviations: the alternation is by step and not by epoch (labels of
    a step's bags come from the network as it is); the first stage is DLLP, one of those the paper allows;
    constants of the loss are those of Wang et al. 2019 for CIFAR-10 (0.1, 1, log 0 = -4), mixup's is 1, since no
    code is public.
    """

    def fit(self, view: View, run: RunContext) -> NetworkPredictor:
        """Learn from the view's bags.

        Raises:
            EobenchError: it has none, or their proportions are none.
        """
        objective = PseudoLabelObjective(
            view,
            checked_bags(view, "llp-plot"),
            device=torch.device(run.device),
            samples_per_step=whole(self.params, "samples_per_step"),
            selection=str(self.params["selection"]),
        )
        objective.progress = Progress.of(run, objective)
        objective.first_stage = number(self.params, "first_stage")
        objective.forward_weight = number(self.params, "forward_weight")
        objective.reverse_weight = number(self.params, "reverse_weight")
        objective.mixup = number(self.params, "mixup")
        return fit_network(view, run, objective, TrainingOptions.of(self.params))


class PseudoLabelObjective(BagObjective):
    """DLLP's loss, then symmetric cross-entropy of mixed samples with pseudo-labels.

    Attributes:
        progress: of the training; None: at its end.
        first_stage: share of the budget that DLLP's loss has.
        forward_weight: of the cross-entropy.
        reverse_weight: of the reverse cross-entropy.
        mixup: of the Beta(mixup, mixup) that weights are drawn from; 0: nothing is mixed.
    """

    progress: Progress | None = None
    first_stage: float = 0.5
    forward_weight: float = 0.1
    reverse_weight: float = 1.0
    mixup: float = 1.0

    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:
        """Return the loss of the step's bags in the present stage."""
        index, proportions = step.targets
        if self.progress is not None and self.progress.next() < self.first_stage:
            return proportion_cross_entropy(logits_in_training(network, x), index, proportions)
        labels = pseudo_labels(network, x, index, proportions)
        if self.mixup > 0:
            # drawn on the CPU: Beta of PyTorch has no seed of its own
            alpha = torch.full((2,), self.mixup)
            gammas = torch._standard_gamma(alpha)
            share = float(gammas[0] / gammas.sum().clamp_min(1e-12))
            other = torch.randperm(len(x)).to(x.device)
            x, mixed = share * x + (1 - share) * x[other], share * labels + (1 - share) * labels[other]
        else:
            mixed = labels
        losses = symmetric_cross_entropy(
            logits_in_training(network, x), mixed, self.forward_weight, self.reverse_weight
        )
        return bag_means(losses, index, len(proportions))


def pseudo_labels(
    network: nn.Module, x: torch.Tensor, index: torch.Tensor, proportions: torch.Tensor
) -> torch.Tensor:
    """Return one-hot labels (n, K): each sample's largest share in the transport of its bag, cost -log p."""
    network.eval()
    with torch.no_grad():
        log_p = network(x).log_softmax(dim=1)
    network.train()
    return hardened(bag_codes(log_p, index, proportions, epsilon=0.1, iterations=50))
