"""A toy world: cards on shelves, data sets as headers, plugin modules in a temporary folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from eobench.data import (
    DatasetMissingError,
    Header,
    ModalityFiles,
    ModalityInfo,
    SplitCounts,
    SplitInfo,
    TableInfo,
)
from eobench.plugin import (
    BaseModelCard,
    Budget,
    Choice,
    DatasetCard,
    MethodCard,
    Param,
    Places,
    Pretraining,
    Range,
    Registry,
    Value,
)
from eobench.tasks import Cell, Probe, TaskFile, expand, parse_tasks

SPACES = {
    "small": {"hidden": Choice((16, 32, 64)), "lr": Range(1e-4, 1e-2, log=True)},
    "wide": {"hidden": Choice((128, 256))},
}


def modality(name: str = "s2", kind: str = "series", sizes: tuple[int, ...] = (4, 2)) -> ModalityFiles:
    bands = tuple(f"b{i}" for i in range(sizes[-1]))
    info = ModalityInfo(name, kind, sizes, bands)  # type: ignore[arg-type]
    days = (0,) if kind == "image" else tuple(range(0, 10 * sizes[0], 10))
    return ModalityFiles(info, f"{name}.npy", "int16", None, days, "2021-01-01")


def header(name: str, **changes: object) -> Header:
    values: dict[str, object] = {
        "name": name,
        "title": name,
        "task": "classification",
        "classes": ("wheat", "maize", "fallow"),
        "samples": 300,
        "modalities": {"s2": modality("s2"), "s1": modality("s1")},
        "pools": {},
        "splits": {
            "block": SplitInfo("block", "split_block", "block", "grouped"),
            "zone": SplitInfo("zone", "split_zone", "zone", "grouped"),
        },
        "default_split": "block",
        "groups": ("block", "zone"),
        "flags": ("cloudy",),
        "tables": {"census": TableInfo("census", "census.parquet", "zone", "proportions", exact=False)},
    }
    return Header(**{**values, **changes})  # type: ignore[arg-type]


def method(name: str, load: str, **changes: object) -> MethodCard:
    values: dict[str, object] = {"name": name, "summary": name, "load": load, "levels": ("full", "few")}
    return MethodCard(**{**values, **changes})  # type: ignore[arg-type]


@dataclass
class World:
    """Everything that expansion asks for, small enough to count by hand."""

    places: Places
    registry: Registry
    headers: dict[str, Header]
    looked: list[str] = field(default_factory=list)
    fingerprint: str = "f0"

    def probe(self, card: DatasetCard, params: Mapping[str, Value]) -> Probe:
        self.looked.append(card.name)
        if card.name not in self.headers:
            raise DatasetMissingError(f"{card.name} is not here: ask its makers")
        found = self.headers[card.name]
        counts = {part: np.array([50, 30, 20]) for part in ("train", "val", "test")}
        per_class = None if found.task == "segmentation" else counts
        mark = self.fingerprint + card.name + repr(sorted(params.items()))
        return Probe(
            Path("/data") / card.name, found, lambda split, exclude: SplitCounts(100, 100, 100, per_class), mark
        )

    def parse(self, text: str) -> TaskFile:
        return parse_tasks(text, "tasks.yaml")

    def expand(self, text: str) -> list[Cell]:
        return expand(self.parse(text), self.registry, self.places, probe=self.probe)

    def task(self, block: str, head: str = "") -> list[Cell]:
        """Expand a file of one task, its fields given as flow YAML."""
        return self.expand(f"name: toy\n{head}\ntasks:\n  - {{id: one, {block}}}\n")


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], Path]]:
    root = tmp_path / "plugins"
    root.mkdir()
    monkeypatch.syspath_prepend(str(root))

    def write(name: str, text: str) -> Path:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    before = set(sys.modules)
    yield write
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("toy_package", "clo", "elsewhere_pkg"):
            del sys.modules[name]


@pytest.fixture
def world(tmp_path: Path, modules: Callable[[str, str], Path]) -> World:
    modules("toy_package/__init__.py", "")
    for name in ("near", "net", "fields"):
        modules(f"toy_package/_{name}.py", f"class Thing:\n    name = {name!r}\n")
    registry = Registry()
    near = "toy_package._near:Thing"
    options = (
        Param("scaling", "band", "how", choices=("band", "feature")),
        Param("rate", 1, "a number", kind=float),
        Param("chunk", 100, "rows at once", execution=True),
    )
    for card in (
        method("near", near, params=options, targets=("class", "dense")),
        method("cluster", near, levels=("none",)),
        method(
            "learner",
            near,
            levels=("full", "few", "bags", "regions", "global", "census"),
            needs_base_model="series->class",
            budgets={"quick": Budget(steps=300), "paper": Budget(epochs=20)},
            params=(Param("corruption", 0.2, "how much"),),
            pretraining=Pretraining(),
        ),
        method("images", near, kinds=("image",)),
        method("hurried", near, budgets={"quick": Budget(steps=5)}),
    ):
        registry.methods.add(card, "toy")
    for name in ("fields", "elsewhere", "patches", "absent"):
        clouds = (Param("clouds", 0.0, "share of clouds", minimum=0, maximum=1),)
        params = clouds if name == "fields" else ()
        card = DatasetCard(
            name=name, summary=name, load="toy_package._fields:Thing", origin="generated", params=params
        )
        registry.datasets.add(card, "toy")
    network = (Param("hidden", 64, "width", minimum=1), Param("lr", 1e-3, "learning rate"))
    for name, takes in (("net", "series"), ("conv", "image")):
        load = "toy_package._net:Thing"
        card = BaseModelCard(name=name, summary=name, load=load, takes=takes, params=network, spaces=SPACES)  # type: ignore[arg-type]
        registry.base_models.add(card, "toy")
    patches = header(
        "patches",
        task="segmentation",
        targets="targets.npy",
        modalities={"l8": modality("l8", "image", (8, 8, 3))},
        tables={},
    )
    headers = {
        "fields": header("fields"),
        "elsewhere": header("elsewhere", flags=(), tables={}),
        "patches": patches,
    }
    return World(Places(tmp_path, tmp_path / "cache"), registry, headers)
