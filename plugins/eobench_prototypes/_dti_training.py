"""Training of deformable prototypes: losses, stages, empty clusters, the state that is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.plugin import RunContext
from eobench_base_models.training import Adam
from eobench_prototypes._curriculum import Curriculum
from eobench_prototypes._distance import Series
from eobench_prototypes._dti_data import Source
from eobench_prototypes._dti_model import Active, DeformablePrototypes, contrast, smoothness
from eobench_prototypes._predictor import LEAST_MASS

EMPTY_SHARE = 0.02
"""Of an even share, below which a cluster is empty (the code: 0.02 / K of all)."""
NOISE = 1e-4
"""Standard deviation of what tells a copied prototype from its original."""
CURVE_POINTS = 100


@dataclass(frozen=True, slots=True)
class Recipe:
    """How prototypes are trained.

    Attributes:
        lr: of Adam.
        batch: series a step, at most.
        tv: weight of the total variation.
        tv_form: `norm` or `squared`.
        contrast: weight of the contrastive loss.
        reassign: steps between two looks for empty clusters (unsupervised).
        steps: in all; None: the run's deadline ends it.
    """

    lr: float
    batch: int
    tv: float
    tv_form: str
    contrast: float
    reassign: int
    steps: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Criterion:
    """What the curriculum and the choice of the state look at; higher is better.

    Attributes:
        name: of the curve.
        score: the model with what is active -> a number.
    """

    name: str
    score: Callable[[DeformablePrototypes, Active], float]


class Trainer:
    """Trains a model in place.

    Args:
        model: on its device.
        source: training rows.
        targets: (n,) prototype of each row, on the device; None: unsupervised, the nearest.
        curriculum: its stages.
        recipe: optimiser, losses, sizes.
        criterion: on validation rows; None: the training loss tells when a stage ends, and the last state stays.
        run: seeds, deadline, curves.
    """

    def __init__(
        self,
        model: DeformablePrototypes,
        source: Source,
        targets: torch.Tensor | None,
        curriculum: Curriculum,
        recipe: Recipe,
        criterion: Criterion | None,
        run: RunContext,
    ) -> None:
        self._model, self._source, self._targets = model, source, targets
        self._curriculum, self._recipe, self._criterion, self._run = curriculum, recipe, criterion, run
        self._optimiser = Rows(model.parameters(), recipe.lr)
        self._generator = run.generator("batches")
        self._noise = torch.Generator().manual_seed(run.number("reassignment"))
        self._counts = torch.zeros(model.shape.prototypes, dtype=torch.int64)
        self._losses: list[torch.Tensor] = []
        self._seen = 0
        self._best: float | None = None
        self._state: dict[str, torch.Tensor] | None = None
        self._started = time.monotonic()

    def train(self) -> int:
        """Train to the end of the budget, or of the last stage's progress, and return the steps taken."""
        recipe, pace, taken, ended = self._recipe, self._curriculum.pace, 0, False
        for positions in self._stream():
            if self._run.should_stop() or ended or self._progress(taken) >= 1:
                break
            self._losses.append(self._step(positions))
            taken += 1
            if self._targets is None and taken % recipe.reassign == 0:
                self._reassign(taken)
            if taken % pace.every == 0 or self._progress(taken) >= 1:
                self._look(taken)
                self._curriculum.look(self._score)
            if self._curriculum.ready(taken, self._progress(taken)):
                ended = self._curriculum.last
                if not ended:
                    self._advance(taken)
        if taken > self._seen:
            self._look(taken)
        self._restore()
        return taken

    def _stream(self) -> Iterator[NDArray[np.int64]]:
        count = len(self._source)
        while True:
            yield from np.array_split(self._generator.permutation(count), -(-count // self._recipe.batch))

    def _progress(self, taken: int) -> float:
        if self._recipe.steps is not None:
            return min(1.0, taken / max(1, self._recipe.steps))
        deadline = self._run.deadline
        if deadline is None:
            return 0.0
        return min(1.0, (time.monotonic() - self._started) / max(1e-9, deadline - self._started))

    def _step(self, positions: NDArray[np.int64]) -> torch.Tensor:
        self._model.train()
        series = self._source.batch(positions)
        target = None
        if self._targets is not None:
            target = self._targets[torch.from_numpy(positions).to(self._targets.device)]
        loss, nearest = self._loss(series, target)
        if target is None:
            self._counts += torch.bincount(nearest, minlength=len(self._counts)).cpu()
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        return loss.detach()

    def _loss(self, series: Series, target: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """L_rec + tv L_tv (+ contrast L_cont), and the prototype of each series."""
        model, stage, recipe = self._model, self._curriculum.stage, self._recipe
        moves, offsets = model.transformations(series.raw, stage.active)
        total = recipe.tv * smoothness(model.prototypes, recipe.tv_form)
        if target is not None and stage.contrast:
            every = model.distances(series, moves, offsets)
            own = every.gather(1, target[:, None])[:, 0]
            total = total + recipe.contrast * contrast(every, target)
        else:
            if target is None:
                with torch.no_grad():
                    target = model.distances(series, moves, offsets).argmin(dim=1)
            own = model.distances(series, moves, offsets, target)
        return total + (own / series.mass().clamp(min=LEAST_MASS)).mean(), target

    def _look(self, taken: int) -> None:
        loss = float(torch.stack(self._losses).mean())
        self._losses.clear()
        self._seen = taken
        self._run.log("loss", loss, taken)
        self._run.log("stage", self._curriculum.number, taken)
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"training diverged: the loss is {loss} by step {taken}; a smaller lr may help"
            )
        self._score = -loss
        if self._criterion is None:
            return
        self._score = self._criterion.score(self._model.eval(), self._curriculum.stage.active)
        self._run.log(self._criterion.name, abs(self._score), taken)
        if self._best is None or self._score >= self._best:
            self._best, self._state = self._score, _copied(self._model)
            self._optimiser.remember()

    def _advance(self, taken: int) -> None:
        if self._curriculum.pace.reload:
            self._restore()
            self._optimiser.recall()
        self._best, self._state = None, None  # a later stage is not judged by an earlier one's states
        self._curriculum.advance(taken)

    def _restore(self) -> None:
        if self._state is not None:
            self._model.load_state_dict(self._state)

    def _reassign(self, taken: int) -> None:
        """Put a copy of the largest cluster's prototype in the place of each empty one, with its heads' rows.

        The official code copies one row of each head and none of the optimiser's (METHODS 5.2).
        """
        counts, self._counts = self._counts, torch.zeros_like(self._counts)
        total, count = int(counts.sum()), len(counts)
        empty = torch.nonzero(counts < EMPTY_SHARE / count * total)[:, 0].tolist()
        largest = int(counts.argmax())
        source = self._model.rows(largest)
        for k in empty:
            for parameter, rows in self._model.rows(k).items():
                self._optimiser.copy(parameter, rows, source[parameter])
                noise = torch.randn(parameter[rows].shape, generator=self._noise) * NOISE
                with torch.no_grad():
                    parameter[rows] = parameter[source[parameter]] + noise.to(parameter.device)
        self._run.log("clusters reassigned", len(empty), taken)


class Rows(Adam):
    """Adam whose state can be copied row by row, remembered and recalled."""

    _kept: tuple[list[torch.Tensor], ...] | None = None

    def copy(self, parameter: torch.Tensor, to: torch.Tensor, source: torch.Tensor) -> None:
        """Give rows of a parameter the moments of others."""
        (number,) = (i for i, p in enumerate(self._parameters) if p is parameter)
        for state in (self._means[number], self._squares[number]):
            state[to] = state[source]

    def remember(self) -> None:
        """Keep the state."""
        self._kept = tuple([s.clone() for s in part] for part in (self._means, self._squares, self._steps))

    def recall(self) -> None:
        """Go back to the state last kept, if any."""
        if self._kept is not None:
            self._means, self._squares, self._steps = ([s.clone() for s in part] for part in self._kept)


def _copied(model: DeformablePrototypes) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
