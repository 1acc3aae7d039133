"""Why pre-training wins or loses on few labels: one change at a time, on the simulated pairs.

    python bench/contrastive/experiments.py NAME... [--seeds 3] [--score val] [--rows FILE]

An arm is pre-trained once for a seed; from there three families of base models learn from 5 and from 20 labels a
class of that seed's draw. Blocks (family, labels, seed) pair the arms. Validation rows are scored by default, so
that nothing is chosen by the test. Rows go to FILE as they come, and those that are there are not computed again;
the tables are made from them. Without a name: lists the experiments. `EOBENCH_CACHE` names the cache, where the
simulated pairs are or come to be.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eobench.data import (
    Inputs,
    Knobs,
    LabelBudget,
    SampleFolder,
    Scene,
    Supervision,
    View,
    build_scene,
    open_folder,
)
from eobench.plugin import Budget, Checkpoint, Method, Places, Registry, RunContext, discover, make_dataset
from eobench_contrastive._dates import feature_series

STEPS, BATCH, PRETRAINING = 120, 32, 1000
LABELS = (5, 20)
FAMILIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("transformer", {"d_model": 64, "heads": 2, "layers": 1, "lr": 2e-3}),
    ("inceptiontime", {"hidden": 16, "layers": 2, "kernel": 8, "lr": 3e-3}),
    ("bilstm", {"hidden": 32, "layers": 1, "lr": 3e-3}),
)


@dataclass(frozen=True)
class Arm:
    """One way of learning.

    Attributes:
        name: in the tables.
        method: on a card.
        params: beside those that all arms share.
        pretraining: steps.
        rate: factor on every family's learning rate.
        steps: with labels.
        pixels: that pre-training sees, at most.
        rotated: of `supervised`: raw bands are standardised and turned into so many others, by a random matrix
            with orthonormal rows or columns; nothing is lost. 0: as they are.
    """

    name: str
    method: str = "bimodal-simclr"
    params: dict[str, Any] = field(default_factory=dict)
    pretraining: int = PRETRAINING
    rate: float = 1.0
    steps: int = STEPS
    pixels: int | None = None
    rotated: int = 0


SUPERVISED, BIMODAL, SCARF = Arm("supervised", "supervised"), Arm("bimodal-simclr"), Arm("scarf", "scarf")
UNTRAINED = Arm("random encoder", pretraining=0)


def with_features(how: str) -> list[Arm]:
    """The arms that read features, with another `features`."""
    return [
        Arm(f"{arm.name}, {how}", arm.method, {"features": how}, arm.pretraining)
        for arm in (SCARF, BIMODAL, UNTRAINED)
    ]


EXPERIMENTS: dict[str, list[Arm]] = {
    "control": [SUPERVISED, SCARF, BIMODAL, UNTRAINED],
    "basis": [
        Arm("supervised, bands turned", "supervised", rotated=12),
        Arm("supervised, 64 mixtures of bands", "supervised", rotated=64),
    ],
    "feature scale": [*with_features("bands"), *with_features("principal"), *with_features("whitened")],
    "learning rate": [
        Arm(f"{arm.name}, rate x {rate}", arm.method, rate=rate)
        for rate in (0.1, 0.3)
        for arm in (SUPERVISED, SCARF, BIMODAL)
    ],
    "labelled steps": [
        Arm(f"{arm.name}, {steps} steps", arm.method, steps=steps)
        for steps in (40, 400)
        for arm in (SUPERVISED, SCARF, BIMODAL)
    ],
    "unlabelled": [Arm(f"bimodal-simclr, {count} pixels", pixels=count) for count in (100, 400, 1600)],
    "pre-training steps": [Arm(f"bimodal-simclr, {steps} steps", pretraining=steps) for steps in (100, 300, 3000)],
    "temperature": [
        Arm(f"bimodal-simclr, temperature {t}", params={"temperature": t}) for t in (0.02, 0.2, 0.5, 1.0)
    ],
    "corruption": [
        Arm(f"{m}, corruption {c}", m, {"corruption": c})
        for c in (0.0, 0.4, 0.6)
        for m in ("scarf", "bimodal-simclr")
        if (m, c) != ("scarf", 0.0)
    ],
    "no corruption": [
        Arm("bimodal-simclr, corruption 0.0", params={"corruption": 0.0}),
        Arm("bimodal-simclr, corruption 0.0, eq1", params={"corruption": 0.0, "loss": "eq1"}),
    ],
    "loss": [Arm(f"bimodal-simclr, {loss}", params={"loss": loss}) for loss in ("eq1", "barlow-twins", "vicreg")],
    "width": [Arm(f"bimodal-simclr, width {w}", params={"width": w}) for w in (16, 256)],
    "fine-tuning": [
        Arm(f"{arm.name}, fine-tuned", arm.method, {"finetune": True}, arm.pretraining)
        for arm in (SCARF, BIMODAL, UNTRAINED)
    ],
    "quirks": [
        Arm("scarf, quirks=corruption", "scarf", {"quirks": "corruption"}),
        Arm("bimodal-simclr, quirks=corruption", params={"quirks": "corruption"}),
        Arm("bimodal-simclr, quirks=pairing", params={"quirks": "pairing"}),
    ],
}


RIVALS = (SUPERVISED.method, SCARF.method)


class World:
    """The simulated pairs, with each seed's draw of labels."""

    def __init__(self, score: str) -> None:
        places = Places(None, Path(os.environ["EOBENCH_CACHE"]))
        self.registry: Registry = discover(places)
        card = self.registry.datasets["simulated-pairs"]
        self.folder: SampleFolder = open_folder(make_dataset(card, card.resolve({}), places).folder())
        self.score = score
        self._kept: dict[str, Checkpoint] = {}

    def method(self, arm: Arm) -> Method:
        """An arm's method."""
        card = self.registry.methods[arm.method]
        given: dict[str, Any] = {"batch_size": BATCH}
        if arm.method != "supervised":
            given |= {"width": 64, "corruption": 0.2, "pretrain_factor": arm.pretraining / arm.steps}
        made: Method = card.load_object()(card.resolve({**given, **arm.params}))
        return made

    def pretrained(self, arm: Arm, seed: int) -> Checkpoint:
        """An arm's encoder; arms that differ in what follows share it."""
        before = {name: value for name, value in arm.params.items() if name not in ("features", "finetune")}
        key = json.dumps([arm.method, before, arm.pretraining, arm.pixels, seed])
        if key not in self._kept:
            view = self.scene("none", seed).view
            if arm.pixels is not None:
                view = View("none", view.inputs.take(slice(0, arm.pixels)), view.classes)
            run = RunContext(seed, budget=Budget(steps=arm.steps))
            self._kept[key] = self.method(arm).pretrain(view, run)
        return self._kept[key]

    def scene(self, level: str, seed: int, labels: int | None = None) -> Scene:
        """What is learned from; inputs of both sensors where nothing is labelled."""
        budget = None if labels is None else LabelBudget(per_class=labels)
        return build_scene(
            self.folder,
            split="random",
            modalities=() if labels is None else ("s2",),
            supervision=Supervision(level, labels=budget),  # type: ignore[arg-type]
            knobs=Knobs(score_on=self.score),  # type: ignore[arg-type]
            seed=seed,
            flatten=False,
        )


def rows_of(world: World, arm: Arm, seed: int) -> Iterator[dict[str, Any]]:
    """Pre-train an arm once and yield the overall accuracy of every block."""
    method = world.method(arm)
    checkpoint = None if arm.method == "supervised" else world.pretrained(arm, seed)
    told = _told(checkpoint)
    for labels in LABELS:
        scene = world.scene("few", seed, labels)
        view, test = turned(scene, arm.rotated, seed) if arm.rotated else (scene.view, scene.test)
        for family, options in FAMILIES:
            base = world.registry.base_models[family]
            model = base.load_object()(base.resolve({**options, "lr": options["lr"] * arm.rate}))
            run = RunContext(seed, budget=Budget(steps=arm.steps), base_model=model, checkpoint=checkpoint)
            found = method.fit(view, run).predict(test).classes
            accuracy = float((found == scene.truth).mean())
            yield {"family": family, "labels": labels, "seed": seed, "oa": round(accuracy, 5), **told}


def turned(scene: Scene, count: int, seed: int) -> tuple[View, Inputs]:
    """What is learned from and what is scored, each date's bands mixed by the same random matrix."""

    def dates(inputs: Inputs) -> tuple[Any, Any, Any]:
        batch = replace(inputs, fill=None).batch(slice(0, len(inputs)))
        return batch.values.transpose(0, 2, 1), batch.valid, batch.days

    def mixed(inputs: Inputs) -> Inputs:
        values, valid, days = dates(inputs)
        return feature_series(
            ((np.nan_to_num(values) - mean) / deviation @ matrix).astype(np.float32), valid, days
        )

    values, valid, _ = dates(scene.view.inputs)
    seen = values[valid]
    mean, deviation = seen.mean(axis=0), seen.std(axis=0)
    size = max(count, seen.shape[1])
    matrix = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0][: seen.shape[1], :count]
    view = replace(scene.view, inputs=mixed(scene.view.inputs))
    if view.validation is not None:
        view = replace(view, validation=replace(view.validation, inputs=mixed(view.validation.inputs)))
    return view, mixed(scene.test)


def _told(checkpoint: Checkpoint | None) -> dict[str, float]:
    if checkpoint is None:
        return {}
    return {name: round(float(checkpoint[name]), 3) for name in ("alignment", "uniformity")}


def main() -> None:
    """Run what is missing of the experiments named, and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(EXPERIMENTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--score", choices=("val", "test"), default="val")
    parser.add_argument("--rows", type=Path, default=Path("experiments.jsonl"))
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no arm after so many")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in EXPERIMENTS]
    if unknown or not chosen.names:
        raise SystemExit(f"experiments: {', '.join(EXPERIMENTS)}" + (f"; not {unknown[0]!r}" if unknown else ""))
    torch.set_num_threads(1)
    rows = [json.loads(line) for line in chosen.rows.read_text().splitlines()] if chosen.rows.exists() else []
    done = {(row["arm"], row["score"], row["seed"]) for row in rows}
    world, began = World(chosen.score), time.monotonic()
    wanted = dict.fromkeys(a.name for name in ("control", *chosen.names) for a in EXPERIMENTS[name])
    arms = {arm.name: arm for every in EXPERIMENTS.values() for arm in every}
    for seed in range(chosen.seeds):
        for name in wanted:
            if (name, chosen.score, seed) in done or time.monotonic() - began > chosen.seconds:
                continue
            made = [{"arm": name, "score": chosen.score, **row} for row in rows_of(world, arms[name], seed)]
            with chosen.rows.open("a") as file:
                file.writelines(json.dumps(row) + "\n" for row in made)
            rows += made
    for name in chosen.names:
        print(f"\n## Experiment '{name}'\n")
        print("\n".join(table([a.name for a in EXPERIMENTS[name]], rows, chosen.score)))


def table(names: list[str], rows: list[dict[str, Any]], score: str) -> Iterator[str]:
    """Markdown: mean accuracy, and wins over paired blocks of arms with the same rate and steps with labels."""
    found: dict[str, dict[tuple[str, int, int], float]] = {}
    for row in rows:
        if row["score"] == score:
            found.setdefault(row["arm"], {})[row["family"], row["labels"], row["seed"]] = 100 * row["oa"]
    families = [family for family, _ in FAMILIES]
    yield "| arm | 5/class | 20/class | > supervised | > scarf | " + " | ".join(families) + " |"
    yield "|---|---|---|---|---|" + "---|" * len(families)
    for name in dict.fromkeys((SUPERVISED.name, SCARF.name, BIMODAL.name, *names)):
        blocks = found.get(name, {})
        if not blocks:
            continue
        means = [np.mean([v for (_, n, _), v in blocks.items() if n == labels]) for labels in LABELS]
        each = [np.mean([v for (f, _, _), v in blocks.items() if f == family]) for family in families]
        wins = [_wins(blocks, found.get(beside(name, other), {}), beside(name, other) == name) for other in RIVALS]
        yield f"| {' | '.join([name, *(f'{m:.1f}' for m in means), *wins, *(f'{m:.1f}' for m in each)])} |"


def beside(name: str, method: str) -> str:
    """The arm of a method that an arm is compared with: with the same rate and steps with labels."""
    arms = {arm.name: arm for every in EXPERIMENTS.values() for arm in every}
    one = arms[name]
    return next(
        (
            a.name
            for a in arms.values()
            if (a.method, a.rate, a.steps, a.params) == (method, one.rate, one.steps, {})
        ),
        method,
    )


def _wins(one: dict[Any, float], other: dict[Any, float], same: bool) -> str:
    if same:
        return ""
    both = one.keys() & other.keys()
    return f"{sum(one[block] > other[block] for block in both)} of {len(both)}"


if __name__ == "__main__":
    main()
