"""A view holds what its level grants, and nothing else."""

from __future__ import annotations

import gc
import mmap
import types
from pathlib import Path

import numpy as np
import pytest

from eobench.data import Knobs, LabelBudget, SampleFolder, Supervision, build_scene, write_folder
from eobench.data._rowset import RowSet
from eobench.data._sources import Sources

LEVELS = [
    Supervision("full"),
    Supervision("few", labels=LabelBudget(per_class=3)),
    Supervision("bags", bag_size=16, redraws=2),
    Supervision("regions", by="block"),
    Supervision("global", bag_size=16),
    Supervision("census", bag_size=16),
    Supervision("census", bag_size=16, source="perturbed"),
    Supervision("none"),
]
LABEL_FREE = ("regions", "global", "census", "none")


def build(folder, supervision, knobs=None, split="block", flatten=False):
    return build_scene(
        folder,
        split=split,
        modalities=(),
        supervision=supervision,
        knobs=knobs or Knobs(),
        seed=5,
        flatten=flatten,
    )


def reachable(root):
    """Every object that can be reached from one, through arrays' bases too; code is not followed."""
    skipped = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)
    todo, seen = [root], {}
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, skipped):
            continue
        seen[id(thing)] = thing
        todo.extend(gc.get_referents(thing))
        if isinstance(thing, np.ndarray) and thing.base is not None:
            todo.append(thing.base)
    return list(seen.values())


def granted(view):
    """The arrays that a view may hold, by what they are."""
    arrays = []
    for part in (view, view.validation):
        if part is None:
            continue
        for m in part.inputs.modalities:
            arrays += [m.values, m.valid, m.days]
        arrays.append(part.labels)
        for p in part.bags.partitions if part.bags else ():
            arrays += [p.rows, p.offsets, p.proportions]
    return {id(a) for a in arrays if a is not None}


def check(scene, folder):
    view = scene.view
    allowed = granted(view)
    stored = [a for m in folder.modalities.values() for a in (m.values, m.valid, m.days)]
    for thing in reachable(view):
        assert not isinstance(thing, (SampleFolder, Path, RowSet, Sources, type(folder), type(scene), np.memmap))
        assert thing is not folder.header
        if not isinstance(thing, np.ndarray):
            continue
        assert not any(thing is a for a in stored if a is not None)
        if id(thing) not in allowed:  # the base of a granted array: the same numbers, no more
            heirs = [a for a in reachable(view) if isinstance(a, np.ndarray) and a.base is thing]
            assert heirs
            assert all(a.size == thing.size for a in heirs)


@pytest.mark.parametrize("knobs", [Knobs(), Knobs(transductive=True, pool=True)], ids=["plain", "joined"])
@pytest.mark.parametrize("supervision", LEVELS, ids=str)
def test_a_walk_over_the_object_graph_finds_only_what_is_granted(fakes, supervision, knobs):
    folder = fakes.with_pool(fakes.series())
    scene = build(folder, supervision, knobs)
    check(scene, folder)
    known = {id(scene.truth), id(scene.train_truth)}
    assert not known & {id(thing) for thing in reachable(scene.view)}
    for part in (scene.view, scene.view.validation):
        assert part is None or part.level in ("full", "few") or part.labels is None


@pytest.mark.parametrize("flatten", [False, True])
@pytest.mark.parametrize("supervision", [s for s in LEVELS if s.level in ("full", "few", "none")], ids=str)
def test_views_of_images_hold_only_what_is_granted(fakes, supervision, flatten):
    folder = fakes.images()
    scene = build(folder, supervision, split="random", flatten=flatten)
    check(scene, folder)
    assert not np.shares_memory(scene.train_truth, scene.view.inputs.modalities[0].values)
    if scene.view.labels is not None:
        assert not np.shares_memory(scene.view.labels, scene.train_truth)
        assert not np.shares_memory(scene.view.labels, folder.labels())


def test_a_view_of_a_folder_on_disk_holds_no_file_and_no_path(fakes, tmp_path):
    fake = fakes.series()
    folder = write_folder(
        tmp_path / "fake",
        name="fake",
        title="fake",
        classes=fake.header.classes,
        modalities=fake.modalities,
        samples={**fake.columns, "label": fake.labels()},
        splits=fake.header.splits,
        default_split="block",
        groups=fake.header.groups,
    )
    kept = folder.inputs()
    assert any(isinstance(thing, mmap.mmap) for thing in reachable(kept))  # the walk does see files
    for supervision in LEVELS:
        if supervision.level == "census" and supervision.source is None:
            continue
        scene = build(folder, supervision, Knobs(transductive=True))
        for thing in reachable(scene.view):
            assert not isinstance(thing, (mmap.mmap, np.memmap, Path, SampleFolder, RowSet, Sources))
            assert not (isinstance(thing, str) and str(tmp_path) in thing)


def test_the_walk_would_find_labels_behind_the_granted_ones(fakes):
    folder = fakes.series()
    scene = build(folder, Supervision("full"))
    leaky = np.arange(10, dtype=np.int16)
    object.__setattr__(scene.view, "labels", leaky[:3])
    with pytest.raises(AssertionError):
        check(scene, folder)


def test_a_view_shares_no_memory_with_the_folder(fakes):
    folder = fakes.series()
    for supervision in LEVELS:
        view = build(folder, supervision).view
        for part in (view, view.validation):
            mine = part.inputs.modalities[0]
            theirs = folder.modality("s2")
            assert not np.shares_memory(mine.values, theirs.values)
            assert not np.shares_memory(mine.valid, theirs.valid)
            assert not np.shares_memory(mine.days, theirs.days)
            assert part.labels is None or not np.shares_memory(part.labels, folder.labels())


@pytest.mark.parametrize("supervision", LEVELS, ids=str)
def test_overwriting_test_labels_changes_no_view(fakes, supervision):
    folder = fakes.series()
    labels = folder.labels().copy()
    labels[folder.column("split_block") == "test"] = 3
    knobs = Knobs(transductive=True)
    first, other = build(folder, supervision, knobs), build(folder.relabelled(labels), supervision, knobs)
    assert not np.array_equal(first.truth, other.truth)
    assert fakes.differences(first.view, other.view) == []


@pytest.mark.parametrize("supervision", [s for s in LEVELS if s.level in LABEL_FREE], ids=str)
def test_which_row_has_which_label_changes_no_view_without_labels(fakes, supervision):
    """Labels are dealt anew among the train rows: their shares stay, all else may not matter."""
    folder = fakes.series(unlabelled=0)
    labels = folder.labels().copy()
    train = np.flatnonzero(folder.column("split_block") == "train")
    labels[train] = np.random.default_rng(2).permutation(labels[train])
    first, other = build(folder, supervision), build(folder.relabelled(labels), supervision)
    assert not np.array_equal(first.train_truth, other.train_truth)
    assert fakes.differences(first.view, other.view) == []


@pytest.mark.parametrize("supervision", [LEVELS[3], LEVELS[5], LEVELS[7]], ids=str)
def test_no_label_at_all_is_needed_where_tables_or_nothing_are_granted(fakes, supervision):
    folder = fakes.series(unlabelled=0)
    labels = np.where(folder.column("split_block") == "test", folder.labels(), -1).astype(np.int16)
    bare = build(folder.relabelled(labels), supervision)
    assert fakes.differences(build(folder, supervision).view, bare.view) == []


def test_hidden_labels_of_few_stay_hidden_whatever_they_are(fakes):
    """Forgetting every label that was not granted grants the same ones, and shows the same view."""
    folder = fakes.series(copies=0)
    supervision = Supervision("few", labels=LabelBudget(per_class=3))
    first = build(folder, supervision)
    place = {r.tobytes(): i for i, r in enumerate(folder.inputs().batch().values)}
    rows = np.array([place[r.tobytes()] for r in first.view.inputs.batch().values])
    labels = folder.labels().copy()
    labels[rows[first.view.labels < 0]] = -1
    other = build(folder.relabelled(labels), supervision)
    assert fakes.differences(first.view.inputs, other.view.inputs) == []
    assert np.array_equal(first.view.labels, other.view.labels)


def test_test_rows_are_not_in_the_view(fakes):
    folder = fakes.series(copies=0)
    for supervision in LEVELS:
        scene = build(folder, supervision)
        test = {r.tobytes() for r in scene.test.batch().values}
        for part in (scene.view, scene.view.validation):
            assert not test & {r.tobytes() for r in part.inputs.batch().values}
