"""LLP-VAT: DLLP's loss and a penalty on predictions that change within a small ball."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.functional import kl_div

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
from eobench_proportions._bags import checked_bags
from eobench_proportions._dllp import BagObjective
from eobench_proportions._progress import Progress
from eobench_proportions.losses import proportion_cross_entropy

RAMP = 0.4
"""Share of the budget over which the penalty's weight rises."""


class LLPVAT(Method):
    """LLP-VAT (Tsai and Lin 2020; METHODS 1.4): proportion cross-entropy + alpha(t) * VAT.

    VAT = KL(p(x) || p(x + r)), r of length `radius` in the direction that one power iteration finds; alpha rises
    as a sigmoid, exp(-5 (1 - t)^2), to `weight` over the first 40 % of the budget. Batch norm's running
    statistics do not see the disturbed inputs. Deviations: the network, optimiser and schedule are the task's
    (theirs: WRN-28-2, Adam, steps); the probe is `probe` = 0.1 long and not 1e-6, whose effect is lost in
    float32's rounding; the length of r is in units of standardised inputs, 6 for their 3,072 values, and is
    scaled by the square root of the number of values.
    """

    def fit(self, view: View, run: RunContext) -> NetworkPredictor:
        """Learn from the view's bags.

        Raises:
            EobenchError: it has none, or their proportions are none.
        """
        objective = SmoothObjective(
            view,
            checked_bags(view, "llp-vat"),
            device=torch.device(run.device),
            samples_per_step=whole(self.params, "samples_per_step"),
            selection=str(self.params["selection"]),
        )
        objective.progress = Progress.of(run, objective)
        objective.weight, objective.probe = number(self.params, "weight"), number(self.params, "probe")
        objective.radius = number(self.params, "radius") * math.sqrt(math.prod(view.inputs.shape) / 3072)
        return fit_network(view, run, objective, TrainingOptions.of(self.params))


class SmoothObjective(BagObjective):
    """Proportion cross-entropy and VAT.

    Attributes:
        progress: of the training; None: at its end.
        weight: of the penalty at full strength.
        radius: length of the disturbance.
        probe: length of the random one from which its direction is found.
    """

    progress: Progress | None = None
    weight: float = 0.05
    radius: float = 6.0
    probe: float = 0.1

    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:
        """Return the loss of the step's bags."""
        index, proportions = step.targets
        logits = logits_in_training(network, x)
        loss = proportion_cross_entropy(logits, index, proportions)
        weight = self.weight * ramp(1.0 if self.progress is None else self.progress.next())
        if weight <= 0:
            return loss
        with running_statistics_kept(network):
            penalty = adversarial_penalty(
                lambda inputs: logits_in_training(network, inputs),
                x,
                logits.detach(),
                radius=self.radius,
                probe=self.probe,
            )
        return loss + weight * penalty


def ramp(progress: float) -> float:
    """Return the sigmoid ramp, exp(-5) to 1 over the first `RAMP` of the budget."""
    return math.exp(-5 * (1 - min(1.0, progress / RAMP)) ** 2)


def adversarial_penalty(
    predict: Callable[[torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    logits: torch.Tensor,
    *,
    radius: float,
    probe: float,
) -> torch.Tensor:
    """Return KL(p(x) || p(x + r)), mean over samples; r by one power iteration (Miyato et al. 2018).

    Args:
        predict: inputs -> logits (n, K).
        x: (n, ...).
        logits: at x, without a gradient.
        radius: length of r.
        probe: length of the first, random direction.
    """
    shares = logits.softmax(dim=1)
    direction = (probe * unit(torch.randn_like(x))).requires_grad_()
    divergence = kl_div(predict(x + direction).log_softmax(dim=1), shares, reduction="batchmean")
    (slope,) = torch.autograd.grad(divergence, direction)
    moved = x + radius * unit(slope)
    return kl_div(predict(moved).log_softmax(dim=1), shares, reduction="batchmean")


def unit(x: torch.Tensor) -> torch.Tensor:
    """Return each sample scaled to length 1; zeros stay."""
    flat = x.flatten(1)
    scaled: torch.Tensor = flat / flat.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return scaled.view_as(x)


@contextmanager
def running_statistics_kept(network: nn.Module) -> Iterator[None]:
    """Batch norms neither use nor change their running statistics inside."""
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    before = [m.track_running_stats for m in norms]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm, kept in zip(norms, before, strict=True):
            norm.track_running_stats = kept
