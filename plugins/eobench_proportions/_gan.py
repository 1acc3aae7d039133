"""LLP-GAN: the classifier also tells true samples from those of a generator."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn.functional import softplus

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
from eobench_proportions.losses import proportion_cross_entropy

NOISE = 100


class LLPGAN(Method):
    """LLP-GAN (Liu et al. 2019; METHODS 1.4).

    The classifier has K logits; class K+1, "false", is fixed at 0, so a sample is true with the probability
    sigmoid(logsumexp). Its loss: -log of that over the bags' samples, -log of the rest over generated ones, and
    the bags' proportion cross-entropy. The generator matches the mean features of true samples: |mean f(x) - mean
    f(G(z))|^2, z uniform in (-1, 1)^100, Adam.

    Deviations: the discriminator is the task's base model, the generator two dense layers that give a
    standardised sample of any shape (theirs: deconvolutions to images within -1 and 1); both take a step of
    the same rate in turn (theirs 3e-4, beta 0.5); several bags a step; `adversarial` weighs the two terms of
    truth, 1 in theirs.
    """

    def fit(self, view: View, run: RunContext) -> NetworkPredictor:
        """Learn from the view's bags.

        Raises:
            EobenchError: it has none, or their proportions are none.
        """
        objective = AdversarialObjective(
            view,
            checked_bags(view, "llp-gan"),
            device=torch.device(run.device),
            samples_per_step=whole(self.params, "samples_per_step"),
            selection=str(self.params["selection"]),
        )
        objective.hidden = whole(self.params, "generator")
        objective.rate = number(self.params, "generator_lr")
        objective.adversarial = number(self.params, "adversarial")
        return fit_network(view, run, objective, TrainingOptions.of(self.params))


class AdversarialObjective(BagObjective):
    """Proportion cross-entropy, and true samples against those of a generator that it trains.

    Attributes:
        hidden: width of the generator.
        rate: its learning rate.
        adversarial: weight of telling true from false.
    """

    hidden: int = 256
    rate: float = 3e-4
    adversarial: float = 1.0
    _generator: Generator | None = None

    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:
        """Take a step of the generator and return the classifier's loss."""
        index, proportions = step.targets
        if self._generator is None:
            self._generator = Generator(tuple(x.shape[1:]), self.hidden).to(x.device)
            self._optimiser = Descent(self._generator, self.rate)
        false = self._generator(len(x))
        self._optimiser.step(feature_distance(network, x, false))
        logits = logits_in_training(network, x)
        loss = proportion_cross_entropy(logits, index, proportions)
        return loss + self.adversarial * truth_loss(logits, logits_in_training(network, false.detach()))


class Generator(nn.Module):
    """Noise to standardised samples.

    Args:
        shape: of one sample.
        hidden: width.
    """

    def __init__(self, shape: tuple[int, ...], hidden: int) -> None:
        super().__init__()
        self._shape = shape
        self.layers = nn.Sequential(
            nn.Linear(NOISE, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, math.prod(shape)),
        )

    def forward(self, count: int) -> torch.Tensor:
        """Return so many samples."""
        device = next(self.parameters()).device
        made: torch.Tensor = self.layers(torch.rand(count, NOISE, device=device) * 2 - 1)
        return made.view(count, *self._shape)


class Descent:
    """Adam (beta 0.5) of a network by a loss of its own, leaving other networks' gradients alone.

    Args:
        network: to be learned.
        lr: learning rate.
    """

    def __init__(self, network: nn.Module, lr: float) -> None:
        self._parameters, self._lr, self._steps = list(network.parameters()), lr, 0
        self._means = [torch.zeros_like(p) for p in self._parameters]
        self._squares = [torch.zeros_like(p) for p in self._parameters]

    def step(self, loss: torch.Tensor) -> None:
        """Change the parameters by the loss's gradients."""
        slopes = torch.autograd.grad(loss, self._parameters)
        self._steps += 1
        with torch.no_grad():
            for parameter, slope, mean, square in zip(
                self._parameters, slopes, self._means, self._squares, strict=True
            ):
                mean.mul_(0.5).add_(slope, alpha=0.5)
                square.mul_(0.999).addcmul_(slope, slope, value=0.001)
                scale = (square / (1 - 0.999**self._steps)).sqrt_().add_(1e-8)
                parameter.addcdiv_(mean, scale, value=-self._lr / (1 - 0.5**self._steps))


def feature_distance(network: nn.Module, true: torch.Tensor, false: torch.Tensor) -> torch.Tensor:
    """Return |mean f(true) - mean f(false)|^2; a single sample is shown twice for batch norm's sake."""
    twice = (lambda x: x) if len(true) > 1 else (lambda x: torch.cat([x, x]))
    with torch.no_grad():
        aim = network.features(twice(true)).mean(dim=0)  # type: ignore[operator]
    found = network.features(twice(false)).mean(dim=0)  # type: ignore[operator]
    distance: torch.Tensor = (found - aim).square().sum()
    return distance


def truth_loss(true: torch.Tensor, false: torch.Tensor) -> torch.Tensor:
    """Return -mean log D(true) - mean log(1 - D(false)), D = sigmoid(logsumexp of K logits)."""
    on_true, on_false = true.logsumexp(dim=1), false.logsumexp(dim=1)
    return (softplus(on_true) - on_true).mean() + softplus(on_false).mean()
