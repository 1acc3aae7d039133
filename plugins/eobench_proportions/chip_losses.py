"""Losses between a chip's predicted class shares and the shares that it is given."""

from __future__ import annotations

from collections.abc import Callable

import torch

LEAST = 1e-7
LSRN_FIT, LSRN_SPREAD = 0.8, 0.2

ChipLoss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""(probabilities (B, K, h, w), given shares (B, K), class weights (K,)) -> a scalar."""


def mse(probabilities: torch.Tensor, given: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Squared error, summed over classes, mean over chips: the paper's (METHODS 3.1)."""
    return (weights * (probabilities.mean(dim=(2, 3)) - given).square()).sum(dim=1).mean()


def rmse(probabilities: torch.Tensor, given: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Square root of each chip's squared error, mean over chips."""
    square = (weights * (probabilities.mean(dim=(2, 3)) - given).square()).sum(dim=1)
    return (square + LEAST**2).sqrt().mean()


def kl(probabilities: torch.Tensor, given: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence of the predicted shares from those given, mean over chips."""
    predicted = probabilities.mean(dim=(2, 3)).clamp_min(LEAST)
    return (weights * torch.xlogy(given, given.clamp_min(LEAST) / predicted)).sum(dim=1).mean()


def cross_entropy(probabilities: torch.Tensor, given: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the shares, mean over chips: Eq 1 of the LLP-Co paper with a bag of one chip's pixels."""
    predicted = probabilities.mean(dim=(2, 3)).clamp_min(LEAST)
    return -(weights * given * predicted.log()).sum(dim=1).mean()


def lsrn(probabilities: torch.Tensor, given: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """0.8 (given - mean)^2 / variance + 0.2 variance over a chip's pixels, summed over classes.

    METHODS 3.1 gives the form and not what varies; taken as the predicted probabilities of the chip's pixels.
    The variance is kept above 0.001, below which a flat map would make the first term explode.
    """
    mean = probabilities.mean(dim=(2, 3))
    variance = probabilities.var(dim=(2, 3), unbiased=False).clamp_min(1e-3)
    terms = LSRN_FIT * (given - mean).square() / variance + LSRN_SPREAD * variance
    return (weights * terms).sum(dim=1).mean()


LOSSES: dict[str, ChipLoss] = {"mse": mse, "rmse": rmse, "kl": kl, "cross-entropy": cross_entropy, "lsrn": lsrn}
