"""Support vector machine on flattened series."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.data import DataError, Inputs, UnsupportedError, View
from eobench.plugin import Method, Predictions, Predictor, RunContext
from eobench_base_models.training import Preparation
from eobench_timeseries._series import labelled_rows, pack, preparation_of, prepared, tensors, unpack

_ARRAYS, _OPTIONS = "svm.safetensors", "svm.json"
_CACHE_MEGABYTES = 500
_BLOCK_BYTES = 128_000_000


class SupportVectorMachine(Method):
    """scikit-learn's SVC (libsvm), one class against another; each (step, band) a feature.

    The code of Vincent et al. has an SVM that their paper does not report; its settings are scikit-learn's
    defaults here. Features are standardised by band, which an RBF kernel needs. At most `fit_rows` labelled rows
    are learned from: training time grows with their square. Validation rows are not used.
    """

    def fit(self, view: View, run: RunContext) -> SVMPredictor:
        """Return the machine learned from a `full` or `few` view.

        Raises:
            UnsupportedError: no row is labelled, or all labels are of one class.
        """
        from sklearn.svm import SVC

        rows = labelled_rows(view, run, self.params, "svm")
        assert view.labels is not None  # noqa: S101  labelled_rows saw them
        labels = view.labels[rows].astype(np.int64)
        if len(np.unique(labels)) < 2:
            raise UnsupportedError(f"svm needs labels of two classes or more; all are {view.classes[labels[0]]}")
        preparation = preparation_of(view.inputs, self.params)
        values = prepared(view.inputs, preparation, torch.device("cpu"), rows).flatten(1).double().numpy()
        kernel, gamma, weight = (self.params[name] for name in ("kernel", "gamma", "class_weight"))
        if gamma is None:
            gamma = 1 / (values.shape[1] * (float(values.var()) or 1.0))
        model = SVC(
            C=self.params["c"],
            kernel=kernel,
            gamma=gamma,
            class_weight=None if weight == "none" else weight,
            cache_size=_CACHE_MEGABYTES,
            random_state=0,  # of Platt scaling, which is off; else libsvm is seeded from the global state
        ).fit(values, labels)
        return SVMPredictor.of(model, preparation, torch.device(run.device))


class SVMPredictor(Predictor):
    """Votes of every pair of classes, as libsvm counts them; of equal votes the first class wins.

    Attributes:
        support: (S, D) float64 support vectors.
        weights: (S, P) float64, of each support vector in each of the P pairs of classes.
        offsets: (P,) float64.
        names: (k,) index of each class that was labelled; pairs are (0, 1), (0, 2), ... of them.
        gamma: of the RBF kernel; None: linear.
        preparation: how series are filled and scaled.
    """

    def __init__(
        self,
        support: torch.Tensor,
        weights: torch.Tensor,
        offsets: torch.Tensor,
        names: NDArray[np.int64],
        gamma: float | None,
        preparation: Preparation,
    ) -> None:
        self.support, self.weights, self.offsets = support, weights, offsets
        self.names, self.gamma, self.preparation = names, gamma, preparation
        # a support vector has a weight for each class but its own
        self.parameters = support.numel() + len(support) * (len(names) - 1) + offsets.numel()

    @classmethod
    def of(cls, model: Any, preparation: Preparation, device: torch.device) -> SVMPredictor:
        """Return the predictor of a fitted `SVC`."""
        names = np.asarray(model.classes_, np.int64)
        owner = np.repeat(np.arange(len(names)), model.n_support_)
        pairs = list(itertools.combinations(range(len(names)), 2))
        weights = np.zeros((len(owner), len(pairs)))
        for place, (first, second) in enumerate(pairs):
            weights[owner == first, place] = model.dual_coef_[second - 1, owner == first]
            weights[owner == second, place] = model.dual_coef_[first, owner == second]
        sign = -1.0 if len(names) == 2 else 1.0  # scikit-learn turns the sign of a single pair
        found = (model.support_vectors_, sign * weights, sign * np.asarray(model.intercept_))
        tensors_ = (torch.from_numpy(np.ascontiguousarray(a, np.float64)).to(device) for a in found)
        support, by_pair, offsets = tensors_
        gamma = float(model.gamma) if model.kernel == "rbf" else None
        return cls(support, by_pair, offsets, names, gamma, preparation)

    def predict(self, inputs: Inputs) -> Predictions:
        """Return `classes` of n series."""
        rows = max(1, _BLOCK_BYTES // (8 * len(self.support)))
        found = [
            self._votes(part.flatten(1).double()).argmax(dim=1).cpu().numpy()
            for x in tensors(inputs, self.preparation, self.support.device)
            for part in torch.split(x, rows)
        ]
        return Predictions(classes=self.names[np.concatenate(found) if found else np.zeros(0, np.int64)])

    def _votes(self, x: torch.Tensor) -> torch.Tensor:
        """(B, k) votes of (B, D) features."""
        product = x @ self.support.T
        if self.gamma is not None:
            squares = x.square().sum(dim=1, keepdim=True) + self.support.square().sum(dim=1)
            product = torch.exp(-self.gamma * (squares - 2 * product).clamp(min=0))
        first = product @ self.weights + self.offsets > 0
        pairs = torch.tensor(list(itertools.combinations(range(len(self.names)), 2)), device=x.device)
        votes = torch.zeros((len(x), len(self.names)), dtype=torch.int64, device=x.device)
        for side, wins in ((0, first), (1, ~first)):
            votes.index_add_(1, pairs[:, side], wins.long())
        return votes

    def save(self, folder: Path) -> None:
        """Write svm.safetensors and svm.json."""
        from safetensors.torch import save_file

        arrays = {"support": self.support, "weights": self.weights, "offsets": self.offsets}
        named = {name: a.cpu().contiguous() for name, a in arrays.items()}
        save_file(named | {"names": torch.from_numpy(self.names)}, folder / _ARRAYS)
        options = {"gamma": self.gamma, "preparation": pack(self.preparation)}
        (folder / _OPTIONS).write_text(json.dumps(options))

    @classmethod
    def load(cls, folder: Path) -> SVMPredictor:
        """Return the predictor that `save` wrote, on the CPU.

        Raises:
            DataError: the files are not those that `save` writes.
        """
        from safetensors.torch import load_file

        try:
            arrays = load_file(folder / _ARRAYS)
            options = json.loads((folder / _OPTIONS).read_text())
            support, weights, offsets = (arrays[name] for name in ("support", "weights", "offsets"))
            names = arrays["names"].numpy()
            pairs = len(names) * (len(names) - 1) // 2
            if support.ndim != 2 or weights.shape != (len(support), pairs) or offsets.shape != (pairs,):
                raise ValueError(f"{len(names)} classes with weights {tuple(weights.shape)}")
            return cls(support, weights, offsets, names, options["gamma"], unpack(options["preparation"]))
        except Exception as error:
            raise DataError(
                f"{folder}: no saved support vector machine ({type(error).__name__}: {error})"
            ) from error
