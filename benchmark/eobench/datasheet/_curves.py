"""Class means over the year, with their spread; spectra where there is one date."""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.data import ModalityArray, ModalityFiles, SampleFolder
from eobench.datasheet._axis import Axis, aligned, make_axis
from eobench.datasheet._bands import Measure, measures
from eobench.datasheet._pixels import Pixels

LOW, HIGH = 0.1, 0.9
_FEWEST: Final = 3  # observations of a class at a step, for a point on its curve
_MOST_MEASURES: Final = 16


def curves(folder: SampleFolder, files: ModalityFiles, modality: ModalityArray, pixels: Pixels) -> dict[str, Any]:
    """Return what the figure of one modality draws.

    Returns:
        `name`, `axis` (`date`, `season`, `day`, or `band`), `words`, `x`, and `measures`: for each its `name` and
        `classes`: for each class that is there its `index`, number `n` of pixels, and (S,) `mean`, `low`, `high`.
    """
    base: dict[str, Any] = {"name": modality.info.name, "units": modality.info.units or ""}
    if pixels.values.shape[2] == 1:
        spectrum = _summaries(pixels.values[:, :, 0], pixels.labels)
        made = [{"name": "spectrum", "classes": spectrum}]
        return {**base, "axis": "band", "words": "", "x": list(modality.info.bands), "measures": made}
    middle, index = aligned(pixels.days)
    axis: Axis = make_axis(folder, files, middle)
    chosen: list[Measure] = measures(modality.info.bands)[:_MOST_MEASURES]
    made = []
    for measure in chosen:
        values = measure.of(pixels.values)
        if index is not None:
            values = _binned(values, index, len(middle))
        made.append({"name": measure.name, "classes": _summaries(values, pixels.labels)})
    return {**base, "axis": axis.kind, "words": axis.words, "x": axis.x, "measures": made}


def _summaries(values: NDArray[np.float32], labels: NDArray[np.int16]) -> list[dict[str, Any]]:
    """Of each class: mean, and the share of pixels between `LOW` and `HIGH`, at each of S places."""
    found = []
    for k in np.unique(labels):
        ours = values[labels == k]
        with warnings.catch_warnings():  # a step without any observation has no mean: NaN, which is not drawn
            warnings.simplefilter("ignore", RuntimeWarning)
            mean = np.nanmean(ours, axis=0)
            low, high = np.nanquantile(ours, [LOW, HIGH], axis=0)
        few = (~np.isnan(ours)).sum(axis=0) < min(_FEWEST, len(ours))
        parts = {"mean": mean, "low": low, "high": high}
        drawn = {key: _numbers(np.where(few, np.nan, part)) for key, part in parts.items()}
        found.append({"index": int(k), "n": len(ours), **drawn})
    return found


def _binned(values: NDArray[np.float32], index: NDArray[np.int64], steps: int) -> NDArray[np.float32]:
    """Means of what each sample observed within each common step, (n, S)."""
    row = np.broadcast_to(np.arange(len(values))[:, None], index.shape)
    seen = ~np.isnan(values)
    total, count = np.zeros((len(values), steps), np.float32), np.zeros((len(values), steps), np.float32)
    np.add.at(total, (row[seen], index[seen]), values[seen])
    np.add.at(count, (row[seen], index[seen]), 1)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _numbers(values: NDArray[Any]) -> list[float | None]:
    """Four significant digits are more than a screen shows; NaN is null."""
    return [None if np.isnan(v) else float(f"{v:.4g}") for v in values]
