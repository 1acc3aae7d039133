"""What of a training step of `llp-co` and `dllp` is not the network: `python bench/llp/run.py`.

A step is what the method does: rows are gathered, views made (`llp-co`), the network runs forward, codes are
found by Sinkhorn (`llp-co`) or bags' means taken (`dllp`), the loss runs backward, and Adam moves the weights. In
the step, the network's calls and `backward` are timed by hooks; the rest is outside, the loss itself included.
Steps are the difference of two fits, one of which has more of them. One process, one thread; shares are taken
within a round, and their medians printed. Seconds are of the processor. Prints Markdown; `--write FILE` writes it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import itertools
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.data import Bags, Inputs, ModalityArray, ModalityInfo, Partition, View
from eobench.plugin import Budget, Places, Registry, RunContext, discover

SAMPLES, BAG, CLASSES = 2048, 32, 10
SHAPES = {"series": (36, 12), "patches": (21, 21, 7)}
NETWORKS = {"series": "temp-cnn", "patches": "resnet18"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=12, help="of a round")
    parser.add_argument("--write", type=Path, help="also write the table to this file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    lines = [
        "# A training step of llp-co and dllp\n",
        f"`python bench/llp/run.py --rounds {arguments.rounds} --steps {arguments.steps}`: torch "
        f"{importlib.metadata.version('torch')}, Python {platform.python_version()},",
        f"one thread; load {load:.0f} on {os.cpu_count()} cores at first. 256 samples a step in bags of {BAG}; "
        "processor milliseconds.",
        "A step is the difference of two fits; a share below zero is the noise of that difference.\n",
        "| method | samples | network | a step | forward and backward | outside: median (least to most) |",
        "|---|---|---|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as cache:
        registry = discover(Places(None, Path(cache)))
        for method, kind in itertools.product(("dllp", "llp-co"), SHAPES):
            lines += [row(registry, method, kind, arguments.rounds, arguments.steps)]
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.write is not None:
        arguments.write.write_text(text)


class Inside:
    """Counts processor seconds of outermost calls of modules and of `backward`, while it is entered."""

    def __enter__(self) -> Inside:
        self.seconds, self._depth = 0.0, 0
        self._backward = torch.Tensor.backward
        self._hooks = [
            torch.nn.modules.module.register_module_forward_pre_hook(self._enter),
            torch.nn.modules.module.register_module_forward_hook(self._leave),
        ]
        plain = self._backward

        def backward(tensor: torch.Tensor, *given: Any, **named: Any) -> None:
            start = time.process_time()
            plain(tensor, *given, **named)
            self.seconds += time.process_time() - start

        torch.Tensor.backward = backward  # type: ignore[method-assign]
        return self

    def __exit__(self, *error: object) -> None:
        torch.Tensor.backward = self._backward  # type: ignore[method-assign]
        for hook in self._hooks:
            hook.remove()

    def _enter(self, *_: object) -> None:
        if self._depth == 0:
            self._start = time.process_time()
        self._depth += 1

    def _leave(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self.seconds += time.process_time() - self._start


def row(registry: Registry, method: str, kind: str, rounds: int, steps: int) -> str:
    """Measure one method on one kind of samples."""
    family = NETWORKS[kind]
    card, base_card = registry.methods[method], registry.base_models[family]
    learner = card.load_object()(card.resolve({"selection": "last"}))
    base = base_card.load_object()(base_card.resolve({}))
    view = bags_of(kind)

    def fit(count: int) -> NDArray[np.float64]:
        with Inside() as inside:
            start = time.process_time()
            learner.fit(view, RunContext(0, budget=Budget(steps=count), base_model=base))
            return np.array([time.process_time() - start, inside.seconds])

    fit(2)
    taken = np.array([(fit(1 + steps) - fit(1)) / steps for _ in range(rounds)])
    whole, inner = taken.T
    shares = 1 - inner / whole
    shown = f"{np.median(shares):.1%} ({shares.min():.1%} to {shares.max():.1%})"
    times = f"{1e3 * np.median(whole):.1f} | {1e3 * np.median(inner):.1f}"
    return f"| {method} | {kind}, {' x '.join(map(str, SHAPES[kind]))} | {family} | {times} | {shown} |"


def bags_of(kind: str) -> View:
    """Return random samples in bags with random proportions."""
    rng = np.random.default_rng(0)
    shape = SHAPES[kind]
    info = ModalityInfo("s2", "series" if kind == "series" else "image", shape, tuple(map(str, range(shape[-1]))))
    days = np.arange(shape[0] if kind == "series" else 1, dtype=np.int16)
    inputs = Inputs.of(ModalityArray(info, rng.normal(size=(SAMPLES, *shape)).astype(np.float32), None, days))
    shares = rng.dirichlet(np.ones(CLASSES), SAMPLES // BAG).astype(np.float32)
    part = Partition(np.arange(SAMPLES), np.arange(SAMPLES // BAG + 1) * BAG, shares)
    return View("bags", inputs, tuple(f"class {k}" for k in range(CLASSES)), bags=Bags((part,)))


if __name__ == "__main__":
    main()
