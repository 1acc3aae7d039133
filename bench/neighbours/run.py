"""Time series kernels beside aeon, tslearn and tsai: `python bench/neighbours/run.py`.

Nearest neighbours under DTW, soft-DTW with and without its gradient, and a training step of mlp-ltae. All run in
one process on one thread and take turns, round by round; ratios are taken within a round and their medians are
printed, since other work on the machine moves seconds and not ratios. Seconds are of the processor. What each
computes is compared before it is timed, and differences are printed. Prints Markdown; `--write FILE` writes it.

Install what it is measured beside, in an environment of its own: aeon and tslearn; tsai with fastai, without
their requirements, which ask for an older scikit-learn. Whatever is missing is left out, which the table says.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numba
import numpy as np
import torch

GAMMA = 1.0
OTHERS = ("aeon", "tslearn", "tsai", "torchgeo")


@dataclass
class Contest:
    """Ways of computing the same, ours first.

    Attributes:
        title: what is computed, and of what size.
        ways: name -> a call.
        notes: what was compared before.
        missing: name -> why it does not take part.
    """

    title: str
    ways: dict[str, Callable[[], object]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, make: Callable[[], Callable[[], object]]) -> Callable[[], object] | None:
        """Make a way, which imports what it needs, and return it; note why if it cannot be made."""
        try:
            way = make()
            way()  # compiled, and known to work
        except Exception as error:
            self.missing[name] = f"{type(error).__name__}: {error}".splitlines()[0][:120]
            return None
        self.ways[name] = way
        return way


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", type=Path, help="also write the tables to this file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    lines = list(heading(arguments.rounds))
    for contest in (dtw(), soft_values(), soft_gradient(), attention()):
        print(contest.title, file=sys.stderr)
        lines += table(contest, arguments.rounds)
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.write is not None:
        arguments.write.write_text(text)


def heading(rounds: int) -> Iterator[str]:
    """What was measured where."""
    versions = []
    for name in (*OTHERS, "numba", "torch"):
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    load = os.getloadavg()[0]
    yield "# Time series kernels beside others\n"
    yield f"`python bench/neighbours/run.py --rounds {rounds}`: {', '.join(versions)}, Python"
    yield f"{platform.python_version()}, one thread; load {load:.0f} on {os.cpu_count()} cores at first. Processor"
    yield "seconds are medians of the rounds; ratios are theirs / ours within a round: median (least to most)."
    yield "Above 1 ours takes less.\n"


def table(contest: Contest, rounds: int) -> list[str]:
    """Measure a contest and return its lines."""
    taken: dict[str, list[float]] = {name: [] for name in contest.ways}
    for _ in range(rounds):
        for name, way in contest.ways.items():
            start = time.process_time()
            way()
            taken[name].append(time.process_time() - start)
    ours, *_ = taken.values()
    lines = [f"## {contest.title}\n", "| way | seconds | theirs / ours |", "|---|---:|---:|"]
    for name, seconds in taken.items():
        ratios = [theirs / mine for theirs, mine in zip(seconds, ours, strict=True)]
        shown = f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        lines.append(f"| {name} | {statistics.median(seconds):.4f} | {'' if seconds is ours else shown} |")
    lines += [f"| {name} | | not measured: {why} |" for name, why in contest.missing.items()]
    return [*lines, "", *contest.notes, ""] if contest.notes else [*lines, ""]


def series(seed: int, count: int, channels: int, steps: int) -> torch.Tensor:
    """Return (n, C, T) smooth random series, standardised."""
    values = np.random.default_rng(seed).normal(size=(count, channels, steps)).cumsum(axis=2)
    return torch.from_numpy(((values - values.mean()) / values.std()).astype(np.float32))


def dtw() -> Contest:
    """1-NN: 128 queries among 256 references, all bands together, any shift."""
    from eobench_timeseries._dtw import nearest_dtw

    count, known, channels, steps = 128, 256, 4, 48
    contest = Contest(f"Nearest of {known} under DTW: {count} queries, C = {channels}, T = {steps}")
    x, y = series(0, count, channels, steps), series(1, known, channels, steps)
    wanted = contest.add("ours (`1nn-dtw`)", lambda: lambda: nearest_dtw(x, y, steps))
    a, b = x.double().numpy(), y.double().numpy()

    def aeon() -> Callable[[], object]:
        from aeon.distances import dtw_pairwise_distance

        return lambda: dtw_pairwise_distance(a, b).argmin(axis=1)

    def tslearn() -> Callable[[], object]:
        from tslearn.metrics import cdist_dtw

        left, right = a.transpose(0, 2, 1).copy(), b.transpose(0, 2, 1).copy()
        return lambda: cdist_dtw(left, right, n_jobs=1).argmin(axis=1)

    for name, make in (("aeon", aeon), ("tslearn", tslearn)):
        way = contest.add(name, make)
        if way is not None and wanted is not None:
            same = float(np.mean(np.asarray(way()) == np.asarray(wanted())))
            contest.notes.append(f"{name}: the same neighbour for {same:.1%} of the queries.")
    return contest


def soft_values() -> Contest:
    """Soft-DTW of all pairs, as a step of K-means-DTW asks for it."""
    from eobench_timeseries._softdtw import soft_dtw_matrix

    count, known, channels, steps = 256, 32, 4, 48
    contest = Contest(f"Soft-DTW of {count} x {known} pairs, C = {channels}, T = {steps}")
    x, y = series(0, count, channels, steps), series(1, known, channels, steps)
    wanted = contest.add("ours (`kmeans-dtw`)", lambda: lambda: soft_dtw_matrix(x, y, GAMMA))
    a, b = x.double().numpy(), y.double().numpy()

    def aeon() -> Callable[[], object]:
        from aeon.distances import soft_dtw_pairwise_distance

        return lambda: soft_dtw_pairwise_distance(a, b, gamma=GAMMA)

    def tslearn() -> Callable[[], object]:
        from tslearn.metrics import cdist_soft_dtw

        left, right = a.transpose(0, 2, 1).copy(), b.transpose(0, 2, 1).copy()
        return lambda: cdist_soft_dtw(left, right, gamma=GAMMA)

    for name, make in (("aeon", aeon), ("tslearn", tslearn)):
        way = contest.add(name, make)
        if way is not None and wanted is not None:
            mine = np.asarray(wanted())
            if name == "aeon":
                mine = np.abs(mine)
            contest.notes.append(f"{name}: largest difference {apart(mine, way()):.0e} of the largest value.")
    contest.notes.append(
        "Soft-DTW can be negative; aeon gives its absolute value, and is compared with ours of that."
    )
    return contest


def soft_gradient() -> Contest:
    """Soft-DTW of pairs with its gradient in both, as a step of K-means-DTW learns from it."""
    from eobench_timeseries._softdtw import soft_dtw

    count, channels, steps = 256, 4, 48
    contest = Contest(f"Soft-DTW of {count} pairs and its gradients, C = {channels}, T = {steps}")
    x, y = series(0, count, channels, steps), series(1, count, channels, steps)

    def gradients(value: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], dtype: torch.dtype) -> torch.Tensor:
        a, b = (v.detach().to(dtype).requires_grad_() for v in (x, y))
        value(a, b).sum().backward()  # type: ignore[no-untyped-call]
        assert a.grad is not None
        assert b.grad is not None
        return torch.stack([a.grad, b.grad])

    def ours() -> torch.Tensor:
        return gradients(lambda a, b: soft_dtw(a, b, GAMMA), torch.float32)

    contest.add("ours (`kmeans-dtw`)", lambda: ours)
    exact = gradients(plain_soft_dtw, torch.float64)
    contest.notes.append(
        f"ours: largest difference {apart(ours(), exact):.0e} of the largest gradient, from autograd"
    )
    contest.notes.append("through the recurrence in double precision.")

    def tslearn() -> Callable[[], object]:
        from tslearn.metrics import SoftDTWLossPyTorch

        loss = SoftDTWLossPyTorch(gamma=GAMMA)
        return lambda: gradients(lambda a, b: loss(a.transpose(1, 2), b.transpose(1, 2)).flatten(), torch.float32)

    way = contest.add("tslearn", tslearn)
    if way is not None:
        contest.notes.append(f"tslearn: {apart(way(), exact):.0e}.")
    contest.missing["aeon"] = "it has no gradient"
    return contest


def plain_soft_dtw(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return soft-DTW of pairs (n, C, T), cell by cell."""
    steps = x.shape[2]
    far = x.new_full((len(x),), 1e10)
    row = [x.new_zeros(len(x)), *[far] * steps]
    for i in range(steps):
        now = [far]
        for j in range(steps):
            three = torch.stack([row[j], row[j + 1], now[j]])
            cost = (x[:, :, i] - y[:, :, j]).square().sum(dim=1)
            now.append(cost - GAMMA * torch.logsumexp(-three / GAMMA, dim=0))
        row = now
    return row[-1]


def attention() -> Contest:
    """A training step of networks that attend to time."""
    from eobench.plugin import Places, discover

    count, channels, steps, classes = 128, 10, 48, 10
    contest = Contest(f"A training step of {count} series, C = {channels}, T = {steps}, {classes} classes")
    x = series(0, count, channels, steps)
    labels = torch.from_numpy(np.random.default_rng(1).integers(0, classes, count))
    card = discover(Places(None, Path())).base_models["mlp-ltae"]

    def step(network: torch.nn.Module, inputs: torch.Tensor) -> Callable[[], object]:
        parameters = [p for p in network.parameters() if p.requires_grad]
        contest.notes.append(f"{type(network).__name__}: {sum(p.numel() for p in parameters):,} parameters.")

        def run() -> None:
            network.zero_grad()
            torch.nn.functional.cross_entropy(network(inputs), labels).backward()  # type: ignore[no-untyped-call]

        return run

    def torchgeo() -> Callable[[], object]:
        from torchgeo.models import LTAE

        # the same widths: a step of 10 to 128 to 256, 16 heads with keys of 8, 256 to 128
        encoder = LTAE(in_channels=128, n_head=16, d_k=8, n_neurons=(256, 128), d_model=256, len_max_seq=steps)
        for part in encoder.modules():
            if hasattr(part, "inplace"):
                part.inplace = False  # as shipped, it has no gradient: a dropout overwrites what a ReLU needs
        network = torch.nn.Sequential(torch.nn.Linear(channels, 128), encoder, torch.nn.Linear(128, classes))
        return step(network, x.transpose(1, 2).contiguous())

    def tsai() -> Callable[[], object]:
        from tsai.models.TransformerModel import TransformerModel

        return step(TransformerModel(channels, classes, d_model=128, n_head=8, d_ffn=256, n_layers=1), x)

    contest.add(
        "ours (`mlp-ltae`)", lambda: step(card.load_object()(card.resolve({})).build(x.shape[1:], classes), x)
    )
    contest.add("torchgeo, LTAE of the same widths", torchgeo)
    contest.add("tsai, one layer of TransformerModel", tsai)
    contest.missing["aeon, tslearn"] = "they have no such network (aeon's are of Keras)"
    contest.notes.append(
        "torchgeo's LTAE is another function (full attention, then a mean over time), and tsai has none;"
    )
    contest.notes.append("both stand here for the cost of attention over as many steps.")
    return contest


def apart(found: object, wanted: object) -> float:
    """Return the largest difference, of the largest value."""
    one, other = (np.asarray(v, np.float64) for v in (found, wanted))
    return float(np.abs(one - other).max() / np.abs(other).max())


if __name__ == "__main__":
    main()
