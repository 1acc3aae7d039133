"""What a training step of `dti-ts` costs, beside the straightforward form and beside its encoder alone.

    python bench/dti/run.py [--batch 256] [--rounds 5] [--threads 2] [--memory-batch 512]

K = 32 prototypes, T = 363 steps, C = 9 bands, M = 11 landmarks (TimeSen2Crop); heads that move landmarks by a
third of what they may, typically. A step is forward, loss, backward and Adam. The straightforward form has
torch's own layers for its encoder, and the whole B x K x T x C grid. The ways take turns, round by round; ratios
are taken within a round and their medians printed, since other work on the machine moves seconds and not ratios.
Wall-clock and processor time (of all threads) stand beside each other. Memory is the peak of a process of its own
each, above what it held before its first step (Linux).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from reference import Straightforward

from eobench_prototypes._distance import Series
from eobench_prototypes._dti_model import DeformablePrototypes, Shape, contrast, smoothness
from eobench_prototypes._encoder import Encoder

SHAPE = Shape(prototypes=32, channels=9, steps=363, landmarks=11, shift=0.25, offset=True)
ENCODER, LAYERS, OURS, OURS_CONTRAST, PLAIN, PLAIN_CONTRAST = (
    "encoder alone, ours",
    "encoder alone, torch's layers",
    "ours, unsupervised",
    "ours, supervised with contrastive loss",
    "straightforward, unsupervised",
    "straightforward, supervised with contrastive loss",
)
WAYS = (ENCODER, LAYERS, OURS, OURS_CONTRAST, PLAIN, PLAIN_CONTRAST)


def layers_only(encoder: Encoder, raw: torch.Tensor) -> torch.Tensor:
    """Return what the encoder gives, by torch's layers."""
    return encoder.last(encoder.layers(raw).mean(dim=2))


def heads_of(model: DeformablePrototypes, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return moves and offsets."""
    size = (len(features), SHAPE.prototypes, -1)
    return model.warper(features).tanh().view(size), model.offsetter(features).tanh().view(size)


def make_step(way: str, batch: int) -> Callable[[], None]:
    """Return one training step of a way, on random series."""
    torch.manual_seed(0)
    values = torch.randn(batch, SHAPE.channels, SHAPE.steps)
    series = Series(values, values, torch.rand(batch, 1, SHAPE.steps))
    target = torch.randint(SHAPE.prototypes, (batch,))
    model = DeformablePrototypes(SHAPE, torch.randn(SHAPE.prototypes, SHAPE.channels, SHAPE.steps)).train()
    with torch.no_grad():  # features are of a tenth in size or so
        for head in (model.warper, model.offsetter):
            head.weight.normal_(0, 0.3)
    plain = Straightforward(SHAPE.steps, SHAPE.landmarks, SHAPE.shift).float()
    learned = list(model.encoder.parameters() if way in (ENCODER, LAYERS) else model.parameters())
    optimiser = torch.optim.Adam(learned, lr=1e-5)

    def rec_loss(own: torch.Tensor) -> torch.Tensor:
        return (own / series.mass()).mean() + 0.01 * smoothness(model.prototypes, "squared")

    def loss() -> torch.Tensor:
        if way == ENCODER:
            return model.encoder(values).sum()
        if way == LAYERS:
            return layers_only(model.encoder, values).sum()
        ours = way in (OURS, OURS_CONTRAST)
        features = model.encoder(values) if ours else layers_only(model.encoder, values)
        moves, offsets = heads_of(model, features)
        if way == OURS:
            with torch.no_grad():
                nearest = model.distances(series, moves, offsets).argmin(dim=1)
            return rec_loss(model.distances(series, moves, offsets, nearest))
        if way == OURS_CONTRAST:
            every = model.distances(series, moves, offsets)
        else:
            every = plain(values, series.weight, model.prototypes, moves, offsets)
        if way == PLAIN:
            return rec_loss(every.amin(dim=1))
        return rec_loss(every.gather(1, target[:, None])[:, 0]) + 0.01 * contrast(every, target)

    def step() -> None:
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()

    return step


Clocks = tuple[list[float], list[float]]


def in_turns(steps: dict[str, Callable[[], None]], rounds: int) -> dict[str, Clocks]:
    """Return wall-clock and processor seconds of each step, by round; one unmeasured round comes first."""
    found: dict[str, Clocks] = {name: ([], []) for name in steps}
    for number in range(rounds + 1):
        for name, step in steps.items():
            wall, processor = time.perf_counter(), time.process_time()
            step()
            if number:
                found[name][0].append(time.perf_counter() - wall)
                found[name][1].append(time.process_time() - processor)
    return found


def ratio(found: dict[str, Clocks], one: str, other: str, clock: int, minus: float = 0.0) -> str:
    """Return the median of one / other - minus within a round, with the smallest and largest."""
    each = [a / b - minus for a, b in zip(found[one][clock], found[other][clock], strict=True)]
    return f"**{statistics.median(each):.2f}** ({min(each):.2f} to {max(each):.2f})"


def table(found: dict[str, Clocks], batch: int, clock: int) -> None:
    """Print one clock's."""
    print("| step | series/s | beyond our encoder, of its time | straightforward / this |\n|---|---|---|---|")
    for way in WAYS:
        plain = {ENCODER: LAYERS, OURS: PLAIN, OURS_CONTRAST: PLAIN_CONTRAST}.get(way)
        beyond = ratio(found, way, ENCODER, clock, minus=1) if way in (OURS, OURS_CONTRAST) else ""
        speed = batch / statistics.median(found[way][clock])
        print(f"| {way} | {speed:.0f} | {beyond} | {'' if plain is None else ratio(found, plain, way, clock)} |")


def peak_of(way: str, batch: int) -> float:
    """Return the peak of two steps in MB, measured in a process of its own."""
    command = [sys.executable, __file__, "--peak", way, "--batch", str(batch)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def print_peak(way: str, batch: int) -> None:
    """Print how much memory two steps took above what was held before, in MB."""
    step, status = make_step(way, batch), Path("/proc/self/status")

    def held(field: str) -> int:
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(field))

    before = held("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    step()
    step()
    print((held("VmHWM") - before) / 1024)


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-batch", type=int, default=512)
    parser.add_argument("--peak", choices=WAYS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.peak:
        print_peak(given.peak, given.batch)
        return
    found = in_turns({way: make_step(way, given.batch) for way in WAYS}, given.rounds)
    print(f"K = 32, T = 363, C = 9, batch {given.batch}, {given.threads} threads, {given.rounds} rounds")
    for clock, name in enumerate(("wall-clock", "processor time")):
        print(f"\n{name}:\n")
        table(found, given.batch, clock)
    measured = (LAYERS, ENCODER, OURS, OURS_CONTRAST)
    peaks = {way: peak_of(way, given.memory_batch) for way in measured}
    print(f"\nbatch {given.memory_batch}:\n\n| step | peak, MB | beyond the encoder (torch's), of its memory |")
    print("|---|---|---|")
    for way, peak in peaks.items():
        print(f"| {way} | {peak:.0f} | {'' if way == LAYERS else f'{peak / peaks[LAYERS] - 1:+.2f}'} |")


if __name__ == "__main__":
    main()
