"""Losses on proportions: of bags of samples, and of the pixels of a chip (`CHIP_LOSSES`)."""

from __future__ import annotations

from collections.abc import Callable

import torch

LEAST = 1e-7
LSRN_FIT, LSRN_SPREAD = 0.8, 0.2

ChipLoss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""(probabilities (B, K, h, w), given shares (B, K), class weights (K,)) -> a scalar."""


def log_mean_probabilities(logits: torch.Tensor, bag_index: torch.Tensor, bags: int) -> torch.Tensor:
    """Return log of each bag's mean probabilities, (bags, K), through log-sum-exp over ragged segments.

    Args:
        logits: (n, K).
        bag_index: (n,) int64, the bag of each row, from 0; every bag below `bags` has a row.
        bags: their number.
    """
    log_p = logits.log_softmax(dim=1)
    spread = bag_index[:, None].expand_as(log_p)
    top = log_p.new_full((bags, log_p.shape[1]), -torch.inf)
    top = top.scatter_reduce(0, spread, log_p.detach(), reduce="amax")
    total = torch.zeros_like(top).index_add(0, bag_index, (log_p - top[bag_index]).exp())
    sizes = torch.bincount(bag_index, minlength=bags)
    return top + total.log() - sizes[:, None].log()


def proportion_cross_entropy(
    logits: torch.Tensor, bag_index: torch.Tensor, proportions: torch.Tensor
) -> torch.Tensor:
    """Return the cross-entropy between bags' proportions and their mean predicted probabilities.

    Eq 1 of the LLP-Co paper, DLLP (Ardehaly and Culotta 2017): L = -sum_i sum_k w_ik log(mean_j p_ijk). The
    logarithm is taken of the mean, not the mean of logarithms. It equals KL(w || mean p) up to the entropy of w.

    Deviation: the mean over the bags of the step, not their sum, so that the learning rate does not depend on
    how many bags a step holds.

    Args:
        logits: (n, K) of all bags' samples.
        bag_index: (n,) int64, the bag of each row, from 0; no bag is empty.
        proportions: (bags, K), rows on the simplex; zeros are fine.
    """
    log_means = log_mean_probabilities(logits, bag_index, len(proportions))
    return -(proportions * log_means).sum(dim=1).mean()


def symmetric_cross_entropy(
    logits: torch.Tensor,
    labels: torch.Tensor,
    forward_weight: float,
    reverse_weight: float,
    log_zero: float = -4.0,
) -> torch.Tensor:
    """Return (n,) `forward_weight` * CE(labels, p) + `reverse_weight` * CE(p, labels) (Wang et al. 2019).

    Args:
        logits: (n, K).
        labels: (n, K) shares, one-hot or mixed.
        forward_weight: of -sum labels log p.
        reverse_weight: of -sum p log labels.
        log_zero: what the logarithm of a label of 0 is taken for; no logarithm is less.
    """
    log_p = logits.log_softmax(dim=1)
    log_labels = labels.log().clamp_min(log_zero)
    return -forward_weight * (labels * log_p).sum(dim=1) - reverse_weight * (log_p.exp() * log_labels).sum(dim=1)


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


CHIP_LOSSES: dict[str, ChipLoss] = {
    "mse": mse,
    "rmse": rmse,
    "kl": kl,
    "cross-entropy": cross_entropy,
    "lsrn": lsrn,
}
