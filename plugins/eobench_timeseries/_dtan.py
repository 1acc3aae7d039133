"""DTAN: a network that aligns series by diffeomorphic warps, then K-means on the aligned series."""

from __future__ import annotations

import torch
from torch import nn

from eobench.data import View
from eobench.plugin import Method, RunContext
from eobench_base_models.training import Adam, number, seeded, whole
from eobench_timeseries._cpab import cpab_basis, cpab_flow, smoothness_precision
from eobench_timeseries._encoded import EncodedClusters, Encoder, centres_of, encoded
from eobench_timeseries._loop import Curve, batches
from eobench_timeseries._series import clustered_rows, preparation_of, prepared

CONVOLUTIONS = ((128, 7), (64, 9), (64, 3))
HIDDEN = 48


class DTANKMeans(Method):
    """DTAN + K-means of Vincent et al. (Table 3): Shapira Weber, Eyal, Skafte, Shriki and Freifeld, NeurIPS 2019.

    A network (convolutions 128, 64, 64 of 7, 9 and 3 steps with batch normalisation, ReLU and max pooling, 48
    values) gives each series theta (tanh), the coordinates of the velocities of a CPAB warp with `tessellation`
    cells and fixed ends; the loss is the variance of the aligned series about their mean plus `prior_weight` times
    a prior that keeps warps smooth and small (`smooth`, `variance`: their lambda_smooth, lambda_var). Without
    labels all series are one class. Then K-means on the aligned series.

    Deviations: the variance is over the series of a batch, as their paper has it; their code for several channels
    takes it over channels. The prior is the mean over series of theta' P theta; their code averages over pairs of
    series as well, theta_i' P theta_j, which lets opposite warps cancel. Theta are coordinates in an orthonormal
    basis, as theirs, but not in the same one. One warp, not several in turn (their n_recurrence 1), of all bands
    together, read linearly between steps. The batch size is not stated. `paper` is their 2,000 epochs. The view's
    rows are learned from, and the task says whether the scored inputs are among them (`transductive`).
    """

    def fit(self, view: View, run: RunContext) -> DTANPredictor:
        """Return network and centres of a `none` view.

        Raises:
            UnsupportedError: there are fewer rows than clusters.
        """
        rows = clustered_rows(view, run, self.params, "dtan-kmeans")
        device = torch.device(run.device)
        preparation = preparation_of(view.inputs, self.params)
        series = prepared(view.inputs, preparation, device, rows)
        with seeded(run.number("torch"), device):
            cells = whole(self.params, "tessellation")
            aligner = Aligner(series.shape[1], series.shape[2], cells).to(device)
            steps = self._train(aligner, series, run)
        centres = centres_of(encoded(aligner, series), whole(self.params, "clusters"), run)
        return DTANPredictor(aligner, centres, preparation, steps=steps)

    def _train(self, aligner: Aligner, series: torch.Tensor, run: RunContext) -> int:
        optimiser = Adam(aligner.parameters(), number(self.params, "lr"))
        curve = Curve(run)
        smooth, variance = number(self.params, "smooth"), number(self.params, "variance")
        precision = smoothness_precision(aligner.cells, smooth, variance).to(series.device)
        weight = number(self.params, "prior_weight")
        aligner.train()
        for positions in batches(len(series), whole(self.params, "batch_size"), run):
            index = torch.from_numpy(positions).to(series.device)
            if len(index) == 1:  # batch normalisation and a variance need two
                index = index.repeat(2)
            x = series[index]
            theta = aligner.theta(x)
            loss = alignment_loss(warp(x, theta @ aligner.basis), theta, precision, weight)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            curve.add(loss)
        curve.flush()
        return curve.steps


def alignment_loss(
    aligned: torch.Tensor, theta: torch.Tensor, precision: torch.Tensor, weight: float
) -> torch.Tensor:
    """Return the variance of (B, C, T) series about their mean, plus the prior of theta (B, cells - 1)."""
    prior = ((theta @ precision) * theta).sum(dim=1).mean()
    return aligned.var(dim=0, unbiased=False).mean() + weight * prior


def warp(x: torch.Tensor, velocity: torch.Tensor) -> torch.Tensor:
    """Return (B, C, T) series read where the flow of their velocities takes each step, linearly between steps."""
    steps = x.shape[2]
    if steps == 1:
        return x + 0 * velocity.sum()
    place = cpab_flow(torch.linspace(0, 1, steps, device=x.device), velocity) * (steps - 1)
    low = place.detach().floor().long().clamp(0, steps - 2)
    share = (place - low)[:, None]
    wide = low[:, None].expand(-1, x.shape[1], -1)
    return x.gather(2, wide) * (1 - share) + x.gather(2, wide + 1) * share


class Aligner(Encoder):
    """The localisation network, and the aligned series as its vector.

    Args:
        channels: C.
        steps: T.
        cells: of the tessellation.
    """

    basis: torch.Tensor

    def __init__(self, channels: int, steps: int, cells: int) -> None:
        super().__init__()
        self.recipe = {"channels": channels, "steps": steps, "cells": cells}
        self.cells = cells
        layers: list[nn.Module] = []
        width, length = channels, steps
        for outputs, kernel in CONVOLUTIONS:
            layers += [
                nn.Conv1d(width, outputs, kernel, padding=kernel // 2),
                nn.BatchNorm1d(outputs),
                nn.ReLU(),
                nn.MaxPool1d(3, stride=2, padding=1),
            ]
            width, length = outputs, (length - 1) // 2 + 1
        self.local = nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * length, HIDDEN), nn.ReLU())
        self.head = nn.Linear(HIDDEN, cells - 1)
        self.register_buffer("basis", cpab_basis(cells))
        nn.init.normal_(self.head.weight, std=1e-3)  # near the identity at first
        nn.init.zeros_(self.head.bias)

    def theta(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, cells - 1) coordinates of the velocities, within -1 and 1."""
        found: torch.Tensor = torch.tanh(self.head(self.local(x)))
        return found

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, C * T), the aligned series."""
        return warp(x, self.theta(x) @ self.basis).flatten(1)


class DTANPredictor(EncodedClusters):
    """Clusters of aligned series."""

    network = Aligner
