"""Sinkhorn beside POT and SwAV's form: `python bench/sinkhorn/run.py`.

Codes of bags whose classes have given proportions: K in {3, 16, 30} classes, n in {32, 2048} samples, a batch of
bags at once (64 of 32, 8 of 2048), scores like cosines, epsilon 0.05, float32. Three questions: five iterations,
as LLP-Co takes; convergence to 1e-6; and 50 iterations of scores whose exponentials overflow. POT solves one bag a
call (`ot.sinkhorn`, NumPy arrays) or a batch (`ot.batch.bregman_projection_batch`, torch tensors); SwAV's form
(lightly) knows equal masses only and one bag a call. All run in one process on one thread and take turns, round by
round; ratios are taken within a round and their medians printed, since other work on the machine moves seconds and
not ratios. Seconds are of the processor. Results are compared before they are timed. Prints Markdown;
`--write FILE` writes it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import ot
import ot.batch
import torch
from lightly.loss.swav_loss import sinkhorn as equal_masses

from eobench_proportions.sinkhorn import codes, transport

EPSILON = 0.05
SIZES = [(k, n, bags) for n, bags in ((32, 64), (2048, 8)) for k in (3, 16, 30)]
Way = Callable[[], Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", type=Path, help="also write the tables to this file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rounds = arguments.rounds
    lines = [*heading(rounds), *five(rounds), *converged(rounds), *wide(rounds)]
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.write is not None:
        arguments.write.write_text(text)


def heading(rounds: int) -> list[str]:
    """What was measured where."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("POT", "lightly", "torch"))
    load = os.getloadavg()[0]
    return [
        "# Sinkhorn beside POT and SwAV's form\n",
        f"`python bench/sinkhorn/run.py --rounds {rounds}`: {versions}, Python {platform.python_version()}, one",
        f"thread; load {load:.0f} on {os.cpu_count()} cores at first. Processor microseconds a bag, medians of",
        "the rounds; ratios are theirs / ours within a round: median (least to most). Above 1 ours takes less.\n",
    ]


def problem(k: int, n: int, bags: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return cosines (bags, n, k) of features around their prototypes, and proportions (bags, k) without zeros."""
    prototypes = torch.nn.functional.normalize(torch.randn(k, 128), dim=-1)
    own = prototypes[torch.randint(k, (bags, n))]
    features = torch.nn.functional.normalize(own + 0.1 * torch.randn(bags, n, 128), dim=-1)
    shares = torch.distributions.Dirichlet(torch.full((k,), 2.0)).sample((bags,))
    return features @ prototypes.T, shares


def five(rounds: int) -> list[str]:
    """Five iterations, and what they give."""
    columns = ("K", "n", "bags", "ours", "POT", "POT, batched", "POT / ours", "batched POT / ours", "apart")
    equal_columns = ("K", "n", "bags", "ours", "SwAV's form", "SwAV's / ours", "apart")
    lines, equal_lines = _header(columns), _header(equal_columns)
    for k, n, bags in SIZES:
        scores, w = problem(k, n, bags)
        equal = torch.full((k,), 1 / k)
        ours = partial(transport, scores, w, epsilon=EPSILON)
        others = [partial(pot_plans, scores, w, 5), partial(pot_batch, scores, w, 5)]
        lines.append(_row(k, n, bags, [ours, *others], rounds))
        ours_equal = partial(codes, scores, equal, epsilon=EPSILON)
        equal_lines.append(_row(k, n, bags, [ours_equal, partial(swav_codes, scores)], rounds))
    note = (
        "Apart: the largest difference of any share in any sample's code. All scale classes first, samples last."
    )
    return ["## Five iterations\n", *lines, "", note, "\n## Five iterations, equal masses\n", *equal_lines, ""]


def converged(rounds: int) -> list[str]:
    """Iterations until the marginals hold."""
    lines = _header(("K", "n", "bags", "ours", "POT", "POT, batched", "POT / ours", "batched POT / ours", "apart"))
    for k, n, bags in SIZES:
        scores, w = problem(k, n, bags)
        ours = partial(transport, scores, w, epsilon=EPSILON, iterations=2000, tolerance=1e-6)
        others = [partial(pot_plans, scores, w, 2000, 1e-6), partial(pot_batch, scores, w, 2000, 1e-6)]
        lines.append(_row(k, n, bags, [ours, *others], rounds))
    note = "A batch runs until its slowest bag holds; `ot.sinkhorn` stops bag by bag."
    return ["## Until the marginals hold to 1e-6\n", *lines, "", note, ""]


def wide(rounds: int) -> list[str]:
    """Scores too far apart for exponentials of float32: log-probabilities over a small epsilon, say."""
    lines = _header(("K", "n", "bags", "ours", "POT, logarithms", "POT / ours", "apart"))
    for k, n, bags in SIZES:
        scores, w = problem(k, n, bags)
        scores = 8 * scores  # 160 and more apart over epsilon
        ours = partial(transport, scores, w, epsilon=EPSILON, iterations=50)
        lines.append(
            _row(k, n, bags, [ours, partial(pot_plans, scores, w, 50, 0.0, "sinkhorn_log")], min(rounds, 3))
        )
    return ["## 50 iterations of scores too wide for exponentials\n", *lines, ""]


def pot_plans(
    scores: torch.Tensor, w: torch.Tensor, iterations: int, tolerance: float = 0.0, form: str = "sinkhorn"
) -> list[Any]:
    """Return POT's plans (n, K), bag by bag."""
    uniform = np.full(scores.shape[1], 1 / scores.shape[1], np.float32)
    options = {"numItermax": iterations, "stopThr": tolerance, "warn": False}
    return [
        ot.sinkhorn(uniform, shares, -bag, EPSILON, form, **options)
        for bag, shares in zip(scores.numpy(), w.numpy(), strict=True)
    ]


def pot_batch(scores: torch.Tensor, w: torch.Tensor, iterations: int, tolerance: float = 0.0) -> torch.Tensor:
    """Return POT's plans (bags, n, K) of a batch; transposed, so that its iteration, too, begins with classes."""
    kernel = (scores.transpose(1, 2) / EPSILON).exp()
    samples = torch.full((len(scores), scores.shape[1]), 1 / scores.shape[1])
    found = ot.batch.bregman_projection_batch(kernel, w, samples, max_iter=iterations, tol=tolerance)
    plans: torch.Tensor = found["T"].transpose(1, 2)
    return plans


def swav_codes(scores: torch.Tensor) -> list[torch.Tensor]:
    """Return codes of equal masses, bag by bag."""
    return [equal_masses(bag.clone(), iterations=5, epsilon=EPSILON) for bag in scores]


def _header(columns: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(columns)} |", f"|{'---:|' * len(columns)}"]


def _row(k: int, n: int, bags: int, ways: list[Way], rounds: int) -> str:
    """Compare and time ways, ours first."""
    first, *others = (way() for way in ways)
    apart = max(_apart(first, other) for other in others)
    seconds = timed(ways, rounds)
    each = [f"{1e6 * statistics.median(taken) / bags:.0f}" for taken in seconds]
    ratios = [_ratio(theirs, seconds[0]) for theirs in seconds[1:]]
    return f"| {k} | {n} | {bags} | {' | '.join([*each, *ratios])} | {apart:.0e} |"


def timed(ways: list[Way], rounds: int) -> list[list[float]]:
    """Return processor seconds of each way, taken in turn."""
    repeats = []
    for way in ways:  # enough calls that a round can be told from the clock's step
        start = time.process_time()
        way()
        repeats.append(max(1, int(0.02 / max(1e-5, time.process_time() - start))))
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for own, way, repeat in zip(taken, ways, repeats, strict=True):
            start = time.process_time()
            for _ in range(repeat):
                way()
            own.append((time.process_time() - start) / repeat)
    return taken


def _ratio(theirs: list[float], ours: list[float]) -> str:
    ratios = [t / o for t, o in zip(theirs, ours, strict=True)]
    return f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"


def _apart(ours: Any, theirs: Any) -> float:
    """Return the largest difference between codes: plans are scaled so that a sample's shares sum to one."""
    other = torch.stack([torch.as_tensor(plan) for plan in theirs])
    ours, other = (plan / plan.sum(dim=-1, keepdim=True) for plan in (ours, other))
    return float((ours - other).abs().max())


if __name__ == "__main__":
    main()
