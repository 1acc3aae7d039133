"""Trained deformable prototypes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from eobench.data import DataError, Inputs
from eobench.plugin import Predictions, Predictor
from eobench_prototypes._distance import Series
from eobench_prototypes._dti_data import prepared
from eobench_prototypes._dti_model import ALL, Active, DeformablePrototypes, Shape
from eobench_prototypes._features import Features, Fill
from eobench_prototypes._predictor import LEAST_MASS

FORMAT = "eobench-dti/1"
ROWS_AT_ONCE = {"cpu": 256, "cuda": 4096}


class DeformablePredictor(Predictor):
    """Each series goes to the prototype that rebuilds it best.

    Attributes:
        model: in evaluation mode, on its device.
        features: filling and scaling.
        names: (P,) class of each prototype; None where they are clusters.
        classes: K class names there are.
    """

    def __init__(
        self,
        model: DeformablePrototypes,
        features: Features,
        names: NDArray[np.int64] | None,
        classes: int,
        steps: int | None = None,
    ) -> None:
        self.model, self.features, self.names, self.classes = model.eval(), features, names, classes
        self.steps = steps
        self.parameters = sum(p.numel() for p in model.parameters())

    def predict(self, inputs: Inputs) -> Predictions:
        """Return `clusters` (prototypes' numbers), `reconstruction`, and with names `classes`, `probabilities`.

        Probabilities are the softmax of minus the distances, as the contrastive loss has them. The reconstruction
        error is that of the chosen prototype: of a wrong one where the class is wrong.

        Raises:
            DataError: the samples are of another shape than those it learned from.
        """
        shape = self.model.shape
        if inputs.shape != (shape.channels, shape.steps):
            raise DataError(
                f"the prototypes were learned from samples of shape {(shape.channels, shape.steps)}; "
                f"these are {inputs.shape}"
            )
        nearest, error = np.zeros(len(inputs), np.int64), np.zeros(len(inputs), np.float32)
        shares = np.zeros((len(inputs), self.classes), np.float32)
        for rows, series, distance in self._distances(inputs):
            least, found = distance.min(dim=1)
            nearest[rows] = found.cpu().numpy()
            error[rows] = (least / series.mass().clamp(min=LEAST_MASS)).cpu().numpy()
            if self.names is not None:
                shares[rows[:, None], self.names] = (-distance).softmax(dim=1).cpu().numpy()
        if self.names is None:
            return Predictions(clusters=nearest, reconstruction=error)
        return Predictions(
            classes=self.names[nearest], clusters=nearest, probabilities=shares, reconstruction=error
        )

    def _distances(self, inputs: Inputs) -> Iterator[tuple[NDArray[np.int64], Series, torch.Tensor]]:
        device = self.model.prototypes.device
        size = ROWS_AT_ONCE.get(device.type, 256)
        for start in range(0, len(inputs), size):
            rows = np.arange(start, min(start + size, len(inputs)))
            series = prepared(inputs, rows, self.features, device)
            yield rows, series, all_distances(self.model, series)

    def save(self, folder: Path) -> None:
        """Write dti.safetensors and dti.json."""
        arrays = {f"model.{name}": value.cpu().contiguous() for name, value in self.model.state_dict().items()}
        arrays["mean"] = torch.from_numpy(self.features.mean).contiguous()
        arrays["deviation"] = torch.from_numpy(self.features.deviation).contiguous()
        if self.names is not None:
            arrays["names"] = torch.from_numpy(self.names)
        save_file(arrays, folder / "dti.safetensors")
        text = {
            "format": FORMAT,
            "shape": self.model.shape.plain(),
            "fill": self.features.fill,
            "classes": self.classes,
            "steps": self.steps,
        }
        (folder / "dti.json").write_text(json.dumps(text, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> DeformablePredictor:
        """Return the predictor that `save` wrote, on the CPU.

        Raises:
            DataError: the files are not those that `save` writes.
        """
        try:
            text = json.loads((folder / "dti.json").read_text(encoding="utf-8"))
            if text["format"] != FORMAT:
                raise ValueError(f"format {text['format']!r}")
            arrays = load_file(folder / "dti.safetensors")
            state = {k.removeprefix("model."): v for k, v in arrays.items() if k.startswith("model.")}
            with torch.random.fork_rng(devices=[]):
                model = DeformablePrototypes(Shape(**text["shape"]), state["prototypes"])
            model.load_state_dict(state)
            features = Features(cast("Fill", text["fill"]), arrays["mean"].numpy(), arrays["deviation"].numpy())
            names = arrays["names"].numpy() if "names" in arrays else None
            return cls(model, features, names, int(text["classes"]), text["steps"])
        except Exception as error:
            raise DataError(
                f"{folder}: no saved deformable prototypes ({type(error).__name__}: {error})"
            ) from error


def all_distances(model: DeformablePrototypes, series: Series, active: Active = ALL) -> torch.Tensor:
    """Return the distances (B, K) of series to all prototypes, without gradients."""
    with torch.no_grad():
        return model.distances(series, *model.transformations(series.raw, active))
