"""Some labelled pixel series of each class: few rows, in the order of the file, whatever the size of the set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eobench.data import Inputs, ModalityArray, SampleFolder

PER_CLASS: Final = 300
IMAGES: Final = 160
BYTES: Final = 48 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Pixel series of one modality.

    Attributes:
        values: (n, C, T) float32, NaN where nothing was observed.
        days: (n, T) days since each sample's start.
        labels: (n,) class, -1 = unlabelled.
        rows: (n,) the sample that each comes from.
    """

    values: NDArray[np.float32]
    days: NDArray[np.int16]
    labels: NDArray[np.int16]
    rows: NDArray[np.int64]


def some(rows: NDArray[np.int64], count: int, seed: int = 0) -> NDArray[np.int64]:
    """Return at most so many of the rows, drawn with a seed, sorted."""
    if len(rows) <= count:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, count, replace=False))


def some_of_each(labels: NDArray[np.int16], count: int, seed: int = 0) -> NDArray[np.int64]:
    """Return at most so many rows of each class, sorted; of the unlabelled where nothing is labelled."""
    known = np.unique(labels[labels >= 0])
    groups = [np.flatnonzero(labels == k) for k in known] or [np.arange(len(labels))]
    return np.sort(np.concatenate([some(rows, count, seed) for rows in groups]))


def affordable(modality: ModalityArray, count: int) -> int:
    """Return how many samples of a modality may be read at once, at most `count`."""
    each = max(1, int(np.prod(modality.info.sizes)) * 4)
    return max(1, min(count, BYTES // each))


def labelled_pixels(folder: SampleFolder, name: str) -> Pixels:
    """Return some pixel series of each class of a modality.

    Of images with a class map, labelled pixels; of images with one class, the pixel in the middle.
    """
    modality, labels = folder.modality(name), folder.labels()
    if modality.info.kind == "series":
        classes = max(1, len(folder.header.classes))
        rows = some_of_each(labels, max(8, min(PER_CLASS, affordable(modality, 1 << 30) // classes)))
        return _series(modality, rows, labels[rows])
    if labels.ndim == 1:
        return _middles(modality, some_of_each(labels, max(4, affordable(modality, IMAGES) // 16)), labels)
    return _dense(modality, some(np.arange(len(labels)), affordable(modality, IMAGES)), labels)


def pool_pixels(modality: ModalityArray) -> Pixels:
    """Return some pixel series of a pool, unlabelled."""
    rows = some(np.arange(len(modality.values)), affordable(modality, PER_CLASS))
    if modality.info.kind == "series":
        return _series(modality, rows, np.full(len(rows), -1, np.int16))
    shape = (len(modality.values), *modality.info.sizes[-3:-1])
    return _dense(modality, rows, np.broadcast_to(np.int16(-1), shape))


def _series(modality: ModalityArray, rows: NDArray[np.int64], labels: NDArray[np.int16]) -> Pixels:
    batch = Inputs.of(modality).batch(rows)
    return Pixels(batch.values, batch.days, labels, rows)


def _middles(modality: ModalityArray, rows: NDArray[np.int64], labels: NDArray[np.int16]) -> Pixels:
    height, width = modality.info.sizes[-3:-1]
    batch = Inputs.of(modality).batch(rows)
    values = batch.values[..., height // 2, width // 2]
    series = values[:, :, None] if values.ndim == 2 else values.transpose(0, 2, 1)
    return Pixels(series, batch.days, labels[rows], rows)


def _dense(modality: ModalityArray, rows: NDArray[np.int64], labels: NDArray[np.int16]) -> Pixels:
    """Pixels of each class from images: read image by image, kept pixel by pixel."""
    maps = labels[rows]
    flat = maps.reshape(-1)
    places = some_of_each(flat, PER_CLASS) if (flat >= 0).any() else some(np.arange(flat.size), PER_CLASS)
    image, pixel = np.divmod(places, maps[0].size)
    inputs = Inputs.of(modality)
    values, days = [], []
    for number in np.unique(image):
        batch = inputs.take(rows[number : number + 1]).as_series().batch(pixel[image == number])
        values.append(batch.values)
        days.append(batch.days)
    return Pixels(np.concatenate(values), np.concatenate(days), flat[places], rows[image])
