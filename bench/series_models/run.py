"""A training step of the series networks beside tsai's and BreizhCrops': `python bench/series_models/run.py`.

The base models of Patnala et al. at sizes of their spaces. A step is forward, cross-entropy and backward of one
batch; the optimiser is left out, since it belongs to none of them. All run in one process on one thread and take
turns, round by round; ratios are taken within a round and their medians are printed, since other work on the
machine moves seconds and not ratios. Seconds are of the processor. Prints Markdown; `--write FILE` writes it.

Install what it is measured beside in an environment of its own: tsai with fastai, without their requirements,
which ask for an older scikit-learn; of breizhcrops (kept no longer, GPL-3) the folder is enough, unpacked from its
wheel and named by `--breizhcrops FOLDER`: its model files are loaded one by one, as the package itself asks for
more. Whatever is missing is left out, which the table says.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from eobench.plugin import Places, discover

CLASSES = 9
HIDDEN, LSTM_LAYERS = 64, 2
FILTERS, MODULES, KERNEL = 32, 6, 40
D_MODEL, HEADS, LAYERS = 64, 4, 3
DROPOUT = 0.1


@dataclass
class Family:
    """One family of networks, ours first.

    Attributes:
        ways: name -> a step.
        parameters: name -> how many.
        missing: name -> why it does not take part.
    """

    title: str
    ways: dict[str, Callable[[], None]] = field(default_factory=dict)
    parameters: dict[str, int] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, make: Callable[[], nn.Module], x: torch.Tensor, labels: torch.Tensor) -> None:
        """Make a network and its step; note why if it cannot be."""
        try:
            torch.manual_seed(0)
            network = make()
            step = step_of(network, x, labels)
            step()
        except Exception as error:
            self.missing[name] = f"{type(error).__name__}: {error}".splitlines()[0][:120]
            return
        self.ways[name] = step
        self.parameters[name] = sum(p.numel() for p in every_parameter(network))


def step_of(network: nn.Module, x: torch.Tensor, labels: torch.Tensor) -> Callable[[], None]:
    """Return a step in training mode; log-probabilities pass cross-entropy unchanged."""
    parameters = every_parameter(network)

    def step() -> None:
        for parameter in parameters:
            parameter.grad = None
        nn.functional.cross_entropy(network(x), labels).backward()  # type: ignore[no-untyped-call]

    network.train()
    return step


def every_parameter(network: nn.Module) -> list[nn.Parameter]:
    """Parameters, also of modules that stand in plain lists, as BreizhCrops' Inception layers do."""
    found = dict.fromkeys(network.parameters())
    for module in network.modules():
        for value in vars(module).values():
            if isinstance(value, list):
                found |= dict.fromkeys(p for m in value if isinstance(m, nn.Module) for p in every_parameter(m))
    return list(found)


def families(batch: int, channels: int, steps: int, breizhcrops: Path | None) -> Iterator[Family]:
    """The three families on series (batch, channels, steps)."""
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(batch, channels, steps)).astype(np.float32))
    steps_first = x.transpose(1, 2).contiguous()
    labels = torch.from_numpy(rng.integers(0, CLASSES, batch))
    models = discover(Places(None, Path())).base_models

    def ours(name: str, **options: Any) -> nn.Module:
        card = models[name]
        network: nn.Module = card.load_object()(card.resolve(options)).build(x.shape[1:], CLASSES)
        return network

    one = Family(f"bilstm[hidden={HIDDEN},layers={LSTM_LAYERS}]")
    one.add(
        "ours",
        lambda: ours("bilstm", hidden=HIDDEN, layers=LSTM_LAYERS, dropout=DROPOUT),
        x,
        labels,
    )
    one.add("tsai, LSTM", lambda: tsai_lstm(channels), x, labels)
    one.add(
        "BreizhCrops, LSTM",
        lambda: theirs(breizhcrops, "LongShortTermMemory").LSTM(channels, CLASSES, HIDDEN, LSTM_LAYERS, DROPOUT),
        steps_first,
        labels,
    )
    yield one
    two = Family(f"inceptiontime[hidden={FILTERS},layers={MODULES},kernel={KERNEL}]: kernels of 41, 21, 11")
    two.add("ours", lambda: ours("inceptiontime", hidden=FILTERS, layers=MODULES, kernel=KERNEL), x, labels)
    two.add(
        "BreizhCrops, InceptionTime",
        lambda: theirs(breizhcrops, "InceptionTime").InceptionTime(CLASSES, channels, MODULES, 4 * FILTERS),
        steps_first,
        labels,
    )
    yield two
    two = Family(f"inceptiontime[hidden={FILTERS},layers={MODULES},kernel={KERNEL - 1}]: kernels of 39, 19, 9")
    two.add("ours", lambda: ours("inceptiontime", hidden=FILTERS, layers=MODULES, kernel=KERNEL - 1), x, labels)
    two.add("tsai, InceptionTime", lambda: tsai_inception(channels), x, labels)
    yield two
    three = Family(f"transformer[d_model={D_MODEL},heads={HEADS},layers={LAYERS}]")
    three.add(
        "ours",
        lambda: ours("transformer", d_model=D_MODEL, heads=HEADS, layers=LAYERS, dropout=DROPOUT),
        x,
        labels,
    )
    three.add("tsai, TransformerModel", lambda: tsai_transformer(channels), x, labels)
    three.add(
        "BreizhCrops, PETransformerModel",
        lambda: breizhcrops_transformer(breizhcrops, channels),
        steps_first,
        labels,
    )
    yield three


def tsai_lstm(channels: int) -> nn.Module:
    """Its head reads the last step's output, not the cells; it has biases."""
    from tsai.models.RNN import LSTM

    made: nn.Module = LSTM(
        channels, CLASSES, hidden_size=HIDDEN, n_layers=LSTM_LAYERS, rnn_dropout=DROPOUT, bidirectional=True
    )
    return made


def tsai_inception(channels: int) -> nn.Module:
    """The original network; it takes one off where a kernel is even, BreizhCrops and ours add one."""
    from tsai.models.InceptionTime import InceptionTime

    made: nn.Module = InceptionTime(channels, CLASSES, nf=FILTERS, depth=MODULES, ks=KERNEL)
    return made


def tsai_transformer(channels: int) -> nn.Module:
    """Without positions."""
    from tsai.models.TransformerModel import TransformerModel

    made: nn.Module = TransformerModel(
        channels, CLASSES, d_model=D_MODEL, n_head=HEADS, d_ffn=2 * D_MODEL, dropout=DROPOUT, n_layers=LAYERS
    )
    return made


def breizhcrops_transformer(folder: Path | None, channels: int) -> nn.Module:
    """Theirs at the same sizes."""
    module = theirs(folder, "PETransformerModel")
    made: nn.Module = module.PETransformerModel(
        channels, CLASSES, D_MODEL, HEADS, LAYERS, 2 * D_MODEL, dropout=DROPOUT
    )
    return made


def theirs(folder: Path | None, name: str) -> ModuleType:
    """Return one of BreizhCrops' model files as a module."""
    if folder is None:
        raise ModuleNotFoundError("no folder was named with --breizhcrops")
    spec = importlib.util.spec_from_file_location(f"breizhcrops_{name}", folder / "models" / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"{folder}: no {name}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_turns(family: Family, rounds: int) -> dict[str, list[float]]:
    """Return processor seconds of each way, by round; one unmeasured round comes first."""
    found: dict[str, list[float]] = {name: [] for name in family.ways}
    for number in range(rounds + 1):
        for name, step in family.ways.items():
            began = time.process_time()
            step()
            if number:
                found[name].append(time.process_time() - began)
    return found


def table(family: Family, rounds: int) -> Iterator[str]:
    """Markdown of one family."""
    yield f"\n### {family.title}\n"
    yield "| way | parameters | seconds a step | theirs / ours |"
    yield "|---|---:|---:|---:|"
    found = in_turns(family, rounds)
    own = found.get("ours")
    for name, seconds in found.items():
        beside = ""
        if own is not None and name != "ours":
            each = [theirs / mine for theirs, mine in zip(seconds, own, strict=True)]
            beside = f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"
        yield f"| {name} | {family.parameters[name]:,} | {statistics.median(seconds):.4f} | {beside} |"
    for name, why in family.missing.items():
        yield f"| {name} | | | not measured: {why} |"


def heading(rounds: int) -> Iterator[str]:
    """What was measured where."""
    versions = []
    for name in ("tsai", "torch"):
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    load = os.getloadavg()[0]
    yield "# A training step of series networks beside others\n"
    yield f"`python bench/series_models/run.py --rounds {rounds}`: {', '.join(versions)}, breizhcrops 0.0.4.1,"
    yield f"Python {platform.python_version()}, one thread; load {load:.0f} on {os.cpu_count()} cores at first."
    yield "Seconds of the processor are medians of the rounds; ratios are theirs / ours within a round: median"
    yield "(least to most). Above 1 ours takes less. All three are built from torch's own layers, so much the same"
    yield "is expected; tsai's second Inception shortcut is a batch norm alone, ours has a 1x1 convolution as the"
    yield "original does: 16,384 weights more."


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--breizhcrops", type=Path, help="the unpacked package's folder")
    parser.add_argument("--write", type=Path, help="also write the tables to this file")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    lines = list(heading(chosen.rounds))
    for channels, steps in ((12, 36), (12, 144), (256, 144)):
        lines.append(f"\n## {chosen.batch} series, C = {channels}, T = {steps}, {CLASSES} classes")
        for family in families(chosen.batch, channels, steps, chosen.breizhcrops):
            lines += table(family, chosen.rounds)
    text = "\n".join(lines) + "\n"
    print(text)
    if chosen.write is not None:
        chosen.write.write_text(text)


if __name__ == "__main__":
    main()
