"""Checks of what a data set holds: files, labels, splits, groups, copies, views."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import Final

import numpy as np

from eobench.data import (
    BAG_LEVELS,
    LEVELS,
    DataError,
    DatasetMissingError,
    EobenchError,
    Knobs,
    LabelBudget,
    Level,
    SampleFolder,
    Scene,
    Supervision,
    UnsupportedError,
    build_scene,
    unsupported_reason,
)
from eobench.plugin import make_dataset
from eobench.testing._checks import CheckFailed, NotApplicable
from eobench.testing._dataset_sample import MOST_ROWS, sampled_folder
from eobench.testing._dataset_subject import DATASET, DatasetSubject

SUBSETS: Final = ("train", "val", "test")
_BAG: Final = 4
_CENSUS_ERROR: Final = 0.01
_LOOKED_AT: Final = 64


@DATASET.check
def the_folder_opens(data: DatasetSubject) -> None:
    """The folder is prepared and opens; its header is whole and of the format."""
    header = data.open().header
    data.note(f"{header.samples} samples, {len(header.classes)} classes, {len(header.splits)} splits")


@DATASET.check
def card_and_folder_agree(data: DatasetSubject) -> None:
    """Name, licence, citation and origin on the card are those of the folder."""
    card, folder = data.card, data.open()
    header, wrong = folder.header, []
    if header.name != card.name:
        wrong.append(f"the card's name is {card.name!r}, the header's is {header.name!r}")
    for key in ("licence", "citation"):
        told, held = getattr(card, key), header.meta.get(key)
        if told is not None and isinstance(held, str) and told != held:
            wrong.append(f"the card's {key} is {told!r}, the header's is {held!r}")
    if not card.summary.strip() or "\n" in card.summary:
        wrong.append("the card's summary is not one line")
    root, cache = data.data, data.places("first").cache
    if data.prepared and cache.resolve() not in folder.path.resolve().parents:
        wrong.append(f"origin is {card.origin!r}, but the folder lies outside the cache that it was given")
    if not data.prepared and (root is None or root.resolve() not in folder.path.resolve().parents):
        wrong.append("origin is 'folder', but the folder lies outside the data root")
    if card.origin == "converted" and not card.get:
        wrong.append("it is converted from data that may be absent, but the card does not say how to `get` it")
    wrong += [f"option {p.name!r} has no description" for p in card.params if not p.doc.strip()]
    if wrong:
        raise CheckFailed("; ".join(wrong))


@DATASET.check
def absent_data_is_told(data: DatasetSubject) -> None:
    """Without its data it raises DatasetMissingError with what to do, and nothing else."""
    if data.card.origin == "generated":
        raise NotApplicable("it is generated: no data can be absent")
    empty = data.scratch / "empty root"
    empty.mkdir(exist_ok=True)
    for root, words in ((None, "no data root"), (empty, "an empty data root")):
        where = data.places("absent")
        try:
            make_dataset(data.card, data.params, type(where)(root, where.cache)).folder()
        except DatasetMissingError as error:
            if len(str(error)) < 20:
                raise CheckFailed(f"with {words} the message is {str(error)!r}: say how to get the data") from None
        except Exception as error:
            raise CheckFailed(
                f"with {words} it raises {type(error).__name__}: {error}; raise DatasetMissingError, so that "
                f"cells are skipped and the run goes on"
            ) from error
        else:
            raise CheckFailed(f"with {words} it gives a folder all the same: where does it come from?")


@DATASET.check
def files_are_what_the_header_says(data: DatasetSubject) -> None:
    """Every file is there, with the shape and type that the header declares, and without infinite values."""
    data.open()
    data.require("files", "contents", noted=("warning", "info"))


@DATASET.check
def labels_are_classes(data: DatasetSubject) -> None:
    """Every label is the index of a declared class or marked as unlabelled, and train has labels."""
    folder = data.opened
    try:
        labels = folder.labels()
    except DataError as error:
        raise CheckFailed(str(error)) from error
    for name, split in folder.header.splits.items():
        train = folder.column(split.column) == "train"
        if data.split in (None, name) and train.any() and not (labels[train] >= 0).any():
            raise CheckFailed(f"split {name}: no train row carries a label")
    if len(set(folder.header.classes)) < len(folder.header.classes):
        raise CheckFailed("two classes have the same name")


@DATASET.check
def splits_are_disjoint(data: DatasetSubject) -> None:
    """Each split puts every row into train, val, test or none, and trains and tests on some."""
    for name, split in data.opened.header.splits.items():
        for value in sorted({str(v) for v in data.opened.column(split.column)} - set(SUBSETS)):
            plain = value.strip().lower()
            if get_close_matches(plain, (*SUBSETS, "valid", "validation", "training", "testing"), 1, 0.8):
                raise CheckFailed(
                    f"split {name}: column {split.column!r} holds {value!r}, which is none of train, val and "
                    f"test: its rows are never used"
                )
    data.require("rows", noted=("warning", "info"))


@DATASET.check
def groups_are_whole(data: DatasetSubject) -> None:
    """No group that a split declares whole is cut between its subsets."""
    splits = data.opened.header.splits
    promised = [f"{n} keeps {s.whole!r}" for n, s in splits.items() if s.whole and data.split in (None, n)]
    if not promised:
        raise NotApplicable("no split declares a group whole: neighbours of test rows may stand in train")
    data.require("groups")
    data.note(", ".join(promised))


@DATASET.check
def copies_between_subsets_are_counted(data: DatasetSubject) -> None:
    """Rows of one subset that hold the very inputs of a row of another are counted; none, unless noted."""
    data.opened.input_ids()
    data.require("copies", noted=("warning", "info"))
    if data.notes:
        _name_the_flag(data)


def _name_the_flag(data: DatasetSubject) -> None:
    """Say which flag leaves the copies out, where the data set has one."""
    folder, ids = data.opened, data.opened.input_ids()
    for name, split in folder.header.splits.items():
        column = folder.column(split.column)
        train, test = column == "train", column == "test"
        copies = test & np.isin(ids, ids[train])
        for flag in folder.header.flags:
            marked = folder.column(flag).astype(np.bool_)
            if copies.any() and data.split in (None, name) and not (copies & ~marked).any():
                data.note(f"split {name}: `exclude: {flag}` leaves all of these test rows out")


@DATASET.check
def classes_of_test_are_in_train(data: DatasetSubject) -> None:
    """Every class of the test rows has train rows; where it has none, that is noted."""
    data.require("classes")


@DATASET.check
def views_can_be_built(data: DatasetSubject) -> None:
    """At every supervision level that the header supports, a view with its test rows can be built."""
    folder = data.opened
    if folder.header.samples > MOST_ROWS:
        data.note(f"{MOST_ROWS} of {folder.header.samples} rows, drawn at random")
        folder = sampled_folder(folder, data.scratch / "sampled")
    splits = [data.split] if data.split else list(folder.header.splits)
    for modalities in _choices(data, folder):
        _try_splits(data, folder, splits, modalities)


def _choices(data: DatasetSubject, folder: SampleFolder) -> list[tuple[str, ...]]:
    """All modalities together, or each alone where they cannot be concatenated."""
    try:
        folder.inputs(data.modalities or None)
    except DataError as error:
        names = data.modalities or tuple(folder.header.modalities)
        if len(names) == 1:
            raise CheckFailed(str(error)) from error
        data.note(f"each modality alone: {error}")
        return [(name,) for name in names]
    return [data.modalities]


def _try_splits(
    data: DatasetSubject, folder: SampleFolder, splits: list[str], modalities: tuple[str, ...]
) -> None:
    for split in splits:
        levels = LEVELS if split in (data.split, folder.header.default_split) else ("full",)
        reasons = {level: _try_level(folder, split, level, modalities) for level in levels}
        built = [level for level, reason in reasons.items() if reason is None]
        if not built:
            raise CheckFailed(f"split {split}: no level can be built: {next(iter(reasons.values()))}")
        if len(levels) > 1:
            data.note(f"split {split}: {', '.join(built)}")
            data.notes.extend(f"no {level}: {reason}" for level, reason in reasons.items() if reason)


def _try_level(folder: SampleFolder, split: str, level: Level, modalities: tuple[str, ...]) -> str | None:
    """Build a scene; return why it cannot be, or None."""
    bag = _BAG if level in BAG_LEVELS and level != "regions" else None
    budget = LabelBudget(per_class=1) if level == "few" else None
    asked = Supervision(level, labels=budget, bag_size=bag)
    if level == "census" and not folder.header.tables:
        asked = replace(asked, source="perturbed", error=_CENSUS_ERROR)
    try:
        reason = unsupported_reason(folder.header, folder.counts(split), split, asked, Knobs())
        if reason is not None:
            return reason
        scene = build_scene(
            folder,
            split=split,
            modalities=modalities,
            supervision=asked,
            knobs=Knobs(),
            seed=0,
            flatten=False,
        )
    except UnsupportedError as error:
        return str(error)
    except EobenchError as error:
        raise CheckFailed(f"split {split}, level {level}: {error}") from error
    _look(scene, f"split {split}, level {level}")
    return None


def _look(scene: Scene, where: str) -> None:
    """Batches must have the shape that the inputs declare, and no gap once they are filled."""
    for name, inputs in (("train", scene.view.inputs), ("test", scene.test)):
        rows = np.arange(min(len(inputs), _LOOKED_AT))
        if not len(rows):
            raise CheckFailed(f"{where}: no {name} rows")
        batch = inputs.batch(rows)
        if batch.values.shape != (len(rows), *inputs.shape) or batch.values.dtype != np.float32:
            raise CheckFailed(f"{where}: a batch of {name} is {batch.values.dtype} {batch.values.shape}")
        if np.isinf(batch.values).any() or not np.isfinite(inputs.filled("linear").batch(rows).values).all():
            raise CheckFailed(f"{where}: {name} rows hold values that are not finite once gaps are filled")
