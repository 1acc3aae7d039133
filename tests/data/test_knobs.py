"""Knobs of the task: what joins, what is left out, which classes, which rows are scored."""

from __future__ import annotations

import numpy as np
import pytest

from eobench.data import (
    DataError,
    Knobs,
    LabelBudget,
    Supervision,
    UnsupportedError,
    build_scene,
    complete_supervision,
    region_group,
    unsupported_reason,
)


def scene(folder, supervision, knobs=None, split="block", seed=5):
    return build_scene(
        folder,
        split=split,
        modalities=(),
        supervision=supervision,
        knobs=knobs or Knobs(),
        seed=seed,
        flatten=False,
    )


def content(inputs):
    return {r.tobytes() for r in np.nan_to_num(inputs.batch().values, nan=-1)}


def reason(folder, supervision, knobs=None, split="block"):
    knobs = knobs or Knobs()
    return unsupported_reason(folder.header, folder.counts(split, knobs.exclude), split, supervision, knobs)


FEW = Supervision("few", labels=LabelBudget(per_class=3))


@pytest.mark.parametrize("supervision", [Supervision("full"), FEW, Supervision("none")], ids=str)
def test_transductive_adds_test_inputs_without_labels(fakes, supervision):
    folder = fakes.series(copies=0)
    plain, joined = scene(folder, supervision), scene(folder, supervision, Knobs(transductive=True))
    assert content(joined.view.inputs) == content(plain.view.inputs) | content(joined.test)
    assert joined.labels_used == plain.labels_used
    if joined.view.labels is not None:
        assert len(joined.view.labelled) == len(plain.view.labelled)
    assert "transductive" in joined.warning
    in_test = [
        r.tobytes() in content(joined.test) for r in np.nan_to_num(joined.view.inputs.batch().values, nan=-1)
    ]
    assert (joined.train_truth[in_test] == -1).all()
    assert 0.2 < np.mean(np.flatnonzero(in_test)) / len(joined.view) < 0.8  # they do not stand together


def test_transductive_rows_enter_global_bags_but_never_exact_ones(fakes):
    folder = fakes.series(copies=0)
    knobs = Knobs(transductive=True)
    shared = scene(folder, Supervision("global", bag_size=4), knobs)
    assert (shared.train_truth[shared.view.bags.partition(0).rows] == -1).any()
    for supervision in (Supervision("bags", bag_size=4), Supervision("regions", by="county")):
        exact = scene(folder.with_header(tables={}), supervision, knobs, "random")  # test rows in every region
        rows = exact.view.bags.partition(0).rows
        test = content(exact.test)
        inside = np.nan_to_num(exact.view.inputs.batch(rows).values, nan=-1)
        assert not any(r.tobytes() in test for r in inside)
        assert test < content(exact.view.inputs)


def test_a_pool_joins_where_its_bands_fit(fakes):
    folder = fakes.with_pool(fakes.series(copies=0))
    plain, joined = scene(folder, FEW), scene(folder, FEW, Knobs(pool=True))
    assert len(joined.view) == len(plain.view) + 30
    assert len(joined.view.labelled) == len(plain.view.labelled)
    with pytest.raises(UnsupportedError, match="bands s20, s21 and s20, s21, s22"):
        scene(fakes.with_pool(fakes.series(), bands=3), FEW, Knobs(pool=True))
    with pytest.raises(UnsupportedError, match="no unlabelled pool"):
        scene(fakes.series(), FEW, Knobs(pool=True))


def test_classes_are_grouped_in_labels_proportions_tables_and_truth(fakes):
    folder, knobs = fakes.series(), Knobs(classes=("rice", "wheat"))
    full = scene(folder, Supervision("full"), knobs)
    assert full.classes == full.view.classes == ("wheat", "rice", "others")
    plain = scene(folder, Supervision("full"))
    index = np.array([0, 2, 1, 2, 2, -1])
    assert np.array_equal(full.truth, index[plain.truth])
    assert np.array_equal(full.view.labels, index[plain.view.labels])
    census = scene(folder, Supervision("census", bag_size=8), knobs).view.bags.partition(0).proportions
    table = {tuple(np.round([v[0], v[2], v[1] + v[3] + v[4]], 5)) for v in folder.table("census").values()}
    assert {tuple(np.round(p.astype(float), 5)) for p in census} <= {
        tuple(np.round(np.float32(v).astype(float), 5)) for v in table
    }


def test_score_classes_group_at_evaluation_only(fakes):
    result = scene(fakes.series(), Supervision("full"), Knobs(score_classes=("maize",)))
    assert result.classes == fakes.series().header.classes
    assert result.score_classes == ("maize", "others")
    assert result.score_map.tolist() == [1, 0, 1, 1, 1]
    assert result.score_labels(np.array([0, 1, -1], np.int16)).tolist() == [1, 0, -1]
    assert scene(fakes.series(), Supervision("full")).score_map is None


def test_scoring_on_validation_hides_it_from_the_method(fakes):
    folder = fakes.series(copies=0)
    usual, on_val = scene(folder, Supervision("full")), scene(folder, Supervision("full"), Knobs(score_on="val"))
    assert len(on_val.test) == (folder.column("split_block") == "val").sum()
    assert content(usual.view.validation.inputs) <= content(on_val.test)
    assert not content(on_val.view.validation.inputs) & content(on_val.test)
    assert content(on_val.view.inputs) < content(usual.view.inputs)  # 15 % of train validate instead
    bare = scene(folder, Supervision("full"), Knobs(score_on="val", validation="none"))
    assert bare.view.validation is None
    assert content(bare.view.inputs) == content(usual.view.inputs)


def test_without_validation_its_rows_join_train(fakes):
    folder = fakes.series(copies=0)
    result = scene(folder, Supervision("none"), Knobs(validation="none"))
    assert result.view.validation is None
    assert len(result.view) == np.isin(folder.column("split_block"), ["train", "val"]).sum()


def test_excluded_rows_are_nowhere(fakes):
    folder = fakes.series(copies=0)
    result = scene(folder, Supervision("none"), Knobs(exclude="cloudy"))
    out = content(folder.inputs().take(np.flatnonzero(folder.column("cloudy"))))
    for inputs in (result.view.inputs, result.view.validation.inputs, result.test):
        assert not out & content(inputs)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        (Knobs(exclude="cloud"), r"unknown flag 'cloud'\. Did you mean 'cloudy'\?"),
        (Knobs(classes=("wheet",)), r"unknown class 'wheet'\. Did you mean 'wheat'\?"),
        (Knobs(classes=("wheat",), score_classes=("maize",)), "score_classes: unknown class 'maize'"),
    ],
)
def test_an_unknown_name_is_a_wrong_request_with_the_nearest_name(fakes, knobs, message):
    with pytest.raises(DataError, match=message):
        scene(fakes.series(), Supervision("full"), knobs)
    with pytest.raises(DataError, match=message):
        unsupported_reason(
            fakes.series().header, fakes.series().counts("block"), "block", Supervision("full"), knobs
        )


@pytest.mark.parametrize(
    ("supervision", "split", "message"),
    [
        (Supervision("regions", by="blok"), "block", r"unknown group 'blok'\. Did you mean 'block'\?"),
        (Supervision("full"), "zone", "unknown split 'zone'"),
        (Supervision("bags"), "block", "needs a bag_size"),
        (Supervision("bags", bag_size=0), "block", "bag_size is 0"),
        (Supervision("few"), "block", "needs a label budget"),
        (Supervision("few", labels=LabelBudget(percent=0.0)), "block", "above 0 %"),
        (Supervision("census", bag_size=4, source="perturbed", error=1.5), "block", "census error 1.5"),
    ],
)
def test_a_wrong_supervision_says_what_is_wrong(fakes, supervision, split, message):
    folder = fakes.series()
    with pytest.raises(DataError, match=message):
        complete_supervision(supervision, folder.header, split)
    with pytest.raises(DataError, match=message):
        scene(folder, supervision, split=split)


def test_knobs_that_cannot_apply_collapse_and_defaults_are_filled_in(fakes):
    header = fakes.series().header
    asked = Supervision("full", bag_size=32, redraws=4, by="block", area="all", source="table", error=0.3)
    assert complete_supervision(asked, header, "block") == Supervision("full")
    asked = Supervision("census", bag_size=32, per_class=3)
    assert complete_supervision(asked, header, "block") == Supervision(
        "census", bag_size=32, redraws=1, source="table"
    )
    assert complete_supervision(Supervision("global", bag_size=3), header, "block").area == "train"
    assert region_group(header, "block") == "block"
    assert region_group(fakes.images().with_header(groups=()).header, "random") is None


@pytest.mark.parametrize(
    ("supervision", "knobs", "split", "words"),
    [
        (Supervision("bags", bag_size=5000), Knobs(), "block", "a bag of 5000 is larger than the"),
        (Supervision("census", bag_size=5000, source="perturbed"), Knobs(), "block", "a bag of 5000"),
        (Supervision("census", bag_size=4, source="perturbed", error=1.0), Knobs(), "block", "can be wrong by"),
        (Supervision("census", bag_size=4, by="block"), Knobs(), "none", None),
        (Supervision("full"), Knobs(pool=True), "block", "no unlabelled pool"),
        (Supervision("full"), Knobs(score_on="val"), "blind", "no val rows to score"),
    ],
)
def test_what_cannot_be_is_planned_with_the_reason_that_building_gives(fakes, supervision, knobs, split, words):
    folder = fakes.series()
    split = "block" if split == "none" else split
    planned = reason(folder, supervision, knobs, split)
    if words is None:
        assert planned is None
        scene(folder, supervision, knobs, split)
    else:
        assert words in planned
        with pytest.raises(UnsupportedError, match=words):
            scene(folder, supervision, knobs, split)


def test_planning_knows_data_without_tables_groups_or_labels(fakes):
    folder = fakes.series()
    bare = folder.with_header(tables={}, groups=())
    assert "use census[source=perturbed]" in reason(bare, Supervision("census", bag_size=4))
    blind = bare.with_header(splits={k: v for k, v in bare.header.splits.items() if k == "random"})
    assert "no groups" in reason(blind, Supervision("regions"), split="random")
    unlabelled = folder.relabelled(np.full_like(folder.labels(), -1))
    for supervision in (Supervision("full"), FEW, Supervision("bags", bag_size=4)):
        assert "no labelled train rows" in reason(unlabelled, supervision)
        with pytest.raises(UnsupportedError, match="no labelled train rows"):
            scene(unlabelled, supervision)
    assert reason(unlabelled, Supervision("none")) is None
    assert "larger than the 14 train rows" in reason(
        fakes.images(), Supervision("bags", bag_size=15), split="random"
    )
    no_fit = fakes.with_pool(fakes.series(), bands=3)
    assert "bands and steps" in reason(no_fit, FEW, Knobs(pool=True))


def test_most_views_that_are_planned_can_be_built(fakes):
    folder = fakes.with_pool(fakes.series())
    for size in (1, 16, 200, 260, 300):
        for level in ("bags", "global", "census"):
            for knobs in (Knobs(), Knobs(transductive=True), Knobs(validation="none"), Knobs(exclude="cloudy")):
                supervision = Supervision(level, bag_size=size, source="perturbed" if level == "census" else None)
                if reason(folder, supervision, knobs) is None:
                    scene(folder, supervision, knobs)
                else:
                    with pytest.raises(UnsupportedError):
                        scene(folder, supervision, knobs)


def test_planning_knows_that_rows_are_held_out_where_a_split_has_no_validation(fakes):
    folder = fakes.series(unlabelled=0)
    train = folder.counts("blind_rows").train
    size = round(0.9 * train)
    supervision = Supervision("bags", bag_size=size)
    assert f"larger than the {train - round(0.15 * train)} train rows" in reason(
        folder, supervision, split="blind_rows"
    )
    with pytest.raises(UnsupportedError, match="is larger than the"):
        scene(folder, supervision, split="blind_rows")
    assert reason(folder, supervision, Knobs(validation="none"), "blind_rows") is None
    scene(folder, supervision, Knobs(validation="none"), "blind_rows")
