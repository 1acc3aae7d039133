"""What each supervision level grants, for label maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eobench.data._budgets import budget_counts, class_counts, draw_pixels, validation_counts
from eobench.data._errors import UnsupportedError
from eobench.data._order import mix, order_by
from eobench.data._request import LabelBudget
from eobench.data._rowset import RowSet, join_rows

if TYPE_CHECKING:
    from eobench.data._levels import Setting


@dataclass(frozen=True, slots=True, eq=False)
class GrantedMaps:
    """Images in a view's order, with the labels that its level grants.

    Attributes:
        rows: of the view.
        labels: (n, H, W) int16, -1 = not given; None at `none`.
        truth: (n, H, W) int16, -1 for images that a knob added.
        labelled_only: True where pixels without a label leave a flattened view (unless a knob added them).
        used: labelled pixels.
    """

    rows: RowSet
    labels: NDArray[np.int16] | None
    truth: NDArray[np.int16]
    labelled_only: bool
    used: int = 0


def arrange_images(rows: RowSet, truth: NDArray[np.int16], seed: int) -> NDArray[np.int64]:
    """Return the seeded order of images; identical ones are sorted by their label maps."""
    key = mix(rows.ids, seed, "order")
    if len(np.unique(key)) == len(key):
        return order_by(key)
    maps = np.unique(truth.reshape(len(truth), -1), axis=0, return_inverse=True)[1].reshape(-1)
    return order_by(key, rows.joined, maps)


def grant_maps(
    setting: Setting, train: RowSet, val: RowSet, extra: RowSet, labels: NDArray[np.int16]
) -> tuple[GrantedMaps, GrantedMaps | None]:
    """Return what the method sees of train and of validation images (None: it has none).

    `few` with N/class grants N pixels of each class, drawn over all train images (sparse annotation); with p % it
    grants whole images, a prefix of a seeded order. Images without any label (and, when flattened, pixels) leave
    views of `full`.

    Args:
        setting: level and draws.
        train: images to learn from.
        val: images to validate with.
        extra: images that a knob adds to train, unlabelled.
        labels: (N, H, W) of the folder, grouped as the view sees them.

    Raises:
        UnsupportedError: no pixel is labelled where labels are needed.
    """
    train, truth = _in_order(setting, train, labels)
    val, val_truth = _in_order(setting, val, labels)
    if setting.level.level == "none":
        given = held = None
    else:
        given, held = _draw(setting, train, truth, val, val_truth)
    granted = _with_extra(setting, train, truth, given, extra)
    return granted, _held(val, val_truth, held) if len(val) else None


def _in_order(setting: Setting, rows: RowSet, labels: NDArray[np.int16]) -> tuple[RowSet, NDArray[np.int16]]:
    truth = labels[rows.row]
    order = arrange_images(rows, truth, setting.seed)
    return rows.take(order), truth[order]


def _draw(
    setting: Setting, train: RowSet, truth: NDArray[np.int16], val: RowSet, val_truth: NDArray[np.int16]
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """The label maps that are given, of train and of validation images."""
    available, in_val = class_counts(truth, setting.classes), class_counts(val_truth, setting.classes)
    if not available.any():
        raise UnsupportedError(f"the split has no labelled train pixels, which {setting.level.level!r} needs")
    ratio, budget = len(val) / len(train), setting.level.labels
    if setting.level.level == "full":
        if setting.level.per_class is None:
            return truth, val_truth
        counts = budget_counts(LabelBudget(per_class=setting.level.per_class), available)
        return _only(truth, draw_pixels(truth, train.ids, counts, setting.seed)), val_truth
    if budget is None:
        raise UnsupportedError("'few' without a label budget")
    if budget.per_class is None:
        count = max(1, round(len(train) * (budget.percent or 0.0) / 100.0))
        of_val = max(1, round(count * ratio))
        return (
            _only(truth, _first_images(setting, train, truth, count)),
            _only(val_truth, _first_images(setting, val, val_truth, of_val)),
        )
    counts = budget_counts(budget, available)
    wanted = validation_counts(budget, counts, in_val, ratio)
    return (
        _only(truth, draw_pixels(truth, train.ids, counts, setting.seed)),
        _only(val_truth, draw_pixels(val_truth, val.ids, wanted, setting.seed)),
    )


def _any_label(labels: NDArray[np.int16]) -> NDArray[np.bool_]:
    """(n,): images with a labelled pixel."""
    return np.asarray((labels >= 0).reshape(len(labels), -1).any(axis=1))


def _only(truth: NDArray[np.int16], drawn: NDArray[np.bool_]) -> NDArray[np.int16]:
    return np.where(drawn, truth, np.int16(-1))


def _first_images(setting: Setting, rows: RowSet, truth: NDArray[np.int16], count: int) -> NDArray[np.bool_]:
    """(n, 1, 1): the first images with a label, in a seeded order."""
    useful = np.flatnonzero(_any_label(truth))
    order = useful[order_by(mix(rows.ids[useful], setting.seed, "labels"))]
    drawn = np.zeros((len(rows), 1, 1), np.bool_)
    drawn[order[:count]] = True
    return drawn


def _with_extra(
    setting: Setting, train: RowSet, truth: NDArray[np.int16], given: NDArray[np.int16] | None, extra: RowSet
) -> GrantedMaps:
    full = setting.level.level == "full"
    used = 0 if given is None else int((given >= 0).sum())
    if full and given is not None:
        kept = _any_label(given)
        train, truth, given = train.take(kept), truth[kept], given[kept]
    if len(extra):
        unknown = np.full((len(extra), *truth.shape[1:]), -1, np.int16)
        train = join_rows([train, extra])
        truth = np.concatenate([truth, unknown])
        given = None if given is None else np.concatenate([given, unknown])
        order = arrange_images(train, truth if given is None else given, setting.seed)
        train, truth, given = train.take(order), truth[order], None if given is None else given[order]
    return GrantedMaps(train, None if given is None else given.copy(), truth, full, used)


def _held(val: RowSet, truth: NDArray[np.int16], given: NDArray[np.int16] | None) -> GrantedMaps | None:
    if given is None:
        return GrantedMaps(val, None, truth, labelled_only=False)
    kept = _any_label(given)
    if not kept.any():
        return None
    return GrantedMaps(val.take(kept), given[kept], truth[kept], labelled_only=True, used=int((given >= 0).sum()))
