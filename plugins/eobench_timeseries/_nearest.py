"""One nearest neighbour, Euclidean or under dynamic time warping."""

from __future__ import annotations

import json
from abc import abstractmethod
from pathlib import Path
from typing import Self, cast

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.data import DataError, Inputs, View
from eobench.plugin import Method, Predictions, Predictor, RunContext
from eobench_base_models.training import Preparation
from eobench_timeseries._euclid import nearest_euclidean
from eobench_timeseries._series import labelled_rows, pack, preparation_of, prepared, tensors, unpack

_ARRAYS, _OPTIONS = "neighbours.safetensors", "neighbours.json"


class NearestNeighbour(Method):
    """1NN of Vincent et al. (Table 2): the class of the nearest labelled series, Euclidean over all values.

    Deviations: the paper searches a random 0.1 % of train and gives the mean of five draws; all of train (at most
    `fit_rows`) is searched unless `subset` says otherwise, and draws go by the task's seeds. Gaps are filled
    linearly by default, as for the other methods here; `fill=gaussian` is the paper's (Eq 11-13). Of equally near
    series the first of the view wins. Validation rows are not used.
    """

    def fit(self, view: View, run: RunContext) -> NeighbourPredictor:
        """Keep the labelled series of a `full` or `few` view.

        Raises:
            UnsupportedError: no row is labelled.
        """
        return EuclideanNeighbour(*_kept(self, view, run, "1nn"), threads=run.threads)


class NearestNeighbourDTW(Method):
    """1NN-DTW of Vincent et al. (Table 2): the class of the nearest series under dynamic time warping.

    The cost of a step is the squared Euclidean distance over all bands, so that bands warp together ("dependent").
    The paper states no window; none is the default, `window` bands the shift (Sakoe and Chiba). Exact: every
    alignment is computed. Deviations are those of `1nn`; `fit_rows` is lower, as a search costs T times as much.
    """

    def fit(self, view: View, run: RunContext) -> NeighbourPredictor:
        """Keep the labelled series of a `full` or `few` view.

        Raises:
            UnsupportedError: no row is labelled.
        """
        window = cast("float | None", self.params["window"])
        return DTWNeighbour(*_kept(self, view, run, "1nn-dtw"), window=window, threads=run.threads)


def _kept(
    method: Method, view: View, run: RunContext, name: str
) -> tuple[torch.Tensor, NDArray[np.int64], Preparation]:
    rows = labelled_rows(view, run, method.params, name)
    preparation = preparation_of(view.inputs, method.params)
    assert view.labels is not None  # noqa: S101  labelled_rows saw them
    series = prepared(view.inputs, preparation, torch.device(run.device), rows)
    return series, view.labels[rows].astype(np.int64), preparation


class NeighbourPredictor(Predictor):
    """Labelled series that are searched.

    Attributes:
        series: (M, C, T) prepared neighbours.
        labels: (M,) their classes.
        preparation: how series are filled and scaled.
        window: share of T that a step may shift; None: any. Of DTW only.
        threads: that search; they change no number.
    """

    def __init__(
        self,
        series: torch.Tensor,
        labels: NDArray[np.int64],
        preparation: Preparation,
        *,
        window: float | None = None,
        threads: int = 1,
    ) -> None:
        self.series, self.labels, self.preparation = series, labels, preparation
        self.window, self.threads = window, threads
        self.parameters = series.numel()

    def predict(self, inputs: Inputs) -> Predictions:
        """Return `classes` of n series."""
        found = [self.search(x) for x in tensors(inputs, self.preparation, self.series.device)]
        index = np.concatenate(found) if found else np.zeros(0, np.int64)
        return Predictions(classes=self.labels[index])

    @abstractmethod
    def search(self, x: torch.Tensor) -> NDArray[np.int64]:
        """Return the index of the nearest series to each of (B, C, T)."""

    def save(self, folder: Path) -> None:
        """Write neighbours.safetensors and neighbours.json."""
        from safetensors.torch import save_file

        arrays = {"series": self.series.cpu().contiguous(), "labels": torch.from_numpy(self.labels)}
        save_file(arrays, folder / _ARRAYS)
        options = {"window": self.window, "preparation": pack(self.preparation)}
        (folder / _OPTIONS).write_text(json.dumps(options))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the predictor that `save` wrote, on the CPU.

        Raises:
            DataError: the files are not those that `save` writes.
        """
        from safetensors.torch import load_file

        try:
            arrays = load_file(folder / _ARRAYS)
            options = json.loads((folder / _OPTIONS).read_text())
            series, labels = arrays["series"], arrays["labels"].numpy()
            if series.ndim != 3 or series.dtype != torch.float32 or labels.shape != (len(series),):
                raise ValueError(f"series {tuple(series.shape)} with labels {labels.shape}")
            return cls(series, labels, unpack(options["preparation"]), window=options["window"])
        except Exception as error:
            raise DataError(f"{folder}: no saved neighbours ({type(error).__name__}: {error})") from error


class EuclideanNeighbour(NeighbourPredictor):
    """The nearest under squared Euclidean distance."""

    def search(self, x: torch.Tensor) -> NDArray[np.int64]:
        """Return the index of the nearest series to each of (B, C, T)."""
        return nearest_euclidean(x.flatten(1), self.series.flatten(1)).cpu().numpy()


class DTWNeighbour(NeighbourPredictor):
    """The nearest under dynamic time warping."""

    def search(self, x: torch.Tensor) -> NDArray[np.int64]:
        """Return the index of the nearest series to each of (B, C, T)."""
        from eobench_timeseries._dtw import nearest_dtw, radius_of  # its compiler is imported where it is used

        return nearest_dtw(x, self.series, radius_of(self.window, x.shape[2]), self.threads)
