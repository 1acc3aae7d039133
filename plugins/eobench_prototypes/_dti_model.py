"""Deformable prototypes: an encoder that says how each prototype is warped and shifted to become a series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import nn
from torch.nn import functional

from eobench_base_models.training import Precision, coarse
from eobench_prototypes._distance import Series, distances, reconstructions
from eobench_prototypes._encoder import FEATURES, Encoder
from eobench_prototypes._warp import Warp


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model is built from.

    Attributes:
        prototypes: K.
        channels: C.
        steps: T.
        landmarks: M between the ends; 0: no time warp.
        shift: largest shift of one, of the distance between two.
        offset: whether there is one.
    """

    prototypes: int
    channels: int
    steps: int
    landmarks: int
    shift: float
    offset: bool

    def plain(self) -> dict[str, int | float | bool]:
        """Return its values by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Active:
    """Which transformations a stage of the curriculum uses."""

    warp: bool = True
    offset: bool = True


ALL = Active()
"""Prediction uses all there are: what was never learned is still zero."""


class DeformablePrototypes(nn.Module):
    """R_k(x) = offset o time warp (P_k), both read from x (Vincent et al., section 3).

    Both heads start at zero: at first R_k(x) = P_k.

    Args:
        shape: K, C, T, M and what is on.
        prototypes: (K, C, T) to begin with.

    Attributes:
        precision: of the encoder while it is trained; distances and heads are float32 always.
    """

    basis: torch.Tensor

    def __init__(self, shape: Shape, prototypes: torch.Tensor) -> None:
        super().__init__()
        self.shape = shape
        self.prototypes = nn.Parameter(prototypes.clone())
        self.encoder = Encoder(shape.channels) if shape.landmarks or shape.offset else None
        self.precision: Precision = "float32"
        count, landmarks = shape.prototypes, shape.landmarks
        self.warper = _zero(nn.Linear(FEATURES, count * landmarks)) if landmarks else None
        self.offsetter = _zero(nn.Linear(FEATURES, count * shape.channels)) if shape.offset else None
        warp = Warp.of(shape.steps, landmarks, shape.shift) if landmarks else None
        self.reach = 0 if warp is None else warp.reach
        self.register_buffer("basis", torch.empty(0) if warp is None else warp.basis, persistent=False)

    def transformations(
        self, raw: torch.Tensor, active: Active = ALL
    ) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Return moves (B, K, M) in [-1, 1] and offsets (B, K, C) in [-1, 1]; None where there are none."""
        warper = self.warper if active.warp else None
        offsetter = self.offsetter if active.offset else None
        if self.encoder is None or (warper is None and offsetter is None):
            return None, None
        precision: Precision = self.precision if self.training else "float32"
        features, count = coarse(self.encoder, precision, raw.device)(raw), self.shape.prototypes
        moves = None if warper is None else warper(features).tanh().view(len(raw), count, -1)
        offsets = None if offsetter is None else offsetter(features).tanh().view(len(raw), count, -1)
        return moves, offsets

    def distances(
        self,
        series: Series,
        moves: torch.Tensor | None,
        offsets: torch.Tensor | None,
        chosen: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return (B, K) distances, or (B,) to the chosen prototypes."""
        return distances(series, self.prototypes, self._warp(moves), moves, offsets, chosen)

    def rebuilt(self, series: Series, chosen: torch.Tensor) -> torch.Tensor:
        """Return (B, C, T): each series as its prototype gives it."""
        with torch.no_grad():
            moves, offsets = self.transformations(series.raw)
            return reconstructions(self.prototypes, self._warp(moves), moves, offsets, chosen)

    def _warp(self, moves: torch.Tensor | None) -> Warp | None:
        return None if moves is None else Warp(self.basis, self.reach)

    def rows(self, k: int) -> Mapping[torch.Tensor, torch.Tensor]:
        """Return, by parameter, which of its rows belong to prototype k."""
        count, device = self.shape.prototypes, self.prototypes.device
        found: dict[torch.Tensor, torch.Tensor] = {self.prototypes: torch.tensor([k], device=device)}
        for head in (self.warper, self.offsetter):
            if head is not None:
                width = head.out_features // count
                rows = torch.arange(k * width, (k + 1) * width, device=device)
                found |= {head.weight: rows, head.bias: rows}
        return found


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def smoothness(prototypes: torch.Tensor, form: str) -> torch.Tensor:
    """Return the total variation of (K, C, T) prototypes.

    Args:
        prototypes: standardised.
        form: `norm`, the length of the difference of successive steps over all bands, as Eq 6 says, or `squared`,
            the mean square of successive differences, as the code does. Means over prototypes and steps.
    """
    steps = prototypes.diff(dim=2)
    if not steps.numel():
        return prototypes.new_zeros(())
    if form == "squared":
        return steps.square().mean()
    # a flat prototype has length 0, whose slope is not defined
    return (steps.square().sum(dim=1) + 1e-12).sqrt().mean()


def contrast(distance: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of minus the distances (B, K) with the true prototypes (B,): L_cont."""
    return functional.cross_entropy(-distance, target)
