"""Losses of self-supervised learning from two views of the same samples, and SCARF's corruption.

Imports torch: import it where a method is loaded, not where its card is made.
"""

from __future__ import annotations

import torch
from torch.nn import functional


def nt_xent(first: torch.Tensor, second: torch.Tensor, temperature: float = 0.07) -> torch.Tensor:
    """Return the normalised temperature-scaled cross-entropy of SimCLR (Chen et al. 2020, Eq 1), a scalar.

    Both directions; each of the 2B vectors has one positive and 2B - 2 negatives. Patnala et al.'s code uses this
    form, their Eq 1 is `eq1`.

    Args:
        first: (B, D) vectors of one view.
        second: (B, D) of the other; row i is the same sample.
        temperature: that cosines are divided by.
    """
    vectors = functional.normalize(torch.cat([first, second]), dim=1)
    logits = vectors @ vectors.T / temperature
    logits.fill_diagonal_(-torch.inf)
    count = len(first)
    index = torch.arange(2 * count, device=first.device)
    return functional.cross_entropy(logits, (index + count) % (2 * count))


def eq1(first: torch.Tensor, second: torch.Tensor, temperature: float = 0.07) -> torch.Tensor:
    """Return Eq 1 of Patnala et al. as it is printed, a scalar; it may be negative.

    The positive is absent from the denominator, and only vectors of `first` are anchors: their negatives are the
    other samples in both views. A single sample has no negative: 0.

    Args:
        first: (B, D) vectors of Sentinel-2.
        second: (B, D) vectors of Planetscope.
        temperature: that cosines are divided by.
    """
    if len(first) < 2:
        return 0.0 * (first.sum() + second.sum())
    one, other = functional.normalize(first, dim=1), functional.normalize(second, dim=1)
    within, across = one @ one.T / temperature, one @ other.T / temperature
    positive = across.diagonal()
    own = torch.eye(len(one), dtype=torch.bool, device=one.device)
    negatives = torch.cat([within.masked_fill(own, -torch.inf), across.masked_fill(own, -torch.inf)], dim=1)
    return (negatives.logsumexp(dim=1) - positive).mean()


def barlow_twins(first: torch.Tensor, second: torch.Tensor, redundancy: float = 0.005) -> torch.Tensor:
    """Return the loss of Barlow Twins (Zbontar et al. 2021, Eq 1): the cross-correlation against the identity.

    Args:
        first: (B, D) vectors of one view.
        second: (B, D) of the other.
        redundancy: weight of the elements off the diagonal.
    """
    one, other = _standardised(first), _standardised(second)
    correlation = one.T @ other / len(one)
    diagonal = correlation.diagonal()
    off = correlation.square().sum() - diagonal.square().sum()
    return (1 - diagonal).square().sum() + redundancy * off


def vicreg(
    first: torch.Tensor,
    second: torch.Tensor,
    invariance: float = 25.0,
    variance: float = 25.0,
    covariance: float = 1.0,
) -> torch.Tensor:
    """Return the loss of VICReg (Bardes, Ponce and LeCun 2022, Eq 1-6).

    As their code, each of the variance and covariance terms of the two views: variance halved, covariance not.

    Args:
        first: (B, D) vectors of one view, B at least 2.
        second: (B, D) of the other.
        invariance: weight of the mean square distance.
        variance: weight of the hinge on each dimension's deviation.
        covariance: weight of the squared covariances.
    """
    spread = (_hinge(first) + _hinge(second)) / 2
    redundant = _covariance(first) + _covariance(second)
    return invariance * functional.mse_loss(first, second) + variance * spread + covariance * redundant


def alignment(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the mean squared distance of positives on the unit sphere (Wang and Isola 2020); 0 is aligned."""
    return (functional.normalize(first, dim=1) - functional.normalize(second, dim=1)).square().sum(1).mean()


def uniformity(vectors: torch.Tensor, scale: float = 2.0) -> torch.Tensor:
    """Return the log of the mean Gaussian potential of all pairs on the sphere (Wang and Isola 2020).

    Lower is more uniform; 0: all vectors are the same.

    Args:
        vectors: (B, D), B at least 2.
        scale: their t.
    """
    return torch.pdist(functional.normalize(vectors, dim=1)).square().mul(-scale).exp().mean().log()


def corrupt(values: torch.Tensor, share: float, marginals: torch.Tensor) -> torch.Tensor:
    """Return SCARF's corrupted view (Bahri et al. 2021, Algorithm 1); the input is left as it is.

    In each sample `floor(share * C)` features of its own choice are replaced; every replacement is drawn from that
    feature's empirical marginal, independently. (Patnala et al.'s code corrupts one set of features for a whole
    batch, in place and from one donor row: METHODS 2.1.) Draws from torch's generator of the values' device.

    Args:
        values: (B, C).
        share: of the features, 0 to 1.
        marginals: (M, C) samples that stand for the marginals.
    """
    rows, features = values.shape
    count = int(share * features + 1e-9)
    if count == 0:
        return values.clone()
    columns = torch.rand(rows, features, device=values.device).argsort(dim=1)[:, :count]
    donors = torch.randint(len(marginals), (rows, count), device=values.device)
    return values.scatter(1, columns, marginals[donors, columns])


def corrupt_batch(values: torch.Tensor, share: float) -> torch.Tensor:
    """Return values corrupted as Patnala et al.'s published code does it (METHODS 2.1), for `quirks=corruption`.

    In every second batch, by chance, one random set of `floor(share * C)` features is replaced in all its
    samples; a sample takes all of them from one other row of the batch, so jointly and not from marginals. The
    other batches stay as they are. Draws from torch's generator of the CPU.

    Args:
        values: (B, C).
        share: of the features, 0 to 1.
    """
    rows, features = values.shape
    count = int(share * features + 1e-9)
    if count == 0 or float(torch.rand(())) < 0.5:
        return values.clone()
    columns = torch.randperm(features)[:count].to(values.device)
    donors = torch.randint(rows, (rows, 1)).to(values.device)
    made = values.clone()
    made[:, columns] = values[donors, columns]
    return made


def _standardised(vectors: torch.Tensor) -> torch.Tensor:
    return (vectors - vectors.mean(0)) / (vectors.var(0, correction=0) + 1e-5).sqrt()


def _hinge(vectors: torch.Tensor) -> torch.Tensor:
    return functional.relu(1 - (vectors.var(0) + 1e-4).sqrt()).mean()


def _covariance(vectors: torch.Tensor) -> torch.Tensor:
    centred = vectors - vectors.mean(0)
    table = centred.T @ centred / (len(vectors) - 1)
    return (table.square().sum() - table.diagonal().square().sum()) / vectors.shape[1]
