"""Cross-entropy on label maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from eobench.data import EobenchError, View
from eobench_base_models._labels import balanced_weights, mean_accuracy, negative_loss
from eobench_base_models._objective import Objective, Step, Validation, logits_in_training

ROWS_AN_IMAGE = 64
"""An image stands for so many rows of `batch_size`: 256 pixel series, or 4 images as in U-TAE's recipe."""
VALIDATION_PIXELS = 2**20
NOT_GIVEN = -1


class MapObjective(Objective):
    """Cross-entropy on the labelled pixels of a view's images.

    Args:
        view: of images or image series.
        labels: (n, H, W) of its rows, its own or pseudo-labels; -1 = not given.
        device: of the network.
        batch_size: in rows; `ROWS_AN_IMAGE` of them are an image.
        balanced: weigh classes by the inverse of their number of labelled pixels.
        selection: `ma` or `loss` chooses the state by the validation images' pixels; `last` keeps the last.
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
        self.rows = np.flatnonzero((labels >= 0).any(axis=(1, 2)))
        self._labels, self._device = labels, device
        self._batch_size = max(1, batch_size // ROWS_AN_IMAGE)
        self._weights: torch.Tensor | None = None
        if balanced:
            known = labels[labels >= 0].astype(np.int64)
            self._weights = torch.from_numpy(balanced_weights(known, len(view.classes))).to(device)
        if selection != "last" and view.validation is not None:
            self.validation = map_validation(view.validation, selection, device)

    def steps(self, epoch: int) -> int:  # noqa: ARG002
        """Return how many batches hold all images."""
        return -(-len(self.rows) // self._batch_size)

    def epoch(self, epoch: int, generator: np.random.Generator) -> Iterator[Step]:
        """Yield all images once, in equal batches."""
        for positions in np.array_split(generator.permutation(len(self.rows)), self.steps(epoch)):
            labels = torch.from_numpy(self._labels[self.rows[positions]].astype(np.int64))
            yield Step(positions, (labels.to(self._device),))

    def loss(self, network: nn.Module, x: torch.Tensor, step: Step) -> torch.Tensor:
        """Return the (weighted) mean cross-entropy of the labelled pixels."""
        labels = step.targets[0]
        logits = fitted_to(logits_in_training(network, x), labels)
        return functional.cross_entropy(logits, labels, weight=self._weights, ignore_index=NOT_GIVEN)


def fitted_to(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return maps of logits, (B, K, H, W), in the size of the label maps, (B, H, W).

    Raises:
        EobenchError: the network gives no maps.
    """
    if logits.ndim != 4:
        raise EobenchError(
            f"label maps need a base model that gives maps; this one gives logits of {tuple(logits.shape[1:])}"
        )
    if logits.shape[2:] == labels.shape[1:]:
        return logits
    return functional.interpolate(logits, size=labels.shape[1:], mode="bilinear", align_corners=False)


def map_validation(view: View, selection: str, device: torch.device) -> Validation | None:
    """Return how label maps of a validation view choose the state, or None where it has none."""
    if view.labels is None or not len(view.labelled):
        return None
    height, width = view.labels.shape[1:]
    rows = view.labelled[: max(1, VALIDATION_PIXELS // (height * width))]  # rows stand in random order
    labels = torch.from_numpy(view.labels[rows].astype(np.int64)).to(device)
    if selection == "loss":
        return Validation(view.inputs, rows, partial(_of_pixels, negative_loss, labels), "validation-score")
    return Validation(view.inputs, rows, partial(_of_pixels, mean_accuracy, labels), "validation-ma")


def _of_pixels(
    score: Callable[[torch.Tensor, torch.Tensor], float], labels: torch.Tensor, logits: torch.Tensor
) -> float:
    known = labels >= 0
    return score(labels[known], fitted_to(logits, labels).movedim(1, -1)[known])
