"""Sinkhorn: entropic optimal transport between samples and classes, for many bags at once, of any marginals."""

from __future__ import annotations

import torch

from eobench.data import EobenchError

SAFE_RANGE = 60.0
"""Scores over epsilon that differ by less are iterated as numbers: exp(+-60) lies well within float32.

Cosines over 0.05 differ by up to 40, and a little more by rounding. Scalings differ by no more than scores do."""
CHUNK = 2**16
"""Entries of bags that are iterated together on the CPU, so that they stay in its cache."""
CHECK_EVERY = 10
MASS_TOLERANCE = 1e-3


def transport(
    scores: torch.Tensor,
    classes: torch.Tensor,
    samples: torch.Tensor | None = None,
    *,
    epsilon: float = 0.05,
    iterations: int = 5,
    tolerance: float | None = None,
) -> torch.Tensor:
    """Return the plan Q that maximises <Q, scores> + epsilon * entropy(Q) between two marginals.

    Eq 10 of the LLP-Co paper, Eq 2 of Dulac-Arnold et al. with scores log P. An iteration scales classes, then
    samples, as SwAV's: sums over a sample are exact, those over a class hold as far as it converged. Where there
    are few iterations that order shows in the numbers. The kernel is iterated as numbers where the scores allow,
    and as logarithms where they would overflow; both give the same plan.

    Args:
        scores: (..., n, K), any real type; half precision is computed in float32. Finite where mass may go.
        classes: (..., K) mass of each class, zeros are fine; broadcast over the leading dimensions.
        samples: (..., n) mass of each sample, 0 for rows that pad a bag; default 1/n each.
        epsilon: strength of the entropy, in units of the scores.
        iterations: of both steps, at most.
        tolerance: stop once no class's mass is off by more than this; None: run all iterations.

    Returns:
        (..., n, K), float32 or float64. Rows sum to `samples`; columns nearly to `classes`.

    Raises:
        EobenchError: shapes do not fit, a mass is negative or not finite, the two sides hold different masses, or
            epsilon is not positive.
    """
    if scores.ndim < 2 or classes.shape[-1] != scores.shape[-1] or epsilon <= 0:
        raise EobenchError(
            f"sinkhorn: scores of shape {tuple(scores.shape)} need classes (..., {scores.shape[-1:]}), found "
            f"{tuple(classes.shape)}, and epsilon above 0, found {epsilon}"
        )
    kind = scores.dtype if scores.dtype in (torch.float32, torch.float64) else torch.float32
    lead, (n, k) = scores.shape[:-2], scores.shape[-2:]
    flat = scores.to(kind).reshape(-1, n, k)
    if samples is None:
        samples = flat.new_full((n,), 1 / max(1, n))
    w = classes.to(flat).expand(*lead, k).reshape(-1, k)
    a = samples.to(flat).expand(*lead, n).reshape(-1, n)
    _check_masses(w, a)
    w = w * (a.sum(dim=1, keepdim=True) / w.sum(dim=1, keepdim=True).clamp_min(torch.finfo(kind).tiny))
    plan = torch.empty_like(flat)
    if not flat.numel():
        return plan.reshape(scores.shape)
    top = flat.amax(dim=(1, 2), keepdim=True)
    wide = bool((top - flat.amin(dim=(1, 2), keepdim=True)).amax() > SAFE_RANGE * epsilon)
    solve = _by_logarithms if wide else _by_numbers
    size = len(w) if scores.is_cuda else max(1, CHUNK // (n * k))
    for i in range(0, len(w), size):
        part = slice(i, i + size)
        plan[part] = solve((flat[part] - top[part]).div_(epsilon), w[part], a[part], iterations, tolerance)
    return plan.reshape(scores.shape)


def codes(
    scores: torch.Tensor,
    classes: torch.Tensor,
    samples: torch.Tensor | None = None,
    *,
    epsilon: float = 0.05,
    iterations: int = 5,
    tolerance: float | None = None,
) -> torch.Tensor:
    """Return each sample's shares among the classes, (..., n, K): the plan, rows scaled to sum to one.

    Rows without mass stay zero. Arguments and errors as `transport`.
    """
    plan = transport(scores, classes, samples, epsilon=epsilon, iterations=iterations, tolerance=tolerance)
    total = plan.sum(dim=-1, keepdim=True)
    return plan / torch.where(total > 0, total, 1.0)


def hardened(soft: torch.Tensor) -> torch.Tensor:
    """Return one-hot codes of the largest share; rows of zeros stay so. Of equals the first."""
    best = torch.zeros_like(soft).scatter_(-1, soft.argmax(dim=-1, keepdim=True), 1.0)
    return best * (soft.sum(dim=-1, keepdim=True) > 0)


def _check_masses(classes: torch.Tensor, samples: torch.Tensor) -> None:
    both = torch.cat([classes, samples], dim=1)
    if not bool((both.isfinite() & (both >= 0)).all()):
        raise EobenchError("sinkhorn: a mass is negative or not finite; proportions must lie between 0 and 1")
    off = (classes.sum(dim=1) - samples.sum(dim=1)).abs() - MASS_TOLERANCE * samples.sum(dim=1)
    if len(off) and bool((off > 0).any()):
        bag = int(off.argmax())
        raise EobenchError(
            f"sinkhorn: bag {bag} has classes of mass {float(classes[bag].sum()):g} and samples of mass "
            f"{float(samples[bag].sum()):g}; proportions must sum to one"
        )


def _by_numbers(
    log_kernel: torch.Tensor, w: torch.Tensor, a: torch.Tensor, iterations: int, tolerance: float | None
) -> torch.Tensor:
    """Scale the kernel exp(scores / epsilon): two batched products of a row and a matrix an iteration.

    The kernel is held twice, since a row times a matrix is several times faster than a matrix times a column.
    """
    kernel = log_kernel.exp_()
    turned, least = kernel.transpose(1, 2).contiguous(), torch.finfo(kernel.dtype).tiny
    w, a = w[:, None], a[:, None]
    u, v = torch.ones_like(w), (a > 0).to(a)
    for i in range(iterations):
        total = v @ kernel
        if tolerance is not None and i % CHECK_EVERY == 1 and bool((u * total - w).abs().amax() <= tolerance):
            break
        u = w / total.clamp_min(least)
        v = a / (u @ turned).clamp_min(least)
    return kernel.mul_(u).mul_(v.transpose(1, 2))


def _by_logarithms(
    log_kernel: torch.Tensor, w: torch.Tensor, a: torch.Tensor, iterations: int, tolerance: float | None
) -> torch.Tensor:
    """The same with potentials; a mass of zero is a potential of minus infinity, which no sum notices."""
    log_w, log_a = w.log(), a.log()
    f = torch.zeros_like(w)
    g = torch.where(a > 0, 0.0, -torch.inf).to(a)
    for i in range(iterations):
        total = torch.logsumexp(log_kernel + g[..., None], dim=1)
        if (
            tolerance is not None
            and i % CHECK_EVERY == 1
            and bool(((f + total).exp() - w).abs().amax() <= tolerance)
        ):
            break
        f = torch.where(w > 0, log_w - total, -torch.inf)
        g = torch.where(a > 0, log_a - torch.logsumexp(log_kernel + f[:, None], dim=2), -torch.inf)
    return (log_kernel + f[:, None] + g[..., None]).exp()
