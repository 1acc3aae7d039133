"""What each supervision level grants: for samples with one class each, and proportions of images' pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eobench.data._bags import exact_bags, region_bags, vector_bags
from eobench.data._budgets import budget_counts, class_counts, draw_labels, validation_counts
from eobench.data._errors import UnsupportedError
from eobench.data._request import LabelBudget
from eobench.data._rowset import RowSet, join_rows
from eobench.data._view import Bags, Partition

if TYPE_CHECKING:
    from eobench.data._request import Supervision


@dataclass(frozen=True, slots=True, eq=False)
class Granted:
    """Rows in a view's order, with what its level grants.

    Attributes:
        rows: of the view.
        labels: (n,) int16, -1 = not given; None where the level gives none.
        bags: None where the level gives none.
        used: labels granted, or vectors.
    """

    rows: RowSet
    labels: NDArray[np.int16] | None = None
    bags: Bags | None = None
    used: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What a level draws with.

    Attributes:
        level: supervision, complete.
        classes: K.
        seed: the data seed.
        vectors: (regions, K) that train bags carry, where these are not exact; NaN: no vector.
        val_vectors: (regions, K) of the validation regions.
    """

    level: Supervision
    classes: int
    seed: int
    vectors: NDArray[np.float64] | None = None
    val_vectors: NDArray[np.float64] | None = None


def grant(setting: Setting, train: RowSet, val: RowSet, extra: RowSet) -> tuple[Granted, Granted | None]:
    """Return what the method sees of train and of validation rows (None: it has none).

    Args:
        setting: level and draws.
        train: rows to learn from.
        val: rows to validate with.
        extra: unlabelled rows that a knob adds to train.

    Raises:
        UnsupportedError: a bag is larger than what there is, or no row is labelled where labels are needed.
    """
    level = setting.level.level
    if level in ("full", "bags", "global"):
        train = _labelled(train, level)
    if level == "full":
        granted, held = _full(setting, train, val, extra)
    elif level == "few":
        granted, held = _few(setting, train, val, extra)
    elif level == "bags":
        granted, held = _bags(setting, train, val, extra)
    elif level == "regions":
        granted, held = _regions(setting, train, val, extra)
    elif level == "none":
        granted, held = Granted(_ordered(setting, train, extra)), _inputs_only(setting, val)
    else:
        granted, held = _vectors(setting, train, extra), _inputs_only(setting, val)
    return granted, held if held is not None and len(held.rows) else None


def _labelled(train: RowSet, level: str) -> RowSet:
    known = train.known
    if not known.any():
        raise UnsupportedError(f"the split has no labelled train rows, which {level!r} needs")
    return train.take(known)


def _ordered(setting: Setting, *parts: RowSet, granted: NDArray[np.int16] | None = None) -> RowSet:
    rows = join_rows(parts)
    return rows.take(rows.arranged(setting.seed, granted))


def _inputs_only(setting: Setting, val: RowSet) -> Granted:
    return Granted(_ordered(setting, val))


def _full(setting: Setting, train: RowSet, val: RowSet, extra: RowSet) -> tuple[Granted, Granted]:
    if setting.level.per_class is not None:
        budget = LabelBudget(per_class=setting.level.per_class)
        counts = budget_counts(budget, class_counts(train.truth, setting.classes))
        train = train.take(draw_labels(train.truth, train.ids, counts, setting.seed))
    rows, held = _ordered(setting, train, extra), _ordered(setting, val.take(val.truth >= 0))
    return (
        Granted(rows, rows.truth.copy(), used=len(train) + len(held)),
        Granted(held, held.truth.copy()),
    )


def _few(setting: Setting, train: RowSet, val: RowSet, extra: RowSet) -> tuple[Granted, Granted]:
    """Drawn labels; every other train row stays, unlabelled. Of validation only the drawn rows stay."""
    budget = setting.level.labels
    if budget is None:
        raise UnsupportedError("'few' without a label budget")
    available, in_val = class_counts(train.truth, setting.classes), class_counts(val.truth, setting.classes)
    if not available.any():
        raise UnsupportedError("the split has no labelled train rows, which 'few' needs")
    counts = budget_counts(budget, available)
    drawn = draw_labels(train.truth, train.ids, counts, setting.seed)
    rows = join_rows([train, extra])
    labels = np.where(np.append(drawn, np.zeros(len(extra), np.bool_)), rows.truth, np.int16(-1))
    order = rows.arranged(setting.seed, labels)
    of_val = validation_counts(budget, counts, in_val, in_val.sum() / available.sum())
    held = _ordered(setting, val.take(draw_labels(val.truth, val.ids, of_val, setting.seed)))
    return (
        Granted(rows.take(order), labels[order], used=int(drawn.sum()) + len(held)),
        Granted(held, held.truth.copy()),
    )


def _bags(setting: Setting, train: RowSet, val: RowSet, extra: RowSet) -> tuple[Granted, Granted]:
    size, redraws = setting.level.bag_size or 1, setting.level.redraws or 1
    if len(train) < size:
        raise UnsupportedError(f"a bag of {size} is larger than the {len(train)} labelled train rows")
    rows, held = _ordered(setting, train, extra), _ordered(setting, val.take(val.known))
    parts = [exact_bags(rows, ~rows.joined, size, setting.classes, setting.seed, r) for r in range(redraws)]
    granted = _bagged(rows, parts)
    if not len(held):
        return granted, Granted(held)
    everything = np.ones(len(held), np.bool_)
    kept = _bagged(held, [exact_bags(held, everything, size, setting.classes, setting.seed)])
    return Granted(granted.rows, None, granted.bags, granted.used + kept.used), kept


def _regions(setting: Setting, train: RowSet, val: RowSet, extra: RowSet) -> tuple[Granted, Granted]:
    if setting.vectors is None or setting.val_vectors is None:
        raise UnsupportedError("'regions' without vectors")
    rows, held = _ordered(setting, train, extra), _ordered(setting, val)
    region = np.where(rows.joined, -1, _carried(rows, setting.vectors))
    if not (region >= 0).any():
        raise UnsupportedError("no train row lies in a region with proportions")
    granted = _bagged(rows, [region_bags(rows, region, setting.vectors, setting.seed)])
    of_val = _carried(held, setting.val_vectors)
    if not (of_val >= 0).any():
        return granted, Granted(held.take(of_val >= 0))
    kept = _bagged(held, [region_bags(held, of_val, setting.val_vectors, setting.seed)])
    return Granted(granted.rows, None, granted.bags, granted.used + kept.used), kept


def _vectors(setting: Setting, train: RowSet, extra: RowSet) -> Granted:
    """`global` and `census`: rows that a knob added go into bags too, where they lie in a region."""
    vectors, size = setting.vectors, setting.level.bag_size or 1
    if vectors is None:
        raise UnsupportedError(f"{setting.level.level!r} without vectors")
    rows = _ordered(setting, train, extra)
    region = _carried(rows, vectors)
    bagged = int((region >= 0).sum())
    if not bagged:
        raise UnsupportedError("no train row lies in a region with proportions")
    if len(vectors) == 1 and bagged < size:
        raise UnsupportedError(f"a bag of {size} is larger than the {bagged} train rows")
    redraws = range(setting.level.redraws or 1)
    granted = _bagged(rows, [vector_bags(rows, region, vectors, size, setting.seed, r) for r in redraws])
    different = len(np.unique(region[region >= 0]))
    bags = Bags(granted.bags.partitions if granted.bags else (), shared=different == 1)
    return Granted(granted.rows, None, bags, used=different)


def _carried(rows: RowSet, vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    """The region of each row; -1 where it has none, or its region has no vector."""
    known = np.append(~np.isnan(vectors).any(axis=1), False)
    return np.where(known[rows.region], rows.region, -1)


def _bagged(rows: RowSet, parts: list[Partition]) -> Granted:
    """Rows that are in some bag, or that a knob added; the partitions point at these."""
    kept = rows.joined.copy()
    for part in parts:
        kept[part.rows] = True
    place = np.cumsum(kept) - 1
    partitions = tuple(Partition(place[p.rows], p.offsets, p.proportions) for p in parts)
    return Granted(rows.take(kept), None, Bags(partitions), used=sum(len(p) for p in partitions))
