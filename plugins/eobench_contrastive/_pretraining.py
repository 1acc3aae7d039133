"""Stage 1: encoders of single dates, learned without labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from eobench.data import EobenchError, UnsupportedError
from eobench.plugin import Checkpoint, RunContext, Value
from eobench_base_models.training import Adam, number, seeded, whole
from eobench_contrastive.losses import (
    alignment,
    barlow_twins,
    corrupt,
    corrupt_batch,
    eq1,
    nt_xent,
    uniformity,
    vicreg,
)
from eobench_contrastive.networks import DateEncoder, projector

ENCODER = "encoder."
CURVE_POINTS = 50
SPHERE_ROWS = 1024
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def loss_of(params: Mapping[str, Value]) -> Loss:
    """Return the loss that a method's options name."""
    temperature = number(params, "temperature")
    losses: dict[str, Loss] = {
        "nt-xent": lambda one, other: nt_xent(one, other, temperature),
        "eq1": lambda one, other: eq1(one, other, temperature),
        "barlow-twins": barlow_twins,
        "vicreg": vicreg,
    }
    return losses[str(params["loss"])]


def pretrain_encoder(
    tables: list[NDArray[np.float32]], run: RunContext, params: Mapping[str, Value]
) -> Checkpoint:
    """Return the first table's encoder, with what pre-training cost and came to.

    One table: each date against a corrupted copy (the first view stays clean). Two: both views corrupted, each
    by its own encoder and projector, row i of one against row i of the other. `quirks=corruption`: as
    `corrupt_batch` does it, and the two views of one table are the same, since the published code corrupts it in
    place.

    Args:
        tables: (M, C) raw dates of pixels, one or two sensors.
        run: device, seed and budget.
        params: the method's options.

    Raises:
        UnsupportedError: fewer than two dates are observed.
    """
    rows = len(tables[0])
    if rows < 2:
        raise UnsupportedError(
            f"pre-training contrasts dates with each other: {rows} observed date in all its rows is too few"
        )
    device = torch.device(run.device)
    with seeded(run.number("torch"), device):
        views = [_View.of(table, whole(params, "width"), device) for table in tables]
        trained = [p for view in views for p in view.parameters()]
        optimiser = Adam(trained, number(params, "pretrain_lr"), number(params, "pretrain_decay"))
        loss_function, share = loss_of(params), number(params, "corruption")
        pair = _pair_in_place if params["quirks"] == "corruption" else _pair
        losses: list[torch.Tensor] = []
        for positions in _batches(rows, whole(params, "pretrain_batch"), run, number(params, "pretrain_factor")):
            index = torch.from_numpy(positions).to(device)
            loss = loss_function(*pair(views, index, share))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(loss.detach())
        sphere = _sphere(views, run, share)
    return _checkpoint(views[0].encoder, losses, sphere)


def load_encoder(checkpoint: Checkpoint | None, device: torch.device) -> DateEncoder:
    """Return a checkpoint's encoder, frozen.

    Raises:
        EobenchError: there is no checkpoint.
    """
    if checkpoint is None:
        raise EobenchError("there is no pre-trained encoder: the run handed no checkpoint to fit")
    state = {
        name.removeprefix(ENCODER): torch.from_numpy(np.array(array))
        for name, array in checkpoint.items()
        if name.startswith(ENCODER)
    }
    with torch.random.fork_rng(devices=[]):
        encoder = DateEncoder(len(state["mean"]), len(state["backbone.first.bias"]))
    encoder.load_state_dict(state)
    return encoder.to(device).eval().requires_grad_(False)


@dataclass(slots=True)
class _View:
    """One sensor: its standardised table, encoder and projector."""

    table: torch.Tensor
    encoder: DateEncoder
    head: nn.Sequential

    @classmethod
    def of(cls, raw: NDArray[np.float32], width: int, device: torch.device) -> _View:
        encoder = DateEncoder(raw.shape[1], width).to(device)
        mean = raw.mean(axis=0, dtype=np.float64)
        deviation = raw.std(axis=0, dtype=np.float64)
        deviation[deviation <= 1e-6 * np.maximum(np.abs(mean), 1e-6)] = 1.0  # a flat band
        encoder.mean.copy_(torch.from_numpy(mean))
        encoder.deviation.copy_(torch.from_numpy(deviation))
        table = encoder.standardise(torch.from_numpy(raw).to(device))
        return cls(table, encoder, projector(width).to(device))

    def parameters(self) -> list[nn.Parameter]:
        return [*self.encoder.parameters(), *self.head.parameters()]

    def project(self, values: torch.Tensor) -> torch.Tensor:
        projected: torch.Tensor = self.head(self.encoder.backbone(values))
        return projected


def _pair(views: list[_View], index: torch.Tensor, share: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Projections of two views of the same samples."""
    first, second = views[0], views[-1]
    clean = first.table[index]
    other = corrupt(second.table[index], share, second.table)
    if len(views) > 1:
        clean = corrupt(clean, share, first.table)
    return first.project(clean), second.project(other)


def _pair_in_place(views: list[_View], index: torch.Tensor, share: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Projections of two views as the published code makes them; of one sensor they are the same vectors."""
    first = views[0].project(corrupt_batch(views[0].table[index], share))
    if len(views) == 1:
        return first, first
    return first, views[1].project(corrupt_batch(views[1].table[index], share))


def _batches(rows: int, size: int, run: RunContext, factor: float) -> Iterator[NDArray[np.int64]]:
    """Whole batches of at least two rows by index, to the end of the run's budget times the factor."""
    if run.budget is None:
        raise EobenchError("pre-training needs a budget, and the run has none: name one in the task")
    an_epoch = -(-rows // size)
    total = math.inf if run.budget.steps is None else round(factor * run.budget.steps)
    if run.budget.epochs is not None:
        total = round(factor * run.budget.epochs * an_epoch)
    generator, taken = run.generator("pretraining-batches"), 0
    while True:
        for positions in np.array_split(generator.permutation(rows), an_epoch):
            if taken >= total or run.should_stop():
                return
            yield positions
            taken += 1


def _sphere(views: list[_View], run: RunContext, share: float) -> tuple[float, float]:
    """Alignment and uniformity of some dates' projections, in evaluation mode."""
    rows = len(views[0].table)
    chosen = run.generator("sphere").choice(rows, min(rows, SPHERE_ROWS), replace=False)
    for view in views:
        view.encoder.eval()
        view.head.eval()
    with torch.inference_mode():
        one, other = _pair(views, torch.from_numpy(chosen).to(views[0].table.device), share)
        return float(alignment(one, other)), float(uniformity(one))


def _checkpoint(encoder: DateEncoder, losses: list[torch.Tensor], sphere: tuple[float, float]) -> Checkpoint:
    values = torch.stack(losses).cpu().numpy() if losses else np.zeros(0, np.float32)
    if not np.isfinite(values).all():
        raise FloatingPointError(
            f"pre-training diverged by step {int(np.argmin(np.isfinite(values)))}: a lower pretrain_lr may help"
        )
    parts = np.array_split(np.arange(len(values)), min(CURVE_POINTS, len(values)) or 1)
    curve = [(part[-1] + 1, values[part].mean()) for part in parts if len(part)]
    made = {f"{ENCODER}{name}": value.cpu().numpy() for name, value in encoder.state_dict().items()}
    return made | {
        "loss": np.asarray(curve, np.float32).reshape(-1, 2),
        "steps": np.array(len(values)),
        "alignment": np.array(sphere[0]),
        "uniformity": np.array(sphere[1]),
    }
