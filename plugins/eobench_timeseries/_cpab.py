"""CPAB transformations of an interval: flows of continuous piecewise-affine velocities, in closed form."""

from __future__ import annotations

import torch

_SMALL = 1e-4
"""Of |a u|: below it the series of log1p(s) / s and expm1(s) / s serve."""


def cpab_flow(points: torch.Tensor, velocity: torch.Tensor) -> torch.Tensor:
    """Return where points of [0, 1] are after unit time, differentiable in the velocity.

    Freifeld, Hauberg, Batmanghelich and Fisher (TPAMI 2017): within a cell the velocity is v(x) = a x + b, whose
    flow is exponential. A point follows its cell's flow until its time is up or it meets the cell's border, at
    log(v(border) / v(x)) / a, and goes on in the next cell. Velocities of 0 at both ends keep it in [0, 1].

    Args:
        points: (T,) or (B, T), in [0, 1].
        velocity: (B, V) at V equidistant vertices from 0 to 1; the first and the last must be 0.

    Returns:
        (B, T), increasing in the points.
    """
    count, cells = len(velocity), velocity.shape[1] - 1
    x = points.expand(count, -1).clone()
    left = torch.zeros_like(x)
    cell = (x.detach() * cells).long().clamp(0, cells - 1)
    time = torch.ones_like(x)
    moving = torch.ones_like(x, dtype=torch.bool)
    slopes = (velocity[:, 1:] - velocity[:, :-1]) * cells
    for _ in range(2 * cells + 1):  # a flow never turns, so that no cell is crossed twice
        slope = slopes.gather(1, cell)
        here = velocity.gather(1, cell) + slope * (x - cell / cells)
        ahead = torch.where(here >= 0, cell + 1, cell)
        border = ahead / cells
        needed = _time_to(border - x, here, slope)
        crosses = moving & (needed < time)
        stays = moving & ~crosses
        left = torch.where(stays, x + _way(time, here, slope), left)
        moving = crosses
        if not bool(moving.any()):
            break
        time = torch.where(crosses, time - torch.where(crosses, needed, 0.0), time)
        x = torch.where(crosses, border.to(x.dtype), x)
        cell = torch.where(crosses, torch.where(here >= 0, cell + 1, cell - 1), cell)
        outside = moving & ((cell < 0) | (cell >= cells))  # only by rounding: the ends stand still
        left, moving = torch.where(outside, x, left), moving & ~outside
        cell = cell.clamp(0, cells - 1)
    return torch.where(moving, x, left)


def _way(time: torch.Tensor, here: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """The distance that a point goes in a cell: v (exp(a t) - 1) / a."""
    power = slope * time
    small = power.abs() < _SMALL
    safe = torch.where(small, 1.0, power)
    growth = torch.where(small, 1 + power / 2, torch.expm1(safe) / safe)
    return here * time * growth


def _time_to(way: torch.Tensor, here: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """The time to a border: log(1 + a u) / a with u = way / v; infinite where the flow stops before it."""
    still = here == 0
    u = way / torch.where(still, 1.0, here)
    part = slope * u
    never = still | (part <= -1 + 1e-7)
    small = part.abs() < _SMALL
    safe = torch.where(never | small, 1.0, part)
    time = u * torch.where(small, 1 - part / 2, torch.log1p(safe) / safe)
    return torch.where(never, torch.inf, time)


def cpab_basis(cells: int) -> torch.Tensor:
    """Return (cells - 1, cells + 1) float32: the velocities at the vertices of an orthonormal basis.

    Velocities that are 0 at both ends have `cells` - 1 dimensions. As in libcpab, the basis is orthonormal in the
    coefficients (a, b) of the cells, v(x) = a x + b; which of the orthonormal ones is a choice. These are the
    singular vectors, the smoothest last.
    """
    _, sizes, right = torch.linalg.svd(_coefficients(cells), full_matrices=False)
    return torch.nn.functional.pad(right / sizes[:, None], (1, 1)).float()


def smoothness_precision(cells: int, smooth: float, variance: float) -> torch.Tensor:
    """Return the inverse covariance of theta, the coordinates in `cpab_basis`, (cells - 1, cells - 1) float32.

    The prior of the official code: coefficients (a, b) of all cells in one row from -1 to 1 have a covariance of
    (`variance` D)^2 exp(-2 d / `smooth`) at distance d, where D is their number; theirs within the basis counts.
    """
    left, _, _ = torch.linalg.svd(_coefficients(cells), full_matrices=False)
    count = 2 * cells
    place = torch.linspace(-1, 1, count, dtype=torch.float64)
    distance = (place[:, None] - place).abs()
    covariance = (variance * count) ** 2 * torch.exp(-2 * distance / smooth)
    precision: torch.Tensor = torch.linalg.inv(left.T @ covariance @ left).float()
    return precision


def _coefficients(cells: int) -> torch.Tensor:
    """(2 cells, cells - 1) float64: coefficients (a, b) of each cell, one after the other, of inner velocities."""
    velocity = torch.nn.functional.pad(torch.eye(cells - 1, dtype=torch.float64), (1, 1))  # a vertex each
    slope = velocity.diff(dim=1) * cells
    left_ends = torch.arange(cells, dtype=torch.float64) / cells
    return torch.stack([slope, velocity[:, :-1] - slope * left_ends], dim=2).flatten(1).T
