"""From an opened sample folder to the view that a method sees and the truth that the scorer keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eobench.data._bags import exact_bags, region_bags
from eobench.data._dense import GrantedMaps, arrange_images, grant_maps
from eobench.data._errors import UnsupportedError
from eobench.data._groups import Grouping, group_classes
from eobench.data._inputs import Inputs
from eobench.data._levels import Granted, Setting, grant
from eobench.data._rowset import RowSet
from eobench.data._sources import Sources, TestOn, open_sources
from eobench.data._supported import complete_supervision
from eobench.data._vectors import measure_rows
from eobench.data._view import BAG_LEVELS, Bags, View

if TYPE_CHECKING:
    from eobench.data._folder import SampleFolder
    from eobench.data._request import Knobs, Supervision

FLAT_BAGS = "bags of label maps are bags of images: a method must take images, not their pixels as series"
_SCORED_ORDER = 0  # of a seed of their own: one order of scored rows for all cells


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A view, and what only the scorer may know. Methods are handed `view` and, to predict, `test`.

    Truth and proportions are in the classes of the view; `score_labels` groups them as the task scores them.

    Attributes:
        view: what the method sees.
        test: inputs of the scored rows, in an order that is the same for every seed, level and bag size, so that
            predictions of two cells can be compared row by row.
        truth: (n,) or (n, H, W) int16, true classes of the scored rows; -1 = not scored.
        train_truth: true classes of the view's rows, (n,) or (n, H, W) int16; -1 = unlabelled, or not a train
            row (a pool, or test inputs that joined).
        classes: K class names of the view.
        score_classes: class names as the task scores them.
        score_map: (K,) int16, class of the view -> scored class; None: they are the same.
        test_bags: the scored rows in bags of the cell's size, or in their regions, with their true proportions;
            rows are indices into `test`. None at levels without bags.
        warning: what a reader of the row should know; None: nothing.
        labels_used: labels that the view grants, those of its validation rows included; at bag levels the number
            of vectors.
        map_shape: (H, W) where images were flattened to pixels (row-major, image after image), else None.
    """

    view: View
    test: Inputs
    truth: NDArray[np.int16]
    train_truth: NDArray[np.int16]
    classes: tuple[str, ...]
    score_classes: tuple[str, ...]
    score_map: NDArray[np.int16] | None = None
    test_bags: Bags | None = None
    warning: str | None = None
    labels_used: int = 0
    map_shape: tuple[int, int] | None = None

    def score_labels(self, labels: NDArray[np.int16]) -> NDArray[np.int16]:
        """Return classes of the view as scored classes, in any shape; -1 stays."""
        return Grouping(self.score_classes, self.score_map).labels(labels)


def build_scene(
    folder: SampleFolder,
    *,
    split: str,
    modalities: tuple[str, ...],
    supervision: Supervision,
    knobs: Knobs,
    seed: int,
    flatten: bool,
    test_on: TestOn | None = None,
) -> Scene:
    """Build what one cell sees and is scored on.

    Args:
        folder: to learn from.
        split: its name.
        modalities: to use; empty: all.
        supervision: level; knobs that are None take their defaults.
        knobs: of the task.
        seed: the data seed; draws labels, bags and the order of rows.
        flatten: images become pixel series (label maps only), with the same test pixels.
        test_on: take the scored rows from another folder.

    Raises:
        DataError: the request names something that is not there, or a file is damaged.
        UnsupportedError: the combination cannot be.
    """
    level = complete_supervision(supervision, folder.header, split)
    dense = folder.header.task == "segmentation"
    if dense and flatten and level.level in BAG_LEVELS:
        raise UnsupportedError(f"{folder.header.name}: {FLAT_BAGS}")
    sources = open_sources(folder, split, modalities, level, knobs, seed, test_on)
    if dense and level.level in BAG_LEVELS:
        return _build_map_bags(sources, level, knobs, seed)
    if dense:
        return _build_maps(sources, level, knobs, seed, flatten=flatten)
    if flatten and sources.inputs[0].kind != "series":
        raise UnsupportedError(
            f"{folder.header.name}: images with one class each cannot be flattened to pixel series"
        )
    return _build_classes(sources, level, knobs, seed)


def _build_classes(sources: Sources, level: Supervision, knobs: Knobs, seed: int) -> Scene:
    classes = sources.grouping.names
    setting = Setting(level, len(classes), seed, sources.vectors, sources.val_vectors)
    granted, held = grant(setting, sources.train, sources.val, sources.extra)
    scored = sources.scored.take(sources.scored.arranged(_SCORED_ORDER))
    validation = None if held is None else _view(sources, held, level, classes, None)
    score = group_classes(classes, knobs.score_classes, "score_classes")
    return Scene(
        view=_view(sources, granted, level, classes, validation),
        test=sources.gather(scored),
        truth=scored.truth.copy(),
        train_truth=granted.rows.truth.copy(),
        classes=classes,
        score_classes=score.names,
        score_map=score.index,
        test_bags=_test_bags(scored, level, len(classes), seed),
        warning=sources.warning(scored.truth, sources.train.truth),
        labels_used=granted.used,
    )


def _view(
    sources: Sources, granted: Granted, level: Supervision, classes: tuple[str, ...], validation: View | None
) -> View:
    """A view of gathered copies; without labels or bags it is one of level `none`."""
    bare = granted.labels is None and granted.bags is None
    return View(
        level="none" if bare else level.level,
        inputs=sources.gather(granted.rows),
        classes=classes,
        labels=granted.labels,
        bags=granted.bags,
        validation=validation,
    )


def _test_bags(scored: RowSet, level: Supervision, classes: int, seed: int) -> Bags | None:
    """Scored rows in bags with their true proportions."""
    if level.level not in BAG_LEVELS:
        return None
    known = scored.known
    if level.level != "regions":
        size = level.bag_size or 1
        return Bags((exact_bags(scored, known, size, classes, seed),)) if known.any() else None
    region = np.where(known, scored.region, -1)
    if not (region >= 0).any():
        return None
    shares = measure_rows(scored, region, int(region.max()) + 1, classes)
    return Bags((region_bags(scored, region, shares, seed, limit=None),))


def _build_maps(sources: Sources, level: Supervision, knobs: Knobs, seed: int, *, flatten: bool) -> Scene:
    classes, labels = sources.grouping.names, sources.maps()
    setting = Setting(level, len(classes), seed)
    granted, held = grant_maps(setting, sources.train, sources.val, sources.extra, labels)
    truth = sources.scored_maps()
    order = arrange_images(sources.scored, truth, _SCORED_ORDER)
    scored, truth = sources.scored.take(order), truth[order]
    warning = sources.warning(truth, granted.truth if len(granted.truth) else truth)
    validation = None if held is None else _map_view(sources, held, classes, level, None, flatten)[0]
    view, train_truth = _map_view(sources, granted, classes, level, validation, flatten)
    test = sources.gather(scored)
    score = group_classes(classes, knobs.score_classes, "score_classes")
    return Scene(
        view=view,
        test=test.as_series() if flatten else test,
        truth=truth.reshape(-1) if flatten else truth,
        train_truth=train_truth,
        classes=classes,
        score_classes=score.names,
        score_map=score.index,
        warning=warning,
        labels_used=granted.used + (0 if held is None else held.used),
        map_shape=(truth.shape[1], truth.shape[2]) if flatten else None,
    )


def _build_map_bags(sources: Sources, level: Supervision, knobs: Knobs, seed: int) -> Scene:
    """Bags of images, with the proportions of their pixels."""
    classes = sources.grouping.names
    setting = Setting(level, len(classes), seed, sources.vectors, sources.val_vectors)
    granted, held = grant(setting, sources.train, sources.val, sources.extra)
    truth = sources.scored_maps()
    order = arrange_images(sources.scored, truth, _SCORED_ORDER)
    scored, truth = sources.scored.take(order), truth[order]
    train_truth = np.full((len(granted.rows), *truth.shape[1:]), -1, np.int16)
    ours = ~granted.rows.joined
    train_truth[ours] = sources.maps_of(granted.rows.row[ours])
    validation = None if held is None else _view(sources, held, level, classes, None)
    score = group_classes(classes, knobs.score_classes, "score_classes")
    return Scene(
        view=_view(sources, granted, level, classes, validation),
        test=sources.gather(scored),
        truth=truth,
        train_truth=train_truth,
        classes=classes,
        score_classes=score.names,
        score_map=score.index,
        test_bags=_test_bags(scored, level, len(classes), seed),
        warning=sources.warning(truth, train_truth),
        labels_used=granted.used,
    )


def _map_view(
    sources: Sources,
    granted: GrantedMaps,
    classes: tuple[str, ...],
    level: Supervision,
    validation: View | None,
    flatten: bool,
) -> tuple[View, NDArray[np.int16]]:
    """A view of images, or of their pixels, and the true classes of its rows."""
    inputs, labels, truth = sources.gather(granted.rows), granted.labels, granted.truth
    if flatten:
        inputs, truth = inputs.as_series(), truth.reshape(-1)
        labels = None if labels is None else labels.reshape(-1)
        if granted.labelled_only and labels is not None:
            kept = (labels >= 0) | np.repeat(granted.rows.joined, len(labels) // max(1, len(granted.rows)))
            if not kept.all():
                inputs, labels, truth = inputs.take(np.flatnonzero(kept)), labels[kept], truth[kept]
    name = "none" if labels is None else level.level
    return View(name, inputs, classes, labels=labels, validation=validation), truth.copy()
