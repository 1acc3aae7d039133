"""DTI-TS: prototypes that are warped in time and shifted to become each series (AgriITSC)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.data import Inputs, UnsupportedError, View
from eobench.plugin import Method, Predictor, RunContext
from eobench_base_models.training import Precision, seeded
from eobench_prototypes._curriculum import LARGE_BUDGET, Curriculum, Pace, Rule, stages
from eobench_prototypes._dti_data import Source
from eobench_prototypes._dti_figures import prototype_figure, reconstruction_figure
from eobench_prototypes._dti_model import ALL, Active, DeformablePrototypes, Shape
from eobench_prototypes._dti_predictor import DeformablePredictor, all_distances
from eobench_prototypes._dti_training import Criterion, Recipe, Trainer
from eobench_prototypes._features import Features, fit_features
from eobench_prototypes._kmeans import Clustering, cluster
from eobench_prototypes._ncc import class_means
from eobench_prototypes._predictor import LEAST_MASS, NearestPrototype
from eobench_prototypes._warp import count_landmarks

VALIDATION_ROWS = 2048
PICTURED = 8


@dataclass(frozen=True, slots=True, eq=False)
class _Start:
    """What training begins with: prototypes of the model without transformations."""

    prototypes: NDArray[np.float64]  # (P, C*T)
    names: NDArray[np.int64] | None  # (P,) class of each
    rows: NDArray[np.int64]  # that are learned from
    targets: NDArray[np.int64] | None  # (rows,) prototype of each


class DeformableTimeSeries(Method):
    """Vincent et al., Pixel-wise agricultural image time series classification (METHODS 5), supervised or not.

    Supervised (`full`, `few`) a prototype stands for each labelled class and begins as its mean, as `ncc`;
    unsupervised (`none`) there are `clusters` of them, which begin as the centres of `kmeans`. A convolutional
    encoder reads from each series how every prototype is warped in time (`warp`) and shifted per band (`offset`);
    the series goes to the prototype that rebuilds it best. Loss: L_rec of the true (or nearest) prototype +
    `tv_weight` L_tv (+ `contrast_weight` L_cont, supervised). `warp=false,offset=false,contrastive=false` is
    `ncc[distance=masked]` or `kmeans[distance=masked]` itself (same code, no step taken): the raw rows of Tables 2
    to 4, whose other rows switch the pieces on one by one.

    Deviations, with their reasons:
        The raw stage of the curriculum is in closed form, since class means and k-means centres are its optimum.
        Each stage gets at least its share of the budget's end, so that small budgets reach the last one.
        Landmarks are a month apart in days, not in steps, so that series of any rhythm have as many; a step is
        warped by its place in the series, which is its date where dates are regular.
        The Gaussian fill is the harness's (`view.filled`), its mask without what lies below 1e-6; with
        `fill=linear` steps weigh 1 where observed and 0 where not. The paper fills no complete series: choose
        `fill=linear` for those.
        The state that is kept is the last stage's best on validation rows (mean accuracy, or L_rec); the code
        keeps the best of all stages. Inputs of val and test are learned from only if the task says so
        (`transductive`). One prototype a class, as the published model has (the code's last version has two).
        Batch, rate and shortest stage follow the budget where they are null: 2,048, 1e-5 and the rule's from
        10,000 steps on, else 256, 1e-3 and 200.
    """

    def fit(self, view: View, run: RunContext) -> Predictor:
        """Return prototypes learned from a `full`, `few` or `none` view.

        Raises:
            UnsupportedError: no row is labelled, or there are fewer rows than clusters.
        """
        features = fit_features(view.inputs, self.params["scaling"], self.params["fill"])
        start = self._supervised(view, features) if view.level != "none" else self._clustered(view, features, run)
        shape = self._shape(view.inputs, len(start.prototypes))
        plan = self._curriculum(run, shape, supervised=start.names is not None)
        if plan is None:
            raw = NearestPrototype(features, start.prototypes, start.names, masked=True, numbered=True)
            raw.steps = 0
            _picture_prototypes(view, start.prototypes.reshape(-1, *view.inputs.shape), start.names, run)
            return raw
        device = torch.device(run.device)
        first = start.prototypes.reshape(-1, *view.inputs.shape).astype(np.float32)
        with seeded(run.number("torch"), device):
            model = DeformablePrototypes(shape, torch.from_numpy(first)).to(device)
            model.precision = cast("Precision", self.params["precision"])
            source = Source(view.inputs, start.rows, features, device)
            targets = None if start.targets is None else torch.from_numpy(start.targets).to(device)
            criterion = self._criterion(view, features, start, device)
            recipe = self._recipe(run, len(start.rows))
            steps = Trainer(model, source, targets, plan, recipe, criterion, run).train()
        predictor = DeformablePredictor(model, features, start.names, len(view.classes), steps)
        if run.artifacts is not None:
            _picture(view, predictor, start, run)
        return predictor

    def _supervised(self, view: View, features: Features) -> _Start:
        labels, rows = view.labels, view.labelled
        if labels is None or not len(rows):
            raise UnsupportedError("dti-ts needs labelled rows at this level, and the view has none")
        means, names = class_means(view.inputs, features, labels, rows, len(view.classes))
        return _Start(means, names, rows, np.searchsorted(names, labels[rows]))

    def _clustered(self, view: View, features: Features, run: RunContext) -> _Start:
        options = Clustering(clusters=cast("int", self.params["clusters"]), masked=True)
        centres = cluster(view.inputs, features, options, run, "dti-ts")
        return _Start(centres, None, np.arange(len(view)), None)

    def _shape(self, inputs: Inputs, prototypes: int) -> Shape:
        channels, steps = inputs.shape
        landmarks = 0
        if self.params["warp"]:
            landmarks = count_landmarks(steps, _span(inputs), float(self.params["landmark_days"] or 30))
        shift, offset = float(self.params["shift"] or 0), bool(self.params["offset"])
        return Shape(prototypes, channels, steps, landmarks, shift, offset)

    def _curriculum(self, run: RunContext, shape: Shape, *, supervised: bool) -> Curriculum | None:
        """None where nothing is on."""
        rule = cast("Rule", self.params["curriculum"])
        contrast = supervised and bool(self.params["contrastive"])
        found = stages(warp=shape.landmarks > 0, offset=shape.offset, contrast=contrast, rule=rule)
        least = cast("int | None", self.params["stage_steps"])
        pace = Pace.of(rule, least, large=_large(run), supervised=supervised)
        return Curriculum(found, pace) if found else None

    def _recipe(self, run: RunContext, rows: int) -> Recipe:
        params, large = self.params, _large(run)
        batch = cast("int | None", params["batch_size"]) or (2048 if large else 256)
        steps = None if run.budget is None else run.budget.steps
        if run.budget is not None and run.budget.epochs is not None:
            steps = run.budget.epochs * -(-rows // batch)
        return Recipe(
            lr=cast("float | None", params["lr"]) or (1e-5 if large else 1e-3),
            batch=batch,
            tv=cast("float", params["tv_weight"]),
            tv_form=str(params["tv"]),
            contrast=cast("float", params["contrast_weight"]),
            reassign=cast("int | None", params["reassign_steps"]) or (500 if large else 50),
            steps=steps,
        )

    def _criterion(self, view: View, features: Features, start: _Start, device: torch.device) -> Criterion | None:
        """Mean accuracy, or minus L_rec, on validation rows; None where there are none to choose by."""
        kept = view.validation
        if kept is None or self.params["selection"] == "last":
            return None
        rows = (np.arange(len(kept)) if start.names is None else kept.labelled)[:VALIDATION_ROWS]
        if not len(rows):
            return None
        source = Source(kept.inputs, rows, features, device)
        if start.names is None or kept.labels is None:
            return Criterion("validation L_rec", lambda model, active: -_error(model, source, active))
        truth, names = kept.labels[rows], start.names
        return Criterion(
            "validation MA", lambda model, active: _mean_accuracy(truth, names[_nearest(model, source, active)])
        )


def _large(run: RunContext) -> bool:
    return run.budget is not None and (run.budget.steps or 0) >= LARGE_BUDGET


def _span(inputs: Inputs) -> float:
    """Days from the first date to the last, the median of the samples."""
    days = np.atleast_2d(inputs.modalities[0].days).astype(np.float64)
    return float(np.median(days[:, -1] - days[:, 0]))


def _error(model: DeformablePrototypes, source: Source, active: Active) -> float:
    """L_rec of the nearest prototypes."""
    total = 0.0
    for _, series in source.batches(256):
        least = all_distances(model, series, active).amin(dim=1)
        total += float((least / series.mass().clamp(min=LEAST_MASS)).sum())
    return total / len(source)


def _nearest(model: DeformablePrototypes, source: Source, active: Active) -> NDArray[np.int64]:
    found = [all_distances(model, series, active).argmin(dim=1) for _, series in source.batches(256)]
    nearest: NDArray[np.int64] = torch.cat(found).cpu().numpy()
    return nearest


def _mean_accuracy(truth: NDArray[np.int16], found: NDArray[np.int64]) -> float:
    return float(np.mean([(found[truth == k] == k).mean() for k in np.unique(truth)]))


def _picture(view: View, predictor: DeformablePredictor, start: _Start, run: RunContext) -> None:
    """Keep the prototypes and the reconstructions of one series for each of some prototypes."""
    model, inputs = predictor.model, view.inputs
    rows = start.rows[:2048]
    device = model.prototypes.device
    nearest = start.targets[:2048] if start.targets is not None else None
    if nearest is None:
        nearest = _nearest(model, Source(inputs, rows, predictor.features, device), ALL)
    counts = np.bincount(nearest, minlength=model.shape.prototypes)
    prototypes = model.prototypes.detach().cpu().numpy()
    _picture_prototypes(view, prototypes, start.names, run, counts if start.names is None else None)
    kinds = np.argsort(-counts, kind="stable")
    kinds = kinds[counts[kinds] > 0][:PICTURED]
    chosen = np.array([np.flatnonzero(nearest == k)[0] for k in kinds])
    (_, series), *_ = Source(inputs, rows[chosen], predictor.features, device).batches(PICTURED)
    rebuilt = model.eval().rebuilt(series, torch.from_numpy(kinds).to(device)).cpu().numpy()
    batch = inputs.batch(rows[chosen])
    seen = np.where(np.isnan(batch.values), np.nan, series.raw.cpu().numpy())
    titles = _titles(view, start.names, model.shape.prototypes)
    figure = reconstruction_figure(
        seen, rebuilt, prototypes[kinds], [titles[k] for k in kinds], batch.days, inputs.bands
    )
    run.artifact("reconstructions", figure)


def _picture_prototypes(
    view: View,
    prototypes: NDArray[np.floating],
    names: NDArray[np.int64] | None,
    run: RunContext,
    counts: NDArray[np.int64] | None = None,
) -> None:
    """Keep the prototypes; with numbers of rows the most frequent come first."""
    if run.artifacts is None:
        return
    days = view.inputs.batch(slice(0, 1)).days[0]
    titles = _titles(view, names, len(prototypes))
    if counts is not None:
        order = np.argsort(-counts, kind="stable")
        share = 100 * counts / max(1, counts.sum())
        prototypes, titles = prototypes[order], [f"{titles[k]} ({share[k]:.1f} % of train)" for k in order]
    run.artifact("prototypes", prototype_figure(prototypes, titles, days, view.inputs.bands))


def _titles(view: View, names: NDArray[np.int64] | None, count: int) -> list[str]:
    return [f"cluster {k}" if names is None else view.classes[names[k]] for k in range(count)]
