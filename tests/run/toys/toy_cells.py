"""Cells, a registry and a tiny sample folder for tests of the runner."""

import hashlib
import json
from dataclasses import asdict

import numpy as np

from eobench.data import Knobs, ModalityArray, ModalityInfo, SplitInfo, Supervision, write_folder
from eobench.plugin import discover
from eobench.tasks import Cell, DatasetRef

PLUGINS = ("toy_plugin", "toy_metric", "eobench.run._plugin")
SCORED = ("toy_plugin", "eobench.scoring")


def registry(places):
    return discover(places, PLUGINS, entry_points=False)


def write_toy(path, n=60, classes=3):
    """Series of 4 dates and 2 bands, whose mean is the class."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % classes
    values = (labels[:, None, None] + rng.normal(0, 0.1, (n, 4, 2))).astype(np.float32)
    series = ModalityArray(
        ModalityInfo("s", "series", (4, 2), ("red", "nir")), values, None, np.arange(4, dtype=np.int16)
    )
    split = np.array(["train", "train", "val", "test"], object)[np.arange(n) * 7 % n % 4]
    write_folder(
        path,
        name=path.name,
        title="toy",
        classes=tuple("abc"[:classes]),
        modalities={"s": series},
        samples={"label": labels, "split": split},
        splits={"random": SplitInfo("random", "split", None, "within")},
        default_split="random",
    )
    return path


def cell(method, *, seed=0, level="full", folder=None, status="planned", reason=None, knobs=None, **params):
    """One cell; its key comes from all that is given."""
    supervision = level if isinstance(level, Supervision) else Supervision(level)
    defaults = {"behaviour": method, "note": ""}
    if method == "pretrained":
        defaults = {"note": "", "fails": False, "scale": 1.0, "head": 1}
    params = defaults | params
    knobs = knobs or Knobs()
    identity = {
        "protocol": 1,
        "method": {"name": method, "params": params},
        "code": "c0de",
        "dataset": {"name": "toy", "params": {}, "split": "random", "modalities": [], "fingerprint": "f"},
        "supervision": {k: str(v) for k, v in asdict(supervision).items() if v is not None},
        "knobs": repr(knobs),
        "seed": seed,
        "budget": None,
        "threads": 1,
    }
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    where = None if folder is None else str(folder)
    return Cell(
        task="toys",
        method=method,
        method_params=params,
        method_label=method,
        dataset=DatasetRef("toy", {}, "random", (), "f", where),
        supervision=supervision,
        knobs=knobs,
        seed=seed,
        threads=1,
        key=key,
        identity=identity,
        status=status,
        reason=reason,
    )


def slow_cells(folder, note, seeds):
    """Cells that take a moment and note each run of theirs."""
    return [cell("slow", seed=s, folder=folder, note=str(note)) for s in range(seeds)]
