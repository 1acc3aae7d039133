"""Small data sets that methods are tried on: separable, with gaps, groups, regions and a census table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eobench.data import (
    Kind,
    ModalityArray,
    ModalityInfo,
    RegionTable,
    SampleFolder,
    SplitInfo,
    write_folder,
)

CLASSES = ("barley", "maize", "pasture")
BLOCKS = 12
_TRAIN, _VAL = 8, 10  # blocks before the first train, up to the second validate, the rest is scored
_SCALE = 0.001
NOISE = 0.35
"""Classes overlap a little, so that options and seeds show."""
_IGNORED = 255
Target = Literal["class", "dense"]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A data set in memory, over N samples.

    Attributes:
        kind: of its inputs.
        optical: (N, *sizes) int16, channels last; no two samples are the same.
        radar: (N, *sizes) float32, on the same dates.
        valid: (N, T) bool, of the optical values; None for images.
        days: (T,) int16.
        labels: (N,) or (N, H, W) int16; -1 = unlabelled.
        part: (N,) `train`, `val` or `test`.
        block: (N,) number of the block, which splits keep whole; four blocks are a county.
    """

    kind: Kind
    optical: NDArray[np.int16]
    radar: NDArray[np.float32]
    valid: NDArray[np.bool_] | None
    days: NDArray[np.int16]
    labels: NDArray[np.int16]
    part: NDArray[Any]
    block: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.part)

    @property
    def target(self) -> Target:
        """The shape of its targets."""
        return "class" if self.labels.ndim == 1 else "dense"

    def rows(self, *parts: str) -> NDArray[np.int64]:
        """Return the rows of some parts."""
        return np.flatnonzero(np.isin(self.part, parts))

    def take(self, rows: NDArray[np.int64]) -> World:
        """Return some rows, in the order given."""
        return replace(
            self,
            optical=self.optical[rows],
            radar=self.radar[rows],
            valid=None if self.valid is None else self.valid[rows],
            labels=self.labels[rows],
            part=self.part[rows],
            block=self.block[rows],
        )

    def write(self, path: Path) -> SampleFolder:
        """Write the sample folder."""
        dense = self.target == "dense"
        columns: dict[str, Any] = {
            "block": np.array([f"b{number}" for number in self.block], object),
            "county": np.array([f"c{number // 4}" for number in self.block], object),
            "split": self.part,
        }
        if not dense:
            columns["label"] = self.labels
        return write_folder(
            path,
            name="contract",
            title="made for the method contract",
            classes=CLASSES,
            modalities=self._modalities(),
            samples=columns,
            splits={"block": SplitInfo("block", "split", "block", "grouped")},
            default_split="block",
            task="segmentation" if dense else "classification",
            targets=np.where(self.labels < 0, _IGNORED, self.labels).astype(np.uint8) if dense else None,
            ignore=_IGNORED if dense else None,
            groups=("block", "county"),
            tables=None if dense else {"census": RegionTable("county", _census(), exact=False)},
        )

    def _modalities(self) -> Mapping[str, ModalityArray]:
        bands = {"optical": ("red", "nir"), "radar": ("vh",)}
        found = {}
        for name, values in (("optical", self.optical), ("radar", self.radar)):
            scale = _SCALE if name == "optical" else 1.0
            info = ModalityInfo(name, self.kind, values.shape[1:], bands[name], scale)
            found[name] = ModalityArray(info, values, self.valid if name == "optical" else None, self.days)
        return found


def _census() -> dict[str, NDArray[np.float64]]:
    """What a table says of each county: near the truth, and wrong."""
    shares = ((0.4, 0.35, 0.25), (0.3, 0.3, 0.4), (1 / 3, 1 / 3, 1 / 3))
    return {f"c{number}": np.array(share) for number, share in enumerate(shares)}


def make_world(kind: Kind, target: Target) -> World:
    """Return a data set of a kind: 144 series, or 36 small images with a class each or label maps."""
    rng = np.random.default_rng([20, len(kind), len(target)])
    count = 144 if kind == "series" else 36
    size = {"series": 1, "image": 32, "image-series": 8}[kind]
    steps = 1 if kind == "image" else 8
    block = np.arange(count) % BLOCKS
    shape = (count, size, size) if target == "dense" else (count, 1, 1)
    labels = rng.integers(0, len(CLASSES), shape).astype(np.int16)
    if target == "dense":  # fields, a third of the image wide each
        shift = rng.integers(0, len(CLASSES), (count, 1, 1))
        labels = ((np.arange(size) * len(CLASSES) // size + shift) % len(CLASSES)).astype(np.int16)
        labels = np.repeat(labels, size, axis=1)
        labels[rng.random(labels.shape) < 0.05] = -1
    values = _observe(labels, steps, size, rng)
    if kind == "series":
        values = values[:, :, 0, 0]
    elif kind == "image":
        values = values[:, 0]
    return World(
        kind=kind,
        optical=np.round(values[..., :2] / _SCALE).astype(np.int16),
        radar=values[..., 2:].astype(np.float32),
        valid=None if kind == "image" else rng.random((count, steps)) > 0.15,
        days=(np.arange(steps) * 20).astype(np.int16),
        labels=labels if target == "dense" else labels[:, 0, 0],
        part=np.where(block < _TRAIN, "train", np.where(block < _VAL, "val", "test")).astype(object),
        block=block,
    )


def _observe(labels: NDArray[np.int16], steps: int, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return (N, T, H, W, 3): a season's curve for each class, with noise; ignored pixels look like any."""
    time = np.linspace(0, 1, steps) if steps > 1 else np.array([0.5])
    peak = np.array([0.25, 0.5, 0.75])
    curves = np.exp(-(((time[:, None] - peak) / 0.2) ** 2))  # (T, K)
    level = np.array([0.6, 0.3, 0.9])
    seen = np.moveaxis(curves[:, np.maximum(labels, 0)], 0, 1)  # (N, T, H, W)
    radar = np.broadcast_to(level[np.maximum(labels, 0)][:, None], seen.shape)
    bands = np.stack([0.5 - 0.3 * seen, 0.2 + seen, radar], -1)
    full = np.broadcast_to(bands, (len(labels), steps, size, size, 3))
    return full + rng.normal(0, NOISE, full.shape)


def gappy(world: World) -> World:
    """Return a data set that lacks one date altogether and most dates of every sample; all keep one."""
    if world.valid is None:
        raise ValueError("images have no dates")
    rng = np.random.default_rng(21)
    valid = rng.random(world.valid.shape) > 0.7
    valid[:, 0] = False
    valid[np.arange(len(world)), rng.integers(1, valid.shape[1], len(world))] = True
    return replace(world, valid=valid)


def unobserved(world: World) -> World:
    """Return a data set in which every fifth sample, in each part, holds no observation, and others hold NaN."""
    radar = world.radar.copy()
    valid = None if world.valid is None else world.valid.copy()
    for part in ("train", "val", "test"):
        rows = world.rows(part)
        radar[rows[::5]] = np.nan
        if valid is not None:
            valid[rows[::5]] = False
            radar[rows[1::5], 0] = np.nan
        else:
            radar[rows[1::5], :4] = np.nan
    return replace(world, radar=radar, valid=valid)


def one_class(world: World) -> World:
    """Return a data set in which all that is learned from is of one class."""
    labels = world.labels.copy()
    rows = world.rows("train", "val")
    labels[rows] = np.where(labels[rows] >= 0, np.int16(1), np.int16(-1))
    return replace(world, labels=labels)


def one_each(world: World) -> World:
    """Return a data set with one sample of each class (or one label map) in train, and in validation."""
    rows = [world.rows("test")]
    for part in ("train", "val"):
        here = world.rows(part)
        if world.target == "dense":
            rows.append(here[:1])
        else:
            rows += [here[world.labels[here] == k][:1] for k in range(len(CLASSES))]
    return world.take(np.sort(np.concatenate(rows)))


def one_date(world: World) -> World:
    """Return a data set of a single date, observed everywhere."""
    if world.valid is None:
        raise ValueError("images have no dates")
    return replace(
        world,
        optical=world.optical[:, :1],
        radar=world.radar[:, :1],
        valid=np.ones((len(world), 1), np.bool_),
        days=world.days[:1],
    )
