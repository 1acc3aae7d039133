"""`simclr`: a base model's encoder, pre-trained on two views of whole samples; then `supervised` from there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from eobench.data import EobenchError, UnsupportedError, View
from eobench.plugin import Budget, Checkpoint, Method, RunContext
from eobench_base_models.training import (
    LabelObjective,
    MapObjective,
    NetworkPredictor,
    Objective,
    Step,
    TrainingOptions,
    fit_network,
    number,
    whole,
)
from eobench_contrastive._initialised import Initialised, Projected
from eobench_contrastive._pretraining import ENCODER, Loss, loss_of
from eobench_proportions.views import Augmentation

PIXELS_A_SAMPLE, FEWEST = 8 * 8, 16
"""Images with more pixels make as many fewer in a batch, but so many at least: they are each other's negatives."""


class SimCLR(Method):
    """SimCLR (Chen et al. 2020) of a base model's encoder, on series, patches, or images with label maps.

    Stage 1: two random views of each sample (series: moved in time, noise in each band, masked steps; images:
    turned, mirrored, resized, each band scaled and shifted), the encoder's features (of maps: their mean over the
    image), a projector of two layers, NT-Xent. Stage 2: `supervised` from the encoder so learned; all of it is
    trained on. Deviations: Adam (theirs: LARS); no colour distortion between bands, since bands carry the class;
    batches of 256 at most.
    """

    def pretrain(self, view: View, run: RunContext) -> Checkpoint:
        """Return the encoder's weights, learned from the inputs of a `none` view.

        Raises:
            EobenchError: the run has no base model or no budget.
            UnsupportedError: there are fewer than two samples.
        """
        if run.base_model is None or run.budget is None:
            raise EobenchError("simclr pre-trains a base model within a budget: name both in the task")
        if len(view) < 2:
            raise UnsupportedError(f"simclr contrasts samples with each other: {len(view)} is too few")
        objective = TwoViews(
            view,
            self._batch(view),
            loss_of(self.params),
            Augmentation(
                number(self.params, "jitter"),
                number(self.params, "noise"),
                number(self.params, "mask_steps"),
                number(self.params, "resize"),
            ),
        )
        learned = fit_network(
            view,
            run,
            objective,
            TrainingOptions.of(self.params),
            base_model=Projected.around(
                run.base_model, width=whole(self.params, "width"), lr=number(self.params, "pretrain_lr")
            ),
            budget=_times(run.budget, number(self.params, "pretrain_factor")),
        )
        state = learned.network.encoder.state_dict()  # type: ignore[union-attr]
        return {f"{ENCODER}{name}": value.detach().cpu().numpy() for name, value in state.items()}

    def fit(self, view: View, run: RunContext) -> NetworkPredictor:
        """Learn from the rows that carry a label.

        Raises:
            EobenchError: no row carries one, or there is no base model, or no checkpoint.
        """
        if view.labels is None or not len(view.labelled):
            raise EobenchError("simclr: the view has no labelled row to learn from")
        if run.base_model is None or run.checkpoint is None:
            raise EobenchError("simclr: the run has no base model or no pre-training")
        objective = (LabelObjective if view.labels.ndim == 1 else MapObjective)(
            view,
            view.labels,
            device=torch.device(run.device),
            batch_size=whole(self.params, "batch_size"),
            balanced=self.params["class_weights"] == "balanced",
            selection=str(self.params["selection"]),
        )
        started = Initialised.by(run.base_model, run.checkpoint)
        return fit_network(view, run, objective, TrainingOptions.of(self.params), base_model=started)

    def _batch(self, view: View) -> int:
        shape = view.inputs.shape
        pixels = int(np.prod(shape[1:])) if len(shape) > 2 else 1  # (C, T) or (C, H, W)
        size = whole(self.params, "pretrain_batch")
        return min(size, max(FEWEST, size * PIXELS_A_SAMPLE // pixels))


class TwoViews(Objective):
    """Two views of each sample of a random batch against all others.

    Args:
        view: only its inputs are read.
        size: samples a batch, at most.
        loss: of the two views' projections.
        augmentation: makes a view.
    """

    def __init__(self, view: View, size: int, loss: Loss, augmentation: Augmentation) -> None:
        self.rows = np.arange(len(view))
        self._batches = min(-(-len(view) // size), len(view) // 2)
        self._loss, self._augmentation = loss, augmentation

    def steps(self, epoch: int) -> int:  # noqa: ARG002
        """Return how many batches hold all rows."""
        return self._batches

    def epoch(self, epoch: int, generator: np.random.Generator) -> Iterator[Step]:  # noqa: ARG002
        """Yield all rows once, in equal batches of at least two."""
        for positions in np.array_split(generator.permutation(len(self.rows)), self._batches):
            yield Step(positions, ())

    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:  # noqa: ARG002
        """Return the loss of one batch."""
        one, other = network(torch.cat([self._view(x), self._view(x)])).chunk(2)
        return self._loss(one, other)

    def _view(self, x: torch.Tensor) -> torch.Tensor:
        x = self._augmentation(x)
        if x.ndim == 4 and self._augmentation.noise > 0:  # bands of an image, scaled and shifted together
            gain, shift = (
                self._augmentation.noise * torch.randn(*x.shape[:2], 1, 1, device=x.device) for _ in "ab"
            )
            x = x * (1 + gain) + shift
        return x


def _times(budget: Budget, factor: float) -> Budget:
    if budget.steps is not None:
        return replace(budget, steps=max(1, round(factor * budget.steps)))
    return replace(budget, epochs=max(1, round(factor * (budget.epochs or 1))))
