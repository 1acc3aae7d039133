"""What learning from labels needs, of samples or of pixels: class weights and scores of a validation view."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional


def balanced_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return (K,) weights n / (classes present * n_k); 0 for a class without labels."""
    counts = np.bincount(labels, minlength=classes)
    present = counts > 0
    weights = len(labels) / (present.sum() * np.maximum(counts, 1))
    return np.where(present, weights, 0.0).astype(np.float32)


def negative_loss(labels: torch.Tensor, logits: torch.Tensor) -> float:
    """Return minus the mean cross-entropy of (n, K) logits."""
    return -float(functional.cross_entropy(logits, labels))


def mean_accuracy(labels: torch.Tensor, logits: torch.Tensor) -> float:
    """Return the mean recall over the classes present, of (n, K) logits."""
    classes = logits.shape[1]
    hits = torch.bincount(labels[logits.argmax(dim=1) == labels], minlength=classes)
    counts = torch.bincount(labels, minlength=classes)
    return float((hits / counts)[counts > 0].mean())
