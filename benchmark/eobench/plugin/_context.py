"""RunContext: what a method is given to work with, besides its view."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.plugin._cards import Budget
from eobench.plugin._interfaces import BaseModel

Checkpoint = Mapping[str, NDArray[Any]]
"""What a pre-training or a shared stage gives: named arrays, stored as safetensors."""


@dataclass(slots=True)
class RunContext:
    """Device, threads, seeds, budget, logging and shared work of one cell.

    Attributes:
        seed: the method's seed, from requested names, parameters and the task's seed.
        budget: in numbers; None where the method has none.
        device: `cpu` or `cuda`, resolved.
        threads: of this cell.
        base_model: the network family with its configuration; None where the method needs none.
        checkpoint: what `pretrain` returned; None where there was no pre-training.
        deadline: `time.monotonic()` at which `should_stop` turns true; None: never.
        artifacts: folder for artifacts, made at first use; None: artifacts are dropped.
        compute_stage: how shared stages are kept; set by the runner.
        curves: what was logged: name -> [(step, value), ...].
    """

    seed: int
    budget: Budget | None = None
    device: str = "cpu"
    threads: int = 1
    base_model: BaseModel | None = None
    checkpoint: Checkpoint | None = None
    deadline: float | None = None
    artifacts: Path | None = None
    compute_stage: Callable[[str, Callable[[], Checkpoint]], Checkpoint] | None = None
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    def generator(self, name: str) -> np.random.Generator:
        """Return a random generator of its own for each name (`init`, `batches`, ...)."""
        return np.random.default_rng(self.number(name))

    def number(self, name: str) -> int:
        """Return a seed below 2**63 for a name, for libraries that take integers (`torch.manual_seed`)."""
        digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    def should_stop(self) -> bool:
        """True once the deadline has passed: stop cleanly and return what was learned."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def log(self, name: str, value: float, step: int) -> None:
        """Add a point to a curve (loss, validation accuracy, ...)."""
        self.curves.setdefault(name, []).append((int(step), float(value)))

    def artifact(self, name: str, thing: Any) -> None:
        """Keep a figure (anything with `write_html` or `savefig`) or an array under the cell's artifacts."""
        if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
            raise ValueError(f"artifact name {name!r}: letters, digits, '.', '_' and '-' only")
        if self.artifacts is None:
            return
        self.artifacts.mkdir(parents=True, exist_ok=True)
        if hasattr(thing, "write_html"):
            thing.write_html(self.artifacts / f"{name}.html", include_plotlyjs="directory")
        elif hasattr(thing, "savefig"):
            thing.savefig(self.artifacts / f"{name}.png")
        else:
            np.save(self.artifacts / f"{name}.npy", np.asarray(thing), allow_pickle=False)

    def stage(self, name: str, compute: Callable[[], Checkpoint]) -> Checkpoint:
        """Return shared work: computed once for all cells with the same stage key, then read."""
        return compute() if self.compute_stage is None else self.compute_stage(name, compute)
