"""Predicts from one sensor: encoder, then network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from eobench.data import DataError, Inputs
from eobench.plugin import Predictions, Predictor
from eobench_base_models.training import NetworkPredictor
from eobench_contrastive._dates import ROWS_AT_ONCE, encoded, only, sensor_of
from eobench_contrastive.networks import DateEncoder

FORMAT = "eobench-contrastive/1"


class SensorPredictor(Predictor):
    """A network on one modality of its inputs, behind a frozen encoder or by itself.

    Args:
        sensor: name of the modality.
        encoder: frozen; None: the network holds its own.
        network: predicts from features, or from the sensor's series.
        dates: T of a series.
    """

    def __init__(self, sensor: str, encoder: DateEncoder | None, network: NetworkPredictor, dates: int) -> None:
        self.sensor, self.encoder, self.network, self._dates = sensor, encoder, network, dates
        own = 0 if encoder is None else sum(p.numel() for p in encoder.parameters())
        self.parameters, self.steps = own + network.parameters, network.steps

    def flops(self) -> int | None:
        """Return the operations on one sample; of the encoder its linear layers, at every date."""
        total = self.network.flops()
        if self.encoder is None:
            return total
        linear = [m for m in self.encoder.modules() if isinstance(m, nn.Linear)]
        return total + self._dates * sum(2 * m.in_features * m.out_features for m in linear)

    def predict(self, inputs: Inputs) -> Predictions:
        """Predict classes (n,), probabilities (n, K) and the network's embeddings (n, D)."""
        chosen = only(inputs, sensor_of(inputs, self.sensor))
        if self.encoder is None or not len(chosen):
            return self.network.predict(chosen)
        parts = [
            self.network.predict(encoded(self.encoder, chosen, rows))
            for start in range(0, len(chosen), ROWS_AT_ONCE)
            for rows in (np.arange(start, min(start + ROWS_AT_ONCE, len(chosen))),)
        ]
        named = [part.given() for part in parts]
        return Predictions(**{name: np.concatenate([each[name] for each in named]) for name in named[0]})

    def save(self, folder: Path) -> None:
        """Write the network's files, `encoder.safetensors` and `contrastive.json`."""
        self.network.save(folder)
        text: dict[str, object] = {"format": FORMAT, "sensor": self.sensor, "dates": self._dates, "encoder": None}
        if self.encoder is not None:
            width = self.encoder.backbone.first.out_features
            text["encoder"] = [len(self.encoder.mean), width, self.encoder.outputs]
            state = {name: value.cpu().contiguous() for name, value in self.encoder.state_dict().items()}
            save_file(state, folder / "encoder.safetensors")
        (folder / "contrastive.json").write_text(json.dumps(text, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> SensorPredictor:
        """Return the predictor that `save` wrote, on the CPU; nothing is unpickled.

        Raises:
            DataError: the folder holds something else.
        """
        text = json.loads((folder / "contrastive.json").read_text(encoding="utf-8"))
        if text.get("format") != FORMAT:
            raise DataError(f"{folder}: contrastive.json is not of format {FORMAT}")
        encoder = None
        if text["encoder"] is not None:
            with torch.random.fork_rng(devices=[]):
                encoder = DateEncoder(*text["encoder"])
            encoder.load_state_dict(load_file(folder / "encoder.safetensors"))
            encoder.eval().requires_grad_(False)
        return cls(str(text["sensor"]), encoder, NetworkPredictor.load(folder), int(text["dates"]))
