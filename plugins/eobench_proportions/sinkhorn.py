"""Sinkhorn: entropic optimal transport between samples and classes, for many bags at once, of any marginals."""

from __future__ import annotations

import torch

from eobench.data import EobenchError

SAFE_RANGE = 60.0
"""Scores over epsilon that differ by less are iterated as numbers: exp(+-60) lies well within float32.

Cosines over 0.05 differ by up to 40, and a little more by rounding. Scalings differ by no more than scores do."""
SAFE_SCALE = 1e12
"""Scalings this large, or this small, are taken into the potentials, lest they scale what the kernel lost to zero.

What float32 loses is below 1e-38 of a sample's mass: scaled by so much it is still nothing."""
CHUNK = 2**19
"""Entries of bags that are iterated together on the CPU, so that they stay in its cache."""
PADDING = -1e30
"""Score of a sample without mass: no class's sum notices it."""
CHECK_EVERY = 10
MASS_TOLERANCE = 1e-3


@torch.no_grad()
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
    are few iterations that order shows in the numbers. The kernel is iterated as numbers where the scores allow;
    where they would overflow, logarithms come in as often as needed. Both give the same plan. No gradient flows.

    Args:
        scores: (..., n, K), any real type; half precision is computed in float32. Finite where mass may go.
        classes: (..., K) mass of each class, zeros are fine; broadcast over the leading dimensions.
        samples: (..., n) mass of each sample, 0 for rows that pad a bag; default 1/n each.
        epsilon: strength of the entropy, in units of the scores.
        iterations: of both steps, at most; 1 or more.
        tolerance: stop once no class's mass is off by more than this; None: run all iterations.

    Returns:
        (..., n, K), float32 or float64, in memory class by class. Rows sum to `samples`; columns nearly to
        `classes`.

    Raises:
        EobenchError: shapes do not fit, a mass is negative or not finite, the two sides hold different masses, or
            epsilon or the iterations are not positive.
    """
    if scores.ndim < 2 or classes.shape[-1] != scores.shape[-1] or epsilon <= 0 or iterations < 1:
        raise EobenchError(
            f"sinkhorn: scores of shape {tuple(scores.shape)} need classes (..., {scores.shape[-1:]}), found "
            f"{tuple(classes.shape)}, epsilon above 0, found {epsilon}, and an iteration, found {iterations}"
        )
    kind = scores.dtype if scores.dtype in (torch.float32, torch.float64) else torch.float32
    lead, (n, k) = scores.shape[:-2], scores.shape[-2:]
    flat = scores.reshape(-1, n, k)
    plan = flat.new_empty((len(flat), k, n), dtype=kind)
    w = classes.to(plan).expand(*lead, k).reshape(-1, k)
    if samples is None:
        a = plan.new_full((1, 1), 1 / max(1, n))
        w = _balanced(w, plan.new_ones((1, 1)))
    else:
        a = samples.to(plan).expand(*lead, n).reshape(-1, n)
        w = _balanced(w, a.sum(dim=1, keepdim=True), a)
    if flat.numel():
        wide = bool((flat.amax(dim=(1, 2)) - flat.amin(dim=(1, 2))).amax() > SAFE_RANGE * epsilon)
        solve = _by_logarithms if wide else _by_numbers
        size = len(w) if scores.is_cuda else max(1, CHUNK // (n * k))
        for i in range(0, len(w), size):
            part = slice(i, i + size)
            log_kernel = plan[part].copy_(flat[part].transpose(1, 2)).div_(epsilon)
            own = a[None] if samples is None else a[part, None]
            if samples is not None:
                log_kernel.masked_fill_(own == 0, PADDING)
            solve(log_kernel, w[part, None], own, iterations, tolerance)
    return plan.transpose(1, 2).reshape(scores.shape)


def codes(
    scores: torch.Tensor,
    classes: torch.Tensor,
    samples: torch.Tensor | None = None,
    *,
    epsilon: float = 0.05,
    iterations: int = 5,
    tolerance: float | None = None,
) -> torch.Tensor:
    """Return each sample's shares among the classes, (..., n, K), contiguous: the plan, rows scaled to sum to one.

    Rows without mass stay zero. Arguments and errors as `transport`.
    """
    plan = transport(scores, classes, samples, epsilon=epsilon, iterations=iterations, tolerance=tolerance)
    total = plan.sum(dim=-1, keepdim=True)
    return plan.div_(torch.where(total > 0, total, 1.0)).contiguous()


def hardened(soft: torch.Tensor) -> torch.Tensor:
    """Return one-hot codes of the largest share; rows of zeros stay so. Of equals the first."""
    best = torch.zeros_like(soft).scatter_(-1, soft.argmax(dim=-1, keepdim=True), 1.0)
    return best * (soft.sum(dim=-1, keepdim=True) > 0)


def _balanced(classes: torch.Tensor, held: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
    """Return masses (bags, K) of classes scaled to what their bags hold, (bags, 1) or (1, 1), after checks."""
    total = classes.sum(dim=1, keepdim=True)
    fair = ((total - held).abs() <= MASS_TOLERANCE * held).all()
    for masses in (classes, *others):
        fair = fair & (masses >= 0).all()
    if not bool(fair):
        if not all(bool((m.isfinite() & (m >= 0)).all()) for m in (classes, *others)):
            raise EobenchError("sinkhorn: a mass is negative or not finite; proportions must lie between 0 and 1")
        bag = int(((total - held).abs() - MASS_TOLERANCE * held).argmax())
        raise EobenchError(
            f"sinkhorn: bag {bag} has classes of mass {float(total[bag]):g} and samples of mass "
            f"{float(held.expand_as(total)[bag]):g}; proportions must sum to one"
        )
    return classes * (held / total.clamp_min(torch.finfo(total.dtype).tiny))


def _by_numbers(
    plan: torch.Tensor, w: torch.Tensor, a: torch.Tensor, iterations: int, tolerance: float | None
) -> None:
    """Turn scores over epsilon (bags, K, n) into the plan, in place: two batched products an iteration.

    The first step scales classes alone, and so is a softmax over samples, which guards itself against overflow.
    Both products are of a row and a matrix: several times faster than of a matrix and a column.
    """
    torch.softmax(plan, dim=2, out=plan)
    u = w
    v = a / _positive(torch.bmm(u, plan))
    u, v, _ = _iterated(plan, w, a, (u, v), range(1, iterations), tolerance, torch.inf)
    plan.mul_(u.transpose(1, 2)).mul_(v)


def _by_logarithms(
    plan: torch.Tensor, w: torch.Tensor, a: torch.Tensor, iterations: int, tolerance: float | None
) -> None:
    """The same where numbers would overflow: potentials f and g hold what scalings cannot.

    A step of logarithms, then steps of numbers upon the kernel exp(scores / epsilon + f + g), until scalings leave
    their safe range. A mass of zero is a potential of minus infinity, which no sum notices.
    """
    log_kernel, log_w, log_a = plan.clone(), w.log().transpose(1, 2), a.log()
    f, g = torch.zeros_like(log_w), torch.where(a > 0, 0.0, -torch.inf).to(a)
    done = 0
    while done < iterations:
        f = torch.where(log_w.isfinite(), log_w - torch.logsumexp(log_kernel + g, dim=2, keepdim=True), log_w)
        g = torch.where(a > 0, log_a - torch.logsumexp(log_kernel + f, dim=1, keepdim=True), log_a)
        torch.exp(torch.add(log_kernel, f, out=plan).add_(g), out=plan)
        one = torch.ones_like(w), torch.ones_like(g)
        u, v, done = _iterated(plan, w, a, one, range(done + 1, iterations), tolerance, SAFE_SCALE)
        f = f + u.log().transpose(1, 2).nan_to_num_(neginf=0.0)
        g = g + v.log().nan_to_num_(neginf=0.0)
    torch.exp(torch.add(log_kernel, f, out=plan).add_(g), out=plan)


def _iterated(
    kernel: torch.Tensor,
    w: torch.Tensor,
    a: torch.Tensor,
    scalings: tuple[torch.Tensor, torch.Tensor],
    steps: range,
    tolerance: float | None,
    safe: float,
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Scale classes by u and samples by v; return both and the steps done, all where the classes hold."""
    (u, v), turned = scalings, kernel.transpose(1, 2)
    for i in steps:
        total = torch.bmm(v, turned)
        if tolerance is not None and i % CHECK_EVERY == 1 and bool((u * total - w).abs().amax() <= tolerance):
            return u, v, steps.stop
        scaled = w / _positive(total)
        if safe < torch.inf and not bool(((scaled < safe) & ((scaled > 1 / safe) | (w == 0))).all()):
            return u, v, i
        u = scaled
        v = a / _positive(torch.bmm(u, kernel))
    return u, v, steps.stop


def _positive(total: torch.Tensor) -> torch.Tensor:
    return total.clamp_min_(torch.finfo(total.dtype).tiny)
