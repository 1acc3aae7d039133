"""`scarf` and `bimodal-simclr`: pre-training by dates, then a base model on the features."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.data import EobenchError, Inputs, View
from eobench.plugin import Checkpoint, Method, RunContext
from eobench_base_models.training import LabelObjective, TrainingOptions, fit_network, number, whole
from eobench_contrastive._dates import encoded, feature_series, observed_dates, only, partner_of, sensor_of
from eobench_contrastive._features import FeatureMap, observed_features
from eobench_contrastive._figures import MOST, mean_features, plane_figure
from eobench_contrastive._finetuned import FineTuned
from eobench_contrastive._predictor import SensorPredictor
from eobench_contrastive._pretraining import load_encoder, pretrain_encoder
from eobench_contrastive.networks import DateEncoder

VALIDATION_ROWS = 4096


class Scarf(Method):
    """SCARF (Bahri et al. 2021) on single dates of one sensor: the uni-modal arm of Patnala et al. (METHODS 2).

    Stage 1: each observed date of each pixel against a corrupted copy of itself; the clean view stays clean and
    every sample draws its own features and donors. (Their code corrupts in place, so that both of its views are
    one tensor.) Stage 2: the frozen encoder makes a series of features, on which the base model is trained by the
    loop, the draws and the seeds of `supervised`; `finetune` trains the encoder on instead.

    Deviations: batches of 128 dates by default (paper: 2048); budgets as `pretrain_factor` says; the encoder sees
    all observed dates of train (and of the pool, where the task grants it), not a draw per date. Features are
    standardised by the labelled rows and scaled as `features` says, gaps filled among features. With `finetune`
    gaps are filled before the encoder, which starts from what gives the same features; `scaling=series` is
    without effect there. `quirks` brings faults of the published code back, one at a time.
    """

    def pretrain(self, view: View, run: RunContext) -> Checkpoint:
        """Return the encoder learned from the inputs of a `none` view.

        Raises:
            EobenchError: the quirk that was asked for has nothing to act on.
            UnsupportedError: it has fewer than two observed dates.
        """
        if self.params["quirks"] == "corruption" and not number(self.params, "corruption"):
            raise EobenchError("quirks=corruption is a way to corrupt: it needs a corruption above 0")
        strangers = run.generator("strangers") if self.params["quirks"] == "pairing" else None
        tables = observed_dates(view.inputs, self.sensors(view.inputs), strangers)
        return pretrain_encoder(tables, run, self.params)

    def sensors(self, inputs: Inputs) -> list[str]:
        """Return the modalities that pre-training reads, the kept one first."""
        return [sensor_of(inputs, str(self.params["sensor"]))]

    def fit(self, view: View, run: RunContext) -> SensorPredictor:
        """Learn from the rows that carry a label.

        Raises:
            EobenchError: no row carries one, or there is no checkpoint.
        """
        if view.labels is None or not len(view.labelled):
            raise EobenchError(f"{type(self).__name__}: the view has no labelled row to learn from")
        device = torch.device(run.device)
        encoder = load_encoder(run.checkpoint, device)
        _log(run, number(self.params, "pretrain_factor"))
        sensor = sensor_of(view.inputs, str(self.params["sensor"]))
        seen = labelled_of(view, sensor)
        options = TrainingOptions.of(self.params)
        features = self._features(seen, encoder, run)
        finetune, how = bool(self.params["finetune"]), str(self.params["features"])
        if finetune or how != "unit":
            found, by_band = observed_features(features.inputs), options.scaling == "band"
            reach = FeatureMap.of(found, how, seen.inputs.channels, standardise=by_band)
            encoder, features = reach.folded(encoder), reach.view(features)
            options = replace(options, scaling="none") if by_band else options
        if finetune:
            return self._finetuned(seen, encoder, run, options)
        network = fit_network(features, run, self._objective(features, device), options)
        return SensorPredictor(sensor, encoder, network, seen.inputs.steps)

    def _finetuned(
        self, seen: View, encoder: DateEncoder, run: RunContext, options: TrainingOptions
    ) -> SensorPredictor:
        if run.base_model is None:
            raise EobenchError("training a network needs a base model, and the run has none")
        own = copy.copy(run)
        own.base_model = FineTuned.of(run.base_model, encoder)
        plain = replace(options, scaling="none")
        network = fit_network(seen, own, self._objective(seen, torch.device(run.device)), plain)
        return SensorPredictor(seen.inputs.modalities[0].info.name, None, network, seen.inputs.steps)

    def _objective(self, view: View, device: torch.device) -> LabelObjective:
        if view.labels is None:
            raise EobenchError("there is no label")
        return LabelObjective(
            view,
            view.labels,
            device=device,
            batch_size=whole(self.params, "batch_size"),
            balanced=self.params["class_weights"] == "balanced",
            selection=str(self.params["selection"]),
        )

    def _features(self, view: View, encoder: DateEncoder, run: RunContext) -> View:
        """The view in features; every base model of the same labels reads them from one stage.

        The cell that computes them keeps their picture among its artifacts.
        """

        def compute() -> Checkpoint:
            made = feature_arrays(view, encoder)
            if run.artifacts is not None and view.labels is not None:
                rows = mean_features(made["train"][:MOST], made["train_valid"][:MOST].astype(np.bool_))
                run.artifact("features", plane_figure(rows, view.labels[:MOST], view.classes))
            return made

        stored = run.stage("features", compute)
        validation = view.validation
        if validation is not None:
            validation = replace(validation, inputs=_series(stored, "validation"))
        return replace(view, inputs=_series(stored, "train"), validation=validation)


class BimodalSimCLR(Scarf):
    """Bi-modal contrastive learning of Patnala et al. (METHODS 2): a sensor against another on the same pixels.

    Stage 1: the same pixel on the same day as both sensors saw it, each view corrupted as in SCARF, each with an
    encoder and a projector of its own; NT-Xent over both directions, as their code has it (`loss=eq1`: as the
    paper prints it). Only the encoder of `sensor` is kept. Sentinel-2 is paired with its own 3 x 3 Planetscope
    pixels by the data set; their published code pairs by date alone. Stage 2 is that of `scarf`.

    Pre-train on a data set with both modalities (`pretrain_on`), and compare on one with the first alone.
    """

    def sensors(self, inputs: Inputs) -> list[str]:
        """Return both modalities."""
        (sensor,) = super().sensors(inputs)
        return [sensor, partner_of(inputs, sensor, str(self.params["partner"]))]


def labelled_of(view: View, sensor: str) -> View:
    """Return the labelled rows, of one modality alone; of validation rows the first 4096 labelled ones."""
    rows = view.labelled
    validation = view.validation
    if validation is not None and (validation.labels is None or not len(validation.labelled)):
        validation = None
    if validation is not None:
        validation = _taken(validation, validation.labelled[:VALIDATION_ROWS], sensor)
    return replace(_taken(view, rows, sensor), validation=validation)


def feature_arrays(view: View, encoder: DateEncoder) -> Checkpoint:
    """Return the features of a view's rows and of its validation rows, as arrays of a stage."""
    made: dict[str, NDArray[np.generic]] = {}
    parts = {"train": view, "validation": view.validation}
    for name, part in parts.items():
        if part is None:
            continue
        (found,) = encoded(encoder, part.inputs).modalities
        made |= {name: found.values, f"{name}_days": found.days}
        made[f"{name}_valid"] = np.asarray(found.valid, np.uint8)
    return made


def _series(stored: Checkpoint, name: str) -> Inputs:
    return feature_series(stored[name], stored[f"{name}_valid"].astype(np.bool_), stored[f"{name}_days"])


def _taken(view: View, rows: NDArray[np.int64], sensor: str) -> View:
    labels = None if view.labels is None else view.labels[rows]
    return replace(view, inputs=only(view.inputs, sensor).take(rows), labels=labels)


def _log(run: RunContext, factor: float) -> None:
    """Curves of pre-training stand with those of each cell that uses it, over the steps of its own budget."""
    stored = run.checkpoint or {}
    for step, value in stored["loss"]:
        run.log("pretraining-loss", float(value), int(step / factor))
    for name in ("alignment", "uniformity"):
        run.log(f"pretraining-{name}", float(stored[name]), int(stored["steps"] / factor) if factor else 0)
