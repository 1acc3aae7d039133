"""Pictures of samples: true colour and class maps of images, a strip of the year for pixel series."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.data import Inputs, ModalityArray, ModalityFiles, SampleFolder
from eobench.datasheet._axis import date_words
from eobench.datasheet._bands import measures, true_colour
from eobench.datasheet._colours import class_colours, ramp, rgb
from eobench.datasheet._pixels import Pixels, affordable, some, some_of_each
from eobench.datasheet._png import data_uri

Colours = NDArray[np.uint8]
_IMAGES: Final = 12
_SERIES: Final = 5
_DATES: Final = 6
_STRIP: Final = 24  # pixels of a class, one above the other
_BRIGHT: Final = 0.3  # reflectance that is white: brighter is cloud, snow or sand
_IGNORED: Final = (128, 128, 128, 60)


def strips(modality: ModalityArray, pixels: Pixels) -> dict[str, Any]:
    """Return a picture for each class: a row a pixel, a column a date; where there is one date, just some pixels.

    Returns:
        `name`, `what` is shown, `ramp` (low and high value, where it is no true colour), `one` date, `classes`:
        their `index` and `src`.
    """
    colour, words, ends = _painted(modality, np.moveaxis(pixels.values, 1, -1))
    found = []
    for k in np.unique(pixels.labels):
        chosen = some(np.flatnonzero(pixels.labels == k), _STRIP if pixels.values.shape[2] > 1 else 6 * 40)
        picture = colour[chosen]
        if picture.shape[1] == 1:
            across = max(1, min(40, len(picture)))
            picture = picture[: len(picture) // across * across].reshape(-1, across, 4)
        found.append({"index": int(k), "src": data_uri(picture)})
    one = pixels.values.shape[2] == 1
    return {"name": modality.info.name, "what": words, "ramp": ends, "classes": found, "one": one}


def images(folder: SampleFolder, files: ModalityFiles) -> dict[str, Any]:
    """Return pictures of some samples: each `pictures` (one a date) and the class map or the class beside.

    Returns:
        `name`, `what` is shown, `ramp`, `size` of an image, `samples`: `row`, `pictures` (`src`, `words`), `map`
        (its `src`, or None), `label` (index, or None).
    """
    modality = folder.modality(files.info.name)
    labels, series = folder.labels(), modality.info.kind == "image-series"
    rows = _chosen(labels, min(_SERIES if series else _IMAGES, affordable(modality, 1 << 20)))
    found = _painted_images(modality, files, rows)
    colours = [rgb(c) for c in class_colours(len(folder.header.classes))]
    for sample, row in zip(found["samples"], rows, strict=True):
        dense = labels.ndim > 1
        sample["map"] = data_uri(_map(labels[row], colours)) if dense else None
        sample["label"] = None if dense or labels[row] < 0 else int(labels[row])
    return found


def pool_images(modality: ModalityArray, files: ModalityFiles) -> dict[str, Any]:
    """Return pictures of some samples of a pool, as `images` does."""
    count = min(_SERIES if modality.info.kind == "image-series" else _IMAGES, affordable(modality, 1 << 20))
    found = _painted_images(modality, files, some(np.arange(len(modality.values)), count))
    for sample in found["samples"]:
        sample |= {"map": None, "label": None}
    return found


def _painted_images(modality: ModalityArray, files: ModalityFiles, rows: NDArray[np.int64]) -> dict[str, Any]:
    batch = Inputs.of(modality).batch(rows)
    series = modality.info.kind == "image-series"
    values = batch.values if series else batch.values[:, None]  # (B, T, C, H, W)
    steps = [_best_dates(batch.valid[k]) for k in range(len(rows))]
    chosen = np.stack([values[k][steps[k]] for k in range(len(rows))])
    colour, words, ends = _painted(modality, np.moveaxis(chosen, 2, -1))
    samples = []
    for k, row in enumerate(rows):
        when = [date_words(files, batch.days[k, step]) if series else "" for step in steps[k]]
        pictures = [{"src": data_uri(colour[k, j]), "words": when[j]} for j in range(len(steps[k]))]
        samples.append({"row": int(row), "pictures": pictures})
    size = list(modality.info.sizes[-3:-1])
    return {"name": modality.info.name, "what": words, "ramp": ends, "size": size, "samples": samples}


def _best_dates(valid: NDArray[np.bool_]) -> NDArray[np.int64]:
    """At most so many steps, spread over those that are observed."""
    seen = np.flatnonzero(valid)
    steps: NDArray[np.int64] = seen if len(seen) >= min(_DATES, len(valid)) else np.arange(len(valid))
    chosen: NDArray[np.int64] = steps[np.linspace(0, len(steps) - 1, min(_DATES, len(valid))).astype(int)]
    return chosen


def _painted(modality: ModalityArray, values: NDArray[np.float32]) -> tuple[Colours, str, list[float] | None]:
    """Values (..., C) as colours (..., 4): true colour where its bands are there, else a ramp of one measure.

    One stretch for all that is shown together, so that bright and dark stay comparable.
    """
    bands = true_colour(modality.info.bands)
    if bands is not None:
        return _true(values[..., list(bands)]), "true colour", None
    measure = measures(modality.info.bands)[0]
    flat = measure.of(values.reshape(-1, values.shape[-1])).reshape(values.shape[:-1])
    seen = flat[~np.isnan(flat)]
    low, high = (float(v) for v in np.quantile(seen, [0.02, 0.98])) if seen.size else (0.0, 1.0)
    scaled = np.clip((np.nan_to_num(flat) - low) / max(high - low, 1e-9), 0, 1)
    return _opaque(ramp(scaled, vegetation=measure.name == "NDVI"), ~np.isnan(flat)), measure.name, [low, high]


def _true(values: NDArray[np.float32]) -> Colours:
    """Red, green, blue stretched together: clouds may be white, land fills most of the range."""
    seen: NDArray[np.bool_] = np.asarray(~np.isnan(values).any(axis=-1))
    known = values[seen]
    if not len(known):
        return np.zeros((*values.shape[:-1], 4), np.uint8)
    low = float(np.quantile(known, 0.01, axis=0).min())
    middle, high = (float(q) for q in np.quantile(known, [0.5, 0.98]))
    high = min(high, _BRIGHT if 0 < middle < _BRIGHT else 3.5 * middle)
    scaled = np.clip((np.nan_to_num(values) - low) / np.maximum(high - low, 1e-9), 0, 1) ** 0.8
    return _opaque((255 * scaled).round().astype(np.uint8), seen)


def _opaque(colour: Colours, seen: NDArray[np.bool_]) -> Colours:
    """What was not observed is see-through."""
    return np.concatenate([colour, np.where(seen, 255, 0).astype(np.uint8)[..., None]], axis=-1)


def _map(labels: NDArray[np.int16], colours: list[tuple[int, int, int]]) -> Colours:
    table = np.array([(*c, 255) for c in colours] + [_IGNORED], np.uint8)
    return table[labels]  # -1 is the last


def _chosen(labels: NDArray[np.int16], count: int) -> NDArray[np.int64]:
    """Some samples: of class maps those with several classes first, else some of each class."""
    if labels.ndim == 1:
        each = max(1, count // max(1, len(np.unique(labels[labels >= 0]))))
        rows = some_of_each(labels, each)
        return some(rows, count) if len(rows) >= count else some(np.arange(len(labels)), count)
    candidates = some(np.arange(len(labels)), 8 * count)
    variety = np.array([len(np.unique(labels[row][labels[row] >= 0])) for row in candidates])
    half = candidates[np.argsort(-variety, kind="stable")[: max(count, len(candidates) // 2)]]
    return some(np.sort(half), count)
