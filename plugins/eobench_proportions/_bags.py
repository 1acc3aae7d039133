"""Bags as tensors: gathered in one index operation, checked once, padded to one size where they are ragged."""

from __future__ import annotations

import numpy as np
import torch

from eobench.data import Bags, EobenchError, View
from eobench_proportions.sinkhorn import codes

SUM_TOLERANCE = 1e-3


def checked_bags(view: View, method: str) -> Bags:
    """Return the view's bags.

    Raises:
        EobenchError: it has none, or a bag's proportions are no proportions; the message names the method.
    """
    if view.bags is None or not any(len(partition) for partition in view.bags.partitions):
        raise EobenchError(f"{method}: the view has no bags to learn from")
    for partition in view.bags.partitions:
        given = partition.proportions.astype(np.float64)
        wrong = ~np.isfinite(given).all(axis=1) | (given < 0).any(axis=1)
        wrong |= ~(np.abs(given.sum(axis=1) - 1) <= SUM_TOLERANCE)
        wrong &= np.diff(partition.offsets) > 0
        if wrong.any():
            bag = int(np.flatnonzero(wrong)[0])
            raise EobenchError(
                f"{method}: the proportions of bag {bag} are {np.round(given[bag], 4).tolist()}, which sum to "
                f"{given[bag].sum():g}; they must lie between 0 and 1 and sum to one"
            )
    return view.bags


def bag_codes(
    scores: torch.Tensor,
    bag_index: torch.Tensor,
    proportions: torch.Tensor,
    *,
    epsilon: float,
    iterations: int,
) -> torch.Tensor:
    """Return codes (n, K) of samples whose bags have given proportions, without a gradient.

    Args:
        scores: (n, K) of all bags' samples, bag after bag.
        bag_index: (n,) int64, the bag of each row, ascending from 0.
        proportions: (bags, K).
        epsilon: of `sinkhorn.codes`.
        iterations: of `sinkhorn.codes`.
    """
    with torch.no_grad():
        bags, width = proportions.shape
        sizes = torch.bincount(bag_index, minlength=bags)
        longest = int(sizes.max())
        if longest * bags == len(scores):
            dense = scores.detach().view(bags, longest, width)
            return codes(dense, proportions, epsilon=epsilon, iterations=iterations).view(-1, width)
        starts = sizes.cumsum(0) - sizes
        within = torch.arange(len(scores), device=scores.device) - starts[bag_index]
        places = bag_index * longest + within
        dense = scores.new_zeros(bags * longest, width).index_copy(0, places, scores.detach())
        mass = scores.new_zeros(bags * longest).index_copy(0, places, 1.0 / sizes[bag_index].to(scores))
        mass = torch.where((sizes > 0)[:, None], mass.view(bags, longest), 1.0 / longest)
        found = codes(dense.view(bags, longest, width), proportions, mass, epsilon=epsilon, iterations=iterations)
        return found.view(-1, width)[places]


def bag_means(values: torch.Tensor, bag_index: torch.Tensor, bags: int) -> torch.Tensor:
    """Return the mean over bags of the bags' means of (n,) values: bags of any size count the same."""
    sizes = torch.bincount(bag_index, minlength=bags)[bag_index]
    return (values / sizes).sum() / bags
