"""What a training step of `dti-ts` costs, beside the straightforward form and beside its encoder alone.

    python bench/dti/run.py [--batch 256] [--rounds 5] [--threads 2] [--memory-batch 512]

K = 32 prototypes, T = 363 steps, C = 9 bands, M = 11 landmarks (TimeSen2Crop). A step is forward, loss, backward
and Adam. The ways take turns, round by round; ratios are taken within a round and their medians printed, since other
work on the machine moves seconds and not ratios. Memory is the peak of a process of its own each, above what it held
before its first step (Linux).
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
from torch import nn
from torch.nn import functional

from eobench_prototypes._distance import Series
from eobench_prototypes._dti_model import DeformablePrototypes, Encoder, Shape, contrast, smoothness

SHAPE = Shape(prototypes=32, channels=9, steps=363, landmarks=11, shift=0.25, offset=True)
ENCODER, OURS, OURS_CONTRAST, PLAIN, PLAIN_CONTRAST = (
    "encoder alone",
    "ours, unsupervised",
    "ours, supervised with contrastive loss",
    "straightforward, unsupervised",
    "straightforward, supervised with contrastive loss",
)
WAYS = (ENCODER, OURS, OURS_CONTRAST, PLAIN, PLAIN_CONTRAST)


def make_step(way: str, batch: int) -> Callable[[], None]:
    """Return one training step of a way, on random series."""
    torch.manual_seed(0)
    values = torch.randn(batch, SHAPE.channels, SHAPE.steps)
    series = Series(values, values, torch.rand(batch, 1, SHAPE.steps))
    target = torch.randint(SHAPE.prototypes, (batch,))
    model = DeformablePrototypes(SHAPE, torch.randn(SHAPE.prototypes, SHAPE.channels, SHAPE.steps)).train()
    plain = Straightforward(SHAPE.steps, SHAPE.landmarks, SHAPE.shift).float()
    learned = list(model.encoder.parameters() if way == ENCODER else model.parameters())
    optimiser = torch.optim.Adam(learned, lr=1e-5)

    def rec_loss(own: torch.Tensor) -> torch.Tensor:
        return (own / series.mass()).mean() + 0.01 * smoothness(model.prototypes, "squared")

    def loss() -> torch.Tensor:
        if way == ENCODER:
            return model.encoder(values).sum()
        moves, offsets = model.transformations(values)
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


class ChannelsLast(nn.Module):
    """The same encoder as 2-D convolutions with channels last in memory."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        """Return (B, 128)."""
        x = raw[:, :, None].contiguous(memory_format=torch.channels_last)
        for layer in self.encoder.layers:
            if isinstance(layer, nn.Conv1d):
                weight = layer.weight[:, :, None].contiguous(memory_format=torch.channels_last)
                x = functional.conv2d(x, weight, layer.bias, padding=(0, int(layer.padding[0])))
            elif isinstance(layer, nn.BatchNorm1d):
                x = functional.batch_norm(
                    x,
                    layer.running_mean,
                    layer.running_var,
                    layer.weight,
                    layer.bias,
                    self.training,
                    0.1,
                    layer.eps,
                )
            else:
                x = layer(x)
        return self.encoder.last(x.mean(dim=(2, 3)))


def encoder_steps(batch: int) -> dict[str, Callable[[], None]]:
    """Return forward and backward of the encoder as it is and in forms that compute the same (bf16: nearly)."""
    torch.manual_seed(0)
    raw, encoder = torch.randn(batch, SHAPE.channels, SHAPE.steps), Encoder(SHAPE.channels).train()
    forms = {"conv1d (as it is)": encoder, "conv2d, channels last": ChannelsLast(encoder)}

    def made(form: nn.Module, *, half: bool) -> Callable[[], None]:
        def step() -> None:
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                found = form(raw)
            found.float().sum().backward()

        return step

    steps = {name: made(form, half=False) for name, form in forms.items()}
    return steps | {f"{name}, bfloat16": made(form, half=True) for name, form in forms.items()}


def in_turns(steps: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Return seconds of each step, by round; one unmeasured round comes first."""
    found: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            if number:
                found[name].append(time.perf_counter() - began)
    return found


def ratio(found: dict[str, list[float]], one: str, other: str, minus: float = 0.0) -> str:
    """Return the median of one / other - minus within a round, with the smallest and largest."""
    each = [a / b - minus for a, b in zip(found[one], found[other], strict=True)]
    return f"**{statistics.median(each):.2f}** ({min(each):.2f} to {max(each):.2f})"


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
    print(f"K = 32, T = 363, C = 9, batch {given.batch}, {given.threads} threads, {given.rounds} rounds\n")
    print("| step | series/s | beyond the encoder, of its time | straightforward / this |\n|---|---|---|---|")
    for way in WAYS:
        plain = {OURS: PLAIN, OURS_CONTRAST: PLAIN_CONTRAST}.get(way)
        beyond = "" if way == ENCODER else ratio(found, way, ENCODER, minus=1)
        speed = given.batch / statistics.median(found[way])
        print(f"| {way} | {speed:.0f} | {beyond} | {'' if plain is None else ratio(found, plain, way)} |")
    peaks = {way: peak_of(way, given.memory_batch) for way in WAYS[:3]}
    print(
        f"\nbatch {given.memory_batch}:\n\n| step | peak, MB | beyond the encoder, of its memory |\n|---|---|---|"
    )
    for way, peak in peaks.items():
        print(f"| {way} | {peak:.0f} | {'' if way == ENCODER else f'{peak / peaks[ENCODER] - 1:.2f}'} |")
    forms = in_turns(encoder_steps(given.batch), given.rounds)
    first = next(iter(forms))
    print("\n| encoder, forward and backward | as it is / this |\n|---|---|")
    for name in forms:
        print(f"| {name} | {ratio(forms, first, name)} |")


if __name__ == "__main__":
    main()
