"""Where a scene's rows come from: the folder, another folder to test on, unlabelled pools."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eobench.data._errors import DataError, UnsupportedError
from eobench.data._groups import Grouping, Regions, encode, group_classes, read_regions
from eobench.data._inputs import Inputs, gather, mismatch
from eobench.data._region_vectors import level_vectors
from eobench.data._row_ids import hash_rows
from eobench.data._rows import scored_rows, split_rows
from eobench.data._rowset import RowSet, join_rows
from eobench.data._supported import census_table
from eobench.data._view import BAG_LEVELS

if TYPE_CHECKING:
    from eobench.data._folder import SampleFolder
    from eobench.data._request import Knobs, Supervision

IMAGES_AT_ONCE = 256
TRANSDUCTIVE_NOTE = "the scored rows' inputs are in the view (transductive)"


@dataclass(frozen=True, slots=True)
class TestOn:
    """Another folder whose rows are scored: other area, other year, other region with the same classes.

    Attributes:
        folder: opened.
        split: whose test rows are scored.
        modalities: to use; empty: all.
    """

    __test__ = False  # not a test, whatever pytest makes of its name

    folder: SampleFolder
    split: str
    modalities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Rows of a scene by role, not yet gathered, with all that only the core may know.

    Attributes:
        folder: to learn from.
        test_folder: whose rows are scored (the same, unless `test_on`).
        inputs: by the number that `RowSet.source` holds.
        grouping: classes of the folder as classes of the view.
        train: rows to learn from.
        val: rows to validate with.
        scored: rows to score.
        extra: unlabelled rows that `transductive` and `pool` add to train.
        vectors: (regions, K) that bags carry; None at levels without vectors.
        val_vectors: the same for validation regions.
        notes: for the row's warning.
    """

    folder: SampleFolder
    test_folder: SampleFolder
    inputs: tuple[Inputs, ...]
    grouping: Grouping
    train: RowSet
    val: RowSet
    scored: RowSet
    extra: RowSet
    vectors: NDArray[np.float64] | None = None
    val_vectors: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()

    def gather(self, rows: RowSet) -> Inputs:
        """Return copies of some rows' inputs."""
        used = np.unique(rows.source) if len(rows) else np.zeros(1, np.int8)
        place = np.searchsorted(used, rows.source)
        return gather([self.inputs[i] for i in used], place, rows.row)

    def maps(self) -> NDArray[np.int16]:
        """Return the label maps of the folder to learn from, (N, H, W), in the classes of the view."""
        return self.grouping.labels(self.folder.labels())

    def maps_of(self, rows: NDArray[np.int64]) -> NDArray[np.int16]:
        """Return the label maps of some of its rows, in the classes of the view."""
        return self.grouping.labels(self.folder.labels()[rows])

    def scored_maps(self) -> NDArray[np.int16]:
        """Return the label maps of the scored rows, (n, H, W), in the classes of the view."""
        labels = _as_classes(self.test_folder, self.folder)[self.scored.row]
        return np.array(self.grouping.labels(labels))

    def warning(self, truth: NDArray[np.int16], train: NDArray[np.int16]) -> str | None:
        """Return what a reader of the row should know."""
        classes = len(self.grouping.names)
        seen, tested = (np.bincount(t[t >= 0], minlength=classes) for t in (train, truth))
        unseen = [
            f"{self.grouping.names[k]} ({tested[k]} scored)" for k in np.flatnonzero((tested > 0) & (seen == 0))
        ]
        notes = list(self.notes)
        if unseen:
            notes.insert(0, f"classes that train never saw: {', '.join(unseen)}")
        return "; ".join(notes) or None


def open_sources(
    folder: SampleFolder,
    split: str,
    modalities: tuple[str, ...],
    level: Supervision,
    knobs: Knobs,
    seed: int,
    test_on: TestOn | None,
) -> Sources:
    """Collect the rows of a scene. The arguments are those of `build_scene`, with the supervision complete.

    Raises:
        DataError: the request names something that is not there, or the two folders differ in their classes.
        UnsupportedError: the combination cannot be.
    """
    header = folder.header
    grouping = group_classes(header.classes, knobs.classes, f"{header.name}: classes")
    inputs = [folder.inputs(modalities or None)]
    roles = split_rows(folder, split, knobs, seed)
    home = _Home(
        roles.ids,
        None if header.task == "segmentation" else grouping.labels(folder.labels()),
        _regions(folder, level),
        folder.labels() if header.task == "segmentation" and level.level in BAG_LEVELS else None,
        grouping,
    )
    regions = home.regions
    train, val = home.rows(roles.train), home.rows(roles.val)
    if test_on is None:
        scored = home.rows(scored_rows(folder, split, knobs))
    else:
        inputs.append(test_on.folder.inputs(test_on.modalities or None))
        scored = _foreign_rows(folder, test_on, inputs, grouping, level, knobs)
    vectors = level_vectors(folder, level, grouping, regions, (train, val, scored), seed, alone=test_on is None)
    extra = [train.take(np.zeros(0, np.int64))]
    if knobs.transductive:
        extra.append(_as_unlabelled(scored, vectors.single or test_on is None))
    if knobs.pool:
        extra.extend(_pool_rows(folder, inputs, vectors.single))
    return Sources(
        folder=folder,
        test_folder=folder if test_on is None else test_on.folder,
        inputs=tuple(inputs),
        grouping=grouping,
        train=train,
        val=val,
        scored=scored,
        extra=join_rows(extra),
        vectors=vectors.train,
        val_vectors=vectors.val,
        notes=vectors.notes + ((TRANSDUCTIVE_NOTE,) if knobs.transductive else ()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Home:
    """What is known of the rows of the folder to learn from; `maps` only where proportions of pixels are asked."""

    ids: NDArray[np.uint64]
    labels: NDArray[np.int16] | None
    regions: Regions | None
    maps: NDArray[np.int16] | None
    grouping: Grouping

    def rows(self, rows: NDArray[np.int64]) -> RowSet:
        return RowSet.of(
            rows,
            self.ids[rows],
            None if self.labels is None else self.labels[rows],
            None if self.regions is None else self.regions.codes[rows],
            pixels=None if self.maps is None else _pixels(self.maps, rows, self.grouping),
        )


def _pixels(maps: NDArray[np.int16], rows: NDArray[np.int64], grouping: Grouping) -> NDArray[np.int64]:
    """(n, K): labelled pixels of each class, a few images at a time."""
    classes = len(grouping.names)
    counts = np.zeros((len(rows), classes), np.int64)
    for start in range(0, len(rows), IMAGES_AT_ONCE):
        some = rows[start : start + IMAGES_AT_ONCE]
        labels = grouping.labels(maps[some]).reshape(len(some), -1)
        image, pixel = np.nonzero(labels >= 0)
        flat = np.bincount(image * classes + labels[image, pixel], minlength=len(some) * classes)
        counts[start : start + len(some)] = flat.reshape(len(some), classes)
    return counts


def _regions(folder: SampleFolder, level: Supervision) -> Regions | None:
    """The regions of all rows; one that holds them all where every bag carries the same vector."""
    if level.level == "global" or level.source == "perturbed":
        return Regions(("everywhere",), np.zeros(folder.header.samples, np.int64))
    if level.level == "regions" and level.by is not None:
        return read_regions(folder, level.by)
    if level.level == "census":
        table = census_table(folder.header, level.by)
        if table is None:
            raise UnsupportedError(f"{folder.header.name} has no region table: use census[source=perturbed]")
        return encode(folder.column(table.by))
    if level.level == "regions":
        raise UnsupportedError(f"{folder.header.name} has no groups whose places could be regions")
    return None


def _as_unlabelled(scored: RowSet, keeps_region: bool) -> RowSet:
    """Scored rows as unlabelled rows of the view; regions of another folder are not those of train."""
    region = scored.region if keeps_region else None
    return RowSet.of(scored.row, scored.ids, None, region, source=int(scored.source[0]), joined=True)


def _foreign_rows(
    folder: SampleFolder,
    test_on: TestOn,
    inputs: list[Inputs],
    grouping: Grouping,
    level: Supervision,
    knobs: Knobs,
) -> RowSet:
    """The rows that are scored, of another folder."""
    other, name = test_on.folder, test_on.folder.header.name
    if other.header.task != folder.header.task:
        raise DataError(
            f"test_on: {name} is for {other.header.task}, {folder.header.name} for {folder.header.task}"
        )
    if difference := mismatch(inputs[0], inputs[1]):
        raise UnsupportedError(f"test_on: {folder.header.name} and {name} differ: {difference}")
    labels = _as_classes(other, folder)
    if knobs.exclude is not None and knobs.exclude not in other.header.flags:
        knobs = replace(knobs, exclude=None)
    chosen = scored_rows(other, test_on.split, knobs)
    region = None
    if level.level == "regions" and level.by in other.header.groups:
        region = encode(other.column(level.by)).codes[chosen]
    elif level.level == "global" or level.source == "perturbed":
        region = np.zeros(len(chosen), np.int64)
    truth = grouping.labels(labels[chosen]) if labels.ndim == 1 else None
    pixels = _pixels(labels, chosen, grouping) if labels.ndim > 1 and level.level in BAG_LEVELS else None
    return RowSet.of(chosen, other.row_ids()[chosen], truth, region, source=1, pixels=pixels)


def _as_classes(other: SampleFolder, folder: SampleFolder) -> NDArray[np.int16]:
    """Labels of one folder in the order of another's classes."""
    theirs, ours = other.header.classes, folder.header.classes
    if theirs == ours:
        return other.labels()
    if set(theirs) != set(ours):
        odd = ", ".join(sorted(set(theirs) ^ set(ours)))
        raise DataError(f"test_on: {other.header.name} and {folder.header.name} have different classes: {odd}")
    index = np.array([ours.index(name) for name in theirs], np.int16)
    return Grouping(ours, index).labels(other.labels())


def _pool_rows(folder: SampleFolder, inputs: list[Inputs], single: bool) -> list[RowSet]:
    """The rows of every pool that the view's model could take; their inputs are added to the list."""
    found, why = [], []
    for name in folder.header.pools:
        pool = folder.pool(name)
        if difference := mismatch(inputs[0], Inputs.of(pool)):
            why.append(f"{name}: {difference}")
            continue
        region = np.zeros(len(pool.values), np.int64) if single else None
        rows = np.arange(len(pool.values))
        found.append(RowSet.of(rows, hash_rows([pool]), None, region, source=len(inputs), joined=True))
        inputs.append(Inputs.of(pool))
    if not found:
        reason = f"no pool that fits the view ({'; '.join(why)})" if why else "no unlabelled pool"
        raise UnsupportedError(f"{folder.header.name} has {reason}")
    return found
