"""What a cell may ask of a data set, judged from its header and row counts: no array is opened."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eobench.data._errors import DataError, unknown
from eobench.data._groups import Grouping, group_classes
from eobench.data._request import LabelBudget, Supervision
from eobench.data._rows import HELD_OUT
from eobench.data._vectors import largest_error
from eobench.data._view import LEVELS

if TYPE_CHECKING:
    from eobench.data._folder import SplitCounts
    from eobench.data._header import Header, TableInfo
    from eobench.data._request import Knobs

DEFAULT_ERROR = 0.1


def unsupported_reason(
    header: Header,
    counts: SplitCounts,
    split: str,
    supervision: Supervision,
    knobs: Knobs,
    *,
    scored_elsewhere: bool = False,
) -> str | None:
    """Return why a data set cannot be shown at a supervision level, or None where it can, as far as counts tell.

    Building the view makes the final check (rows left out, regions without a vector, pools of other bands) and
    raises `UnsupportedError` then.

    Args:
        header: of the data set.
        counts: rows of the split, without those that `exclude` leaves out.
        split: name of the split.
        supervision: level and its knobs; those that are None take their defaults.
        knobs: of the task.
        scored_elsewhere: True where `test_on` takes the scored rows from another data set.

    Raises:
        DataError: the request is wrong: an unknown split, group, flag or class, or a value that cannot be.
    """
    level = complete_supervision(supervision, header, split)
    check_knobs(header, knobs)
    grouping = group_classes(header.classes, knobs.classes, f"{header.name}: classes")
    group_classes(grouping.names, knobs.score_classes, f"{header.name}: score_classes")
    return (
        _rows_reason(header, counts, split, knobs, scored_elsewhere)
        or _pool_reason(header, knobs)
        or _level_reason(header, level)
        or _label_reason(counts, level, split, knobs)
        or _bag_reason(header, counts, split, level, knobs)
        or _census_reason(counts, level, grouping, knobs)
    )


def check_knobs(header: Header, knobs: Knobs) -> None:
    """Check the names that knobs mention.

    Raises:
        DataError: an unknown flag.
    """
    if knobs.exclude is not None and knobs.exclude not in header.flags:
        raise DataError(f"{header.name}: exclude: {unknown('flag', knobs.exclude, header.flags)}")


def complete_supervision(supervision: Supervision, header: Header, split: str) -> Supervision:
    """Return a supervision with its level's knobs filled in and all others cleared.

    Defaults: one partition; `area` train; `source` table, `error` 0.1 where perturbed; `by` as `region_group`
    says. `few` with 100 % or more is `full`.

    Raises:
        DataError: an unknown split, level or group, a missing `bag_size` or `labels`, or a value that cannot be.
    """
    if split not in header.splits:
        raise DataError(f"{header.name}: {unknown('split', split, header.splits)}")
    asked, level = supervision, supervision.level
    if level not in LEVELS:
        raise DataError(unknown("supervision level", level, LEVELS))
    if asked.by is not None and level in ("regions", "census") and asked.by not in header.groups:
        raise DataError(f"{header.name}: {level}: {unknown('group', asked.by, header.groups)}")
    if level == "full":
        return Supervision(level, per_class=_positive(asked.per_class, "per_class", level))
    if level == "few":
        return _complete_few(asked.labels)
    if level == "regions":
        return Supervision(level, by=region_group(header, split, asked.by))
    if level == "none":
        return Supervision(level)
    if asked.bag_size is None:
        raise DataError(f"supervision {level!r} needs a bag_size, such as bag_size: [32, 128]")
    bags = Supervision(
        level,
        bag_size=_positive(asked.bag_size, "bag_size", level),
        redraws=_positive(asked.redraws, "redraws", level) or 1,
    )
    if level == "global":
        return replace(bags, area=asked.area or "train")
    if level == "census":
        return _complete_census(bags, asked)
    return bags


def region_group(header: Header, split: str, by: str | None = None) -> str | None:
    """Return the group whose places are the regions of `regions`.

    The one asked for, else that of the data set's exact table, else the one that the split keeps whole, else its
    first group; None where it has no groups.
    """
    exact = next((t.by for t in header.tables.values() if t.exact), None)
    return by or exact or header.splits[split].whole or next(iter(header.groups), None)


def census_table(header: Header, by: str | None = None) -> TableInfo | None:
    """Return the table of `census[source=table]`: an inexact one, else an exact one, of the group asked for."""
    tables = [t for t in header.tables.values() if by is None or t.by == by]
    return min(tables, key=lambda t: t.exact, default=None)


def exact_table(header: Header, by: str | None) -> TableInfo | None:
    """Return the exact table of a group, where there is one."""
    return next((t for t in header.tables.values() if t.exact and t.by == by), None)


def _positive(value: int | None, what: str, level: str) -> int | None:
    if value is not None and value < 1:
        raise DataError(f"supervision {level!r}: {what} is {value}; it must be 1 or more")
    return value


def _complete_few(labels: LabelBudget | None) -> Supervision:
    if labels is None or (labels.per_class is None) == (labels.percent is None):
        raise DataError('supervision \'few\' needs a label budget, such as labels: ["5/class", "20%"]')
    _positive(labels.per_class, "labels per class", "few")
    if labels.percent is not None and not (math.isfinite(labels.percent) and labels.percent > 0):
        raise DataError(f"supervision 'few': labels {labels}: the share must be above 0 %")
    if labels.percent is not None and labels.percent >= 100:
        return Supervision("full")
    return Supervision("few", labels=labels)


def _complete_census(bags: Supervision, asked: Supervision) -> Supervision:
    if (asked.source or "table") == "table":
        return replace(bags, source="table", by=asked.by)
    error = DEFAULT_ERROR if asked.error is None else asked.error
    if not 0 <= error <= 1:
        raise DataError(f"census error {error:g}: it is half the L1 distance of two proportions, 0 to 1")
    return replace(bags, source="perturbed", error=error)


def _rows_reason(header: Header, counts: SplitCounts, split: str, knobs: Knobs, elsewhere: bool) -> str | None:
    if counts.train == 0:
        return f"{header.name}: split {split!r} leaves no row to learn from"
    if not elsewhere and getattr(counts, knobs.score_on) == 0:
        return f"{header.name}: split {split!r} has no {knobs.score_on} rows to score"
    return None


def _pool_reason(header: Header, knobs: Knobs) -> str | None:
    if not knobs.pool:
        return None
    if not header.pools:
        return f"{header.name} has no unlabelled pool"
    shown = {(m.info.kind, m.info.bands, m.info.sizes) for m in header.modalities.values()}
    if any((p.info.kind, p.info.bands, p.info.sizes) in shown for p in header.pools.values()):
        return None
    found = "; ".join(f"{name}: {', '.join(p.info.bands)}" for name, p in header.pools.items())
    return f"{header.name}: no pool has the bands and steps of a modality (pools are {found})"


def _level_reason(header: Header, level: Supervision) -> str | None:
    if level.level == "regions" and level.by is None:
        return f"{header.name} has no groups whose places could be regions"
    if level.level == "census" and level.source == "table" and census_table(header, level.by) is None:
        what = "no region table" if level.by is None else f"no region table by {level.by!r}"
        return f"{header.name} has {what}: use census[source=perturbed]"
    return None


def _label_reason(counts: SplitCounts, level: Supervision, split: str, knobs: Knobs) -> str | None:
    needs = level.level in ("full", "few", "bags", "global") or level.source == "perturbed"
    train = _train_per_class(counts, knobs)
    if needs and train is not None and train.sum() == 0:
        return f"split {split!r} has no labelled train rows, which {level.level!r} needs"
    return None


def _bag_reason(header: Header, counts: SplitCounts, split: str, level: Supervision, knobs: Knobs) -> str | None:
    """A bag larger than what train has; per-region census bags are smaller where a region is small."""
    if level.bag_size is None or level.source == "table":
        return None
    train = _train_per_class(counts, knobs)
    only_labelled = train is not None and level.level in ("bags", "global")
    joined = knobs.validation == "none" and knobs.score_on == "test"
    rows = int(train.sum()) if only_labelled and train is not None else counts.train + joined * counts.val
    held_out = knobs.validation == "split" and (counts.val == 0 or knobs.score_on == "val")
    if held_out and header.splits[split].whole is None:
        rows -= round(HELD_OUT * counts.train)
    if level.level in ("global", "census") and knobs.transductive:
        rows += getattr(counts, knobs.score_on)
    if level.bag_size <= rows or (knobs.pool and level.level != "bags"):
        return None
    return f"a bag of {level.bag_size} is larger than the {rows} train rows of split {split!r}"


def _census_reason(counts: SplitCounts, level: Supervision, grouping: Grouping, knobs: Knobs) -> str | None:
    if level.error is None:
        return None
    known = _train_per_class(counts, knobs)
    if known is None or not known.sum():
        return None
    limit = largest_error(grouping.shares(known) / known.sum())
    if level.error <= limit:
        return None
    return f"census error {level.error:g} cannot be: the proportions can be wrong by 0 to {limit:.3g} (L1 / 2)"


def _train_per_class(counts: SplitCounts, knobs: Knobs) -> NDArray[np.int64] | None:
    """Labelled rows of each class to learn from; None where the counts do not say."""
    if counts.per_class is None:
        return None
    train = counts.per_class["train"]
    joined = knobs.validation == "none" and knobs.score_on == "test"
    return train + counts.per_class["val"] if joined else train
