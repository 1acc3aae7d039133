"""A sample folder in memory, with the awkward things: copies, unlabelled rows, missing steps, rare classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from eobench.data import (
    Header,
    Inputs,
    ModalityArray,
    ModalityFiles,
    ModalityInfo,
    SplitCounts,
    SplitInfo,
    TableInfo,
)
from eobench.data._row_ids import hash_rows

CLASSES = ("wheat", "maize", "rice", "cotton", "fallow")


class FakeFolder:
    """The methods of SampleFolder that scenes use, over arrays in memory."""

    def __init__(self, header, columns, labels, modalities, pools=None, tables=None):
        self.header, self.columns, self._labels = header, columns, labels
        self.modalities, self.pools, self.tables = modalities, pools or {}, tables or {}

    def column(self, name):
        return self.columns[name]

    def labels(self):
        return self._labels

    def inputs(self, modalities=None):
        return Inputs.of(*(self.modalities[m] for m in modalities or self.modalities))

    def modality(self, name):
        return self.modalities[name]

    def pool(self, name):
        return self.pools[name]

    def table(self, name):
        return self.tables[name]

    def row_ids(self):
        return hash_rows(self.modalities.values(), {g: self.columns[g] for g in self.header.groups})

    def counts(self, split, flag=None):
        column = self.columns[self.header.splits[split].column]
        keep = np.ones(len(column), bool) if flag is None else ~self.columns[flag]
        rows = {s: (column == s) & keep for s in ("train", "val", "test")}
        per_class = None
        if self.header.task == "classification":
            known = self._labels >= 0
            per_class = {
                s: np.bincount(self._labels[r & known], minlength=len(self.header.classes))
                for s, r in rows.items()
            }
        return SplitCounts(*(int(r.sum()) for r in rows.values()), per_class)

    def permuted(self, order):
        """The same folder with its rows (and its pools' rows) in another order."""
        backwards = {n: p.take(np.arange(len(p.values))[::-1]) for n, p in self.pools.items()}
        return FakeFolder(
            self.header,
            {n: c[order] for n, c in self.columns.items()},
            self._labels[order],
            {n: m.take(order) for n, m in self.modalities.items()},
            backwards,
            self.tables,
        )

    def relabelled(self, labels):
        return FakeFolder(self.header, self.columns, labels, self.modalities, self.pools, self.tables)

    def with_header(self, **changes):
        header = replace(self.header, **changes)
        return FakeFolder(header, self.columns, self._labels, self.modalities, self.pools, self.tables)


def _modality(name, count, rng, steps=6, bands=2, masked=True):
    info = ModalityInfo(name, "series", (steps, bands), tuple(f"{name}{i}" for i in range(bands)), 0.001)
    valid = rng.random((count, steps)) > 0.2 if masked else None
    values = rng.integers(0, 3000, (count, steps, bands)).astype(np.int16)
    return ModalityArray(info, values, valid, np.arange(steps, dtype=np.int16) * 10)


def _files(array, **more):
    return ModalityFiles(array.info, "x.npy", str(array.values.dtype), None, (0,), None, **more)


def _series_folder(count=400, seed=0, bands=2, unlabelled=0.05, copies=20):
    rng = np.random.default_rng(seed)
    labels = rng.choice(5, count, p=[0.45, 0.3, 0.15, 0.07, 0.03]).astype(np.int16)
    labels[rng.random(count) < unlabelled] = -1
    block = rng.integers(0, 24, count)
    part = np.array(["train"] * 14 + ["val"] * 5 + ["test"] * 5, object)
    modality = _modality("s2", count, rng, bands=bands)
    for i in range(copies):  # rows with the same content, in other splits and of other classes
        modality.values[count - 1 - i] = modality.values[i // 2]
        modality.valid[count - 1 - i] = modality.valid[i // 2]
        if i % 2:
            block[count - 1 - i] = block[i // 2]
    splits = {
        "block": SplitInfo("block", "split_block", "block", "grouped"),
        "random": SplitInfo("random", "split_random", None, "within"),
        "blind": SplitInfo("blind", "split_blind", "block", None),
        "blind_rows": SplitInfo("blind_rows", "split_blind", None, None),
    }
    by_block = part[block]
    columns = {
        "block": np.array([f"b{b}" for b in block], object),
        "county": (block // 6).astype(np.int32),
        "cloudy": rng.random(count) < 0.1,
        "split_block": by_block,
        "split_random": np.array(["train", "train", "train", "val", "test", "spare"], object)[
            rng.integers(0, 6, count)
        ],
        "split_blind": np.where(by_block == "val", "train", by_block).astype(object),
    }
    shares = rng.dirichlet(np.ones(5), 24)
    tables = {
        "census": {str(c): rng.dirichlet(np.ones(5)) for c in range(4)},
        "exact": {f"b{b}": shares[b] for b in range(24)},
    }
    header = Header(
        name="fake",
        title="fake",
        task="classification",
        classes=CLASSES,
        samples=count,
        modalities={"s2": _files(modality)},
        pools={},
        splits=splits,
        default_split="block",
        groups=("block", "county"),
        flags=("cloudy",),
        tables={
            "census": TableInfo("census", "t.parquet", "county", "proportions", False),
            "exact": TableInfo("exact", "t.parquet", "block", "proportions", True),
        },
    )
    return FakeFolder(header, columns, labels, {"s2": modality}, {}, tables)


def _with_pool(folder, bands=2, count=30):
    pool = _modality("cube", count, np.random.default_rng(9), bands=bands)
    pool = replace(pool, info=replace(pool.info, bands=tuple(f"s2{i}" for i in range(bands))))
    changed = folder.with_header(pools={"cube": _files(pool)})
    changed.pools = {"cube": pool}
    return changed


def _image_folder(count=24, size=6, seed=0):
    rng = np.random.default_rng(seed)
    info = ModalityInfo("l8", "image", (size, size, 3), ("r", "g", "b"), 0.01)
    values = rng.integers(0, 500, (count, size, size, 3)).astype(np.int16)
    labels = rng.choice(5, (count, size, size), p=[0.5, 0.3, 0.15, 0.04, 0.01]).astype(np.int16)
    labels[rng.random(labels.shape) < 0.1] = -1
    labels[0] = -1
    modality = ModalityArray(info, values, None, np.zeros(1, np.int16))
    header = Header(
        name="maps",
        title="maps",
        task="segmentation",
        classes=CLASSES,
        samples=count,
        modalities={"l8": _files(modality)},
        pools={},
        splits={"random": SplitInfo("random", "split", None, "within")},
        default_split="random",
        groups=("commune",),
        targets="targets.npy",
        ignore=255,
    )
    part = np.array(["train"] * 14 + ["val"] * 5 + ["test"] * 5, object)
    columns = {"split": part[np.arange(count) % 24], "commune": np.arange(count) // 3}
    return FakeFolder(header, columns, labels, {"l8": modality})


def _differences(a: Any, b: Any, path: str = "") -> list[str]:
    if isinstance(a, np.ndarray):
        same = a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        return [] if same else [path]
    if is_dataclass(a):
        return [
            d for f in fields(a) for d in _differences(getattr(a, f.name), getattr(b, f.name), f"{path}.{f.name}")
        ]
    if isinstance(a, tuple):
        found = [] if len(a) == len(b) else [path]
        return found + [
            d for i, (x, y) in enumerate(zip(a, b, strict=False)) for d in _differences(x, y, f"{path}[{i}]")
        ]
    return [] if a == b else [path]


@pytest.fixture(scope="session")
def fakes() -> SimpleNamespace:
    """Makers of folders in memory, and `differences(a, b)`: where two scenes or views are not bit-identical."""
    makers: dict[str, Callable[..., Any]] = {
        "series": _series_folder,
        "with_pool": _with_pool,
        "images": _image_folder,
        "differences": _differences,
    }
    return SimpleNamespace(**makers)
