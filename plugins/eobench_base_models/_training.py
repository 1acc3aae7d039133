"""The loop that every network-training method shares."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import nn

from eobench.data import EobenchError, View
from eobench.plugin import BaseModel, Budget, RunContext
from eobench_base_models._adam import Adam
from eobench_base_models._objective import Objective, Step, Validation
from eobench_base_models._precision import mixed_precision
from eobench_base_models._predictor import NetworkPredictor, predict_rows
from eobench_base_models._scaling import Preparation, Source
from eobench_base_models.options import Schedule, TrainingOptions

CURVE_POINTS = 100
DEFAULT_RATE = 1e-3
"""Of families whose card has no `lr`."""
VALIDATION_SHARE = 0.1
"""Of the training's cost (a step counted as three forward passes) that validation may take."""
FEWEST_STEPS_BETWEEN = 10


def fit_network(
    view: View,
    run: RunContext,
    objective: Objective,
    options: TrainingOptions,
    *,
    base_model: BaseModel | None = None,
    budget: Budget | None = None,
) -> NetworkPredictor:
    """Train the run's base model for an objective and return it at its best state.

    Adam with the base model's `lr`, a schedule over the run's budget, whole batches gathered by index. The state
    that scores best on the objective's validation rows is kept, else the last. On the CPU the same seed and
    threads give the same numbers; torch's global random state is left as it was.

    Args:
        view: whose inputs are learned from.
        run: device, seeds, budget and the base model.
        objective: batches, loss and validation.
        options: optimiser, schedule, filling and scaling.
        base_model: built in the place of the run's, such as one that wraps it.
        budget: in the place of the run's, such as that of a pre-training.

    Raises:
        EobenchError: there is no base model or no budget.
        FloatingPointError: the loss is no longer finite.
    """
    family, limit = base_model or run.base_model, budget or run.budget
    if family is None or limit is None:
        missing = "base model" if family is None else "budget"
        raise EobenchError(f"training a network needs a {missing}, and the run has none: name one in the task")
    device = torch.device(run.device)
    preparation = Preparation.of(view.inputs, options.fill, options.scaling, options.mask)
    source = Source(view.inputs, objective.rows, preparation, device)
    with seeded(run.number("torch"), device):
        network = family.build(preparation.shape(view.inputs.shape), len(view.classes)).to(device)
        selection = _Selection(network, objective.validation, preparation, device)
        horizon = Horizon.of(limit, objective)
        lr = float(family.params.get("lr") or DEFAULT_RATE)
        loop = _Loop(network, objective, source, run, options, horizon, lr)
        with mixed_precision(network, options.precision, device):
            steps = loop.train(selection)
    selection.restore()
    return NetworkPredictor.of(network, family, view.inputs.shape, len(view.classes), preparation, steps=steps)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch on the CPU and the device, and leave its global random state as it was."""
    gpus = [torch.cuda.current_device() if device.index is None else device.index] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        for gpu in gpus:
            torch.cuda.default_generators[gpu].manual_seed(seed)
        yield


@dataclass(slots=True)
class Horizon:
    """How far training has come within its budget.

    Attributes:
        steps: in all; None where the budget is in seconds.
        seconds: in all; None where it is in steps or epochs.
        started: `time.monotonic()` at the first step.
    """

    steps: int | None
    seconds: float | None = None
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, budget: Budget, objective: Objective) -> Horizon:
        """Return the horizon of a budget; an epoch is one pass over the objective's rows or bags."""
        if budget.epochs is not None:
            return cls(sum(objective.steps(epoch) for epoch in range(budget.epochs)))
        return cls(budget.steps, budget.seconds)

    def progress(self, step: int) -> float:
        """Return the share of the budget that is spent before this step (from 0), at most 1."""
        if self.steps is not None:
            return min(1.0, step / self.steps) if self.steps > 0 else 1.0
        return min(1.0, (time.monotonic() - self.started) / max(1e-9, self.seconds or 0.0))


def rate(schedule: Schedule, warmup: float, progress: float) -> float:
    """Return the factor on the learning rate, in (0, 1], at a share of the budget."""
    if progress < warmup:
        return max(progress / warmup, 1e-2)
    rest = (progress - warmup) / max(1e-9, 1 - warmup)
    if schedule == "cosine":
        return max(0.5 * (1 + math.cos(math.pi * rest)), 1e-3)
    return max(1 - rest, 1e-3) if schedule == "linear" else 1.0


class _Selection:
    """Keeps the state that scores best on validation; of equals the later one."""

    def __init__(
        self, network: nn.Module, validation: Validation | None, preparation: Preparation, device: torch.device
    ) -> None:
        self._network, self._validation = network, validation
        self._best, self._state = -math.inf, None if validation is None else _copy(network)
        if validation is not None:
            self._source = Source(validation.inputs, validation.rows, preparation, device)

    def every(self, steps: int | None, batch: int) -> int | None:
        """Return the number of steps between two looks, from counts alone, so that runs repeat exactly."""
        if self._validation is None:
            return None
        rows = len(self._validation.rows)
        affordable = math.ceil(rows / (3 * VALIDATION_SHARE * max(1, batch)))
        return max(FEWEST_STEPS_BETWEEN, affordable, (steps or 0) // 50)

    def look(self, run: RunContext, step: int) -> None:
        """Score the network as it is."""
        if self._validation is None:
            return
        logits = predict_rows(self._network, self._source)
        score = self._validation.score(logits)
        run.log(self._validation.name, score, step)
        if score >= self._best:
            self._best, self._state = score, _copy(self._network)

    def restore(self) -> None:
        """Put the best state back."""
        if self._state is not None:
            self._network.load_state_dict(self._state)


def _copy(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


class _Loop:
    """One training: optimiser, schedule, budget, curves."""

    def __init__(
        self,
        network: nn.Module,
        objective: Objective,
        source: Source,
        run: RunContext,
        options: TrainingOptions,
        horizon: Horizon,
        lr: float,
    ) -> None:
        self._network, self._objective, self._source = network, objective, source
        self._run, self._options, self._lr = run, options, lr
        self._parameters = [p for p in network.parameters() if p.requires_grad]
        self._optimiser = Adam(self._parameters, lr, options.weight_decay)
        self._horizon = horizon

    def train(self, selection: _Selection) -> int:
        """Train to the end of the budget and return the steps taken."""
        looks: int | None = None
        curve = _Curve(self._run, max(1, (self._horizon.steps or 1000) // CURVE_POINTS))
        taken = looked = 0
        for step in self._stream():
            if self._horizon.progress(taken) >= 1 or self._run.should_stop():
                break
            if looks is None:
                looks = selection.every(self._horizon.steps, len(step.positions)) or 0
            curve.add(self._step(step, taken), taken)
            taken += 1
            if looks and taken % looks == 0:
                selection.look(self._run, taken)
                looked = taken
        if looked < taken:
            selection.look(self._run, taken)
        curve.flush(taken)
        return taken

    def _stream(self) -> Iterator[Step]:
        """All steps, epoch after epoch, without an end."""
        generator = self._run.generator("batches")
        epoch = 0
        while True:
            yield from self._objective.epoch(epoch, generator)
            epoch += 1

    def _step(self, step: Step, taken: int) -> torch.Tensor:
        options = self._options
        factor = rate(options.schedule, options.warmup, self._horizon.progress(taken))
        self._optimiser.lr = self._lr * factor
        self._network.train()
        loss = self._objective.loss(self._network, self._source.batch(step.positions), step)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if options.clip > 0:
            nn.utils.clip_grad_norm_(self._parameters, options.clip)
        self._optimiser.step()
        return loss.detach()


class _Curve:
    """The mean loss between two points of the curve; the device is asked only there."""

    def __init__(self, run: RunContext, every: int) -> None:
        self._run, self._every, self._losses = run, every, list[torch.Tensor]()

    def add(self, loss: torch.Tensor, step: int) -> None:
        self._losses.append(loss)
        if len(self._losses) >= self._every:
            self.flush(step + 1)

    def flush(self, step: int) -> None:
        if not self._losses:
            return
        mean = float(torch.stack(self._losses).mean())
        self._losses.clear()
        self._run.log("loss", mean, step)
        if not math.isfinite(mean):
            raise FloatingPointError(
                f"training diverged: the loss is {mean} by step {step}; a smaller lr, or clip=1, may help"
            )
