"""Bags: exact, by region, and with one vector."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eobench.data import Knobs, Supervision, UnsupportedError, build_scene
from eobench.data._bags import exact_bags, region_bags, vector_bags
from eobench.data._rowset import RowSet
from eobench.data._vectors import largest_error, perturb


def row_set(truth, region=None):
    count = len(truth)
    ids = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return RowSet.of(np.arange(count), ids, truth, region)


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


def shares(truth, rows, classes=5):
    return np.bincount(truth[rows], minlength=classes) / len(truth[rows])


@given(
    truth=hnp.arrays(np.int16, st.integers(1, 90), elements=st.integers(0, 4)),
    size=st.integers(1, 40),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_exact_bag_proportions_sum_to_one_and_equal_their_counts(truth, size, seed):
    part = exact_bags(row_set(truth), np.ones(len(truth), bool), size, 5, seed)
    assert part.proportions.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert len(part) == max(1, len(truth) // size)
    assert len(np.unique(part.rows)) == len(part.rows)
    for i in range(len(part)):
        assert len(part.bag(i)) == min(size, len(truth))
        assert part.proportions[i] == pytest.approx(shares(truth, part.bag(i)), abs=1e-6)


@given(
    region=hnp.arrays(np.int64, st.integers(1, 90), elements=st.integers(-1, 5)),
    size=st.integers(1, 20),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_bags_within_regions_carry_their_vector_and_a_small_region_gives_one_bag(region, size, seed):
    vectors = np.random.default_rng(0).dirichlet(np.ones(5), 6)
    rows = row_set(np.zeros(len(region), np.int16), region)
    part = vector_bags(rows, region, vectors, size, seed)
    counts = np.bincount(region[region >= 0], minlength=6)
    assert len(part) == sum(max(1, n // size) for n in counts if n)
    assert len(np.unique(part.rows)) == len(part.rows)
    for i in range(len(part)):
        inside = np.unique(region[part.bag(i)])
        assert len(inside) == 1
        assert inside[0] >= 0
        assert len(part.bag(i)) == min(size, counts[inside[0]])
        assert part.proportions[i] == pytest.approx(vectors[inside[0]], abs=1e-6)


def test_large_regions_are_subsampled_and_keep_their_vector():
    region = np.repeat([0, 1], [600, 40])
    vectors = np.eye(5)[:2]
    part = region_bags(row_set(np.zeros(640, np.int16), region), region, vectors, seed=0)
    assert sorted(np.diff(part.offsets)) == [40, 512]
    for i in range(2):
        assert part.proportions[i].tolist() == vectors[region[part.bag(i)[0]]].tolist()


def test_redraws_are_different_partitions_drawn_beforehand_and_cycled(fakes):
    bags = scene(fakes.series(), Supervision("bags", bag_size=16, redraws=3)).view.bags
    assert len(bags.partitions) == 3
    assert bags.partition(4) is bags.partitions[1]
    sets = [{frozenset(p.bag(i).tolist()) for i in range(len(p))} for p in bags.partitions]
    assert not sets[0] & sets[1]
    for part in bags.partitions:
        assert len(np.unique(part.rows)) == len(part.rows)


def test_view_bags_are_exact_of_train_and_an_incomplete_bag_is_dropped(fakes):
    folder = fakes.series()
    result = scene(folder, Supervision("bags", bag_size=16))
    part = result.view.bags.partition(0)
    labelled = ((folder.column("split_block") == "train") & (folder.labels() >= 0)).sum()
    assert labelled % 16
    assert len(part) == labelled // 16
    assert len(result.view) == 16 * len(part)
    assert (result.train_truth >= 0).all()
    for i in range(len(part)):
        assert part.proportions[i] == pytest.approx(shares(result.train_truth, part.bag(i)), abs=1e-6)
    assert result.view.labels is None
    assert result.labels_used == len(part) + len(result.view.validation.bags.partition(0))


def test_validation_smaller_than_a_bag_is_one_bag_of_all_its_rows(fakes):
    folder = fakes.series()
    view = scene(folder, Supervision("bags", bag_size=150)).view
    assert ((folder.column("split_block") == "val") & (folder.labels() >= 0)).sum() < 150
    assert len(view.validation.bags.partition(0)) == 1
    assert len(view.validation.bags.partition(0).rows) == len(view.validation)


def test_test_bags_have_true_proportions_of_scored_rows(fakes):
    for supervision in (
        Supervision("bags", bag_size=16),
        Supervision("global", bag_size=16),
        Supervision("census", bag_size=16),
        Supervision("regions", by="block"),
    ):
        result = scene(fakes.series(), supervision)
        part = result.test_bags.partition(0)
        assert (result.truth[part.rows] >= 0).all()
        for i in range(len(part)):
            assert part.proportions[i] == pytest.approx(shares(result.truth, part.bag(i)), abs=1e-6)
    assert len(part.rows) == (result.truth >= 0).sum()  # regions: every scored row is in its region
    assert scene(fakes.series(), Supervision("none")).test_bags is None


def test_regions_without_a_table_are_measured_on_their_train_rows(fakes):
    folder = fakes.series(unlabelled=0).with_header(tables={})
    result = scene(folder, Supervision("regions", by="block"))
    part = result.view.bags.partition(0)
    assert len(part) == 14
    for i in range(len(part)):
        assert part.proportions[i] == pytest.approx(shares(result.train_truth, part.bag(i)), abs=1e-6)
    assert len(result.view.validation.bags.partition(0)) == 5


def test_regions_use_the_exact_table_of_their_group_and_unlabelled_rows_too(fakes):
    folder = fakes.series()
    result = scene(folder, Supervision("regions"))  # by: the exact table's group
    part, table = result.view.bags.partition(0), folder.table("exact")
    found = {tuple(np.round(v, 5)) for v in part.proportions}
    train = np.unique(folder.column("block")[folder.column("split_block") == "train"])
    assert found == {tuple(np.round(table[b].astype(np.float32), 5)) for b in train}
    assert len(result.view) == (folder.column("split_block") == "train").sum()
    assert (result.train_truth == -1).any()
    assert result.warning is None
    val = result.view.validation.bags.partition(0)
    held = np.unique(folder.column("block")[folder.column("split_block") == "val"])
    assert {tuple(np.round(v, 5)) for v in val.proportions} == {
        tuple(np.round(table[b].astype(np.float32), 5)) for b in held
    }


def test_validation_inside_train_regions_is_measured_and_straddling_regions_are_marked(fakes):
    folder = fakes.series(unlabelled=0)
    result = scene(folder, Supervision("regions", by="block"), split="random")
    assert "hold train and scored rows" in result.warning
    view = result.view.validation
    exact = {tuple(np.round(v.astype(np.float32), 5)) for v in folder.table("exact").values()}
    assert not {tuple(np.round(v, 5)) for v in view.bags.partition(0).proportions} & exact


def test_regions_that_the_table_lacks_are_left_out_and_said(fakes):
    folder = fakes.series()
    folder.tables = {**folder.tables, "exact": {k: v for k, v in folder.table("exact").items() if k != "b3"}}
    result = scene(folder, Supervision("regions", by="block"))
    assert len(result.view.bags.partition(0)) == 13
    assert "1 of 14 train regions" in result.warning


def test_global_bags_share_the_vector_of_train(fakes):
    folder = fakes.series()
    train = folder.labels()[(folder.column("split_block") == "train") & (folder.labels() >= 0)]
    bags = scene(folder, Supervision("global", bag_size=16)).view.bags
    assert bags.shared
    assert bags.partition(0).proportions == pytest.approx(
        np.tile(shares(train, slice(None)), (len(train) // 16, 1)), abs=1e-6
    )


def test_area_all_measures_on_test_labels_and_says_so(fakes):
    folder = fakes.series()
    used = np.isin(folder.column("split_block"), ["train", "val", "test"]) & (folder.labels() >= 0)
    result = scene(folder, Supervision("global", bag_size=16, area="all"))
    assert result.view.bags.partition(0).proportions[0] == pytest.approx(
        shares(folder.labels()[used], slice(None)), abs=1e-6
    )
    assert "test labels" in result.warning


def test_census_takes_the_inexact_table_and_bags_within_its_regions(fakes):
    folder = fakes.series()
    result = scene(folder, Supervision("census", bag_size=16))
    part, table = result.view.bags.partition(0), folder.table("census")
    assert {tuple(np.round(v, 5)) for v in part.proportions} <= {
        tuple(np.round(v.astype(np.float32), 5)) for v in table.values()
    }
    assert result.labels_used == 3  # counties 0, 1 and 2 hold the train blocks
    assert not result.view.bags.shared
    regions = [v.tobytes() for v in part.proportions]
    turns = sum(a != b for a, b in pairwise(regions))
    assert turns > 3  # bags stand in seeded order, not region after region
    assert result.view.validation.level == "none"
    assert result.view.validation.bags is None


@given(
    shares=hnp.arrays(np.float64, st.integers(2, 8), elements=st.floats(0, 1)).filter(lambda v: v.sum() > 0.1),
    part=st.floats(0, 1),
    seed=st.integers(0, 999),
)
@settings(deadline=None)
def test_a_perturbed_vector_stays_on_the_simplex_and_is_wrong_by_the_error(shares, part, seed):
    vector = shares / shares.sum()
    error = part * largest_error(vector)
    wrong = perturb(vector, error, seed)
    assert (wrong >= 0).all()
    assert wrong.sum() == pytest.approx(1)
    assert np.abs(wrong - vector).sum() / 2 == pytest.approx(error, abs=1e-9)
    assert np.array_equal(wrong, perturb(vector, error, seed))


def test_a_perturbed_census_is_seeded_shared_and_cannot_be_too_wrong(fakes):
    folder = fakes.series()
    vectors = []
    for seed in (0, 0, 1):
        bags = scene(
            folder, Supervision("census", bag_size=16, source="perturbed", error=0.2), seed=seed
        ).view.bags
        assert bags.shared
        vectors.append(bags.partition(0).proportions[0])
    assert np.array_equal(vectors[0], vectors[1])
    assert not np.array_equal(vectors[0], vectors[2])
    train = folder.labels()[(folder.column("split_block") == "train") & (folder.labels() >= 0)]
    assert np.abs(vectors[0] - shares(train, slice(None))).sum() / 2 == pytest.approx(0.2, abs=1e-6)
    with pytest.raises(UnsupportedError, match="can be wrong by 0 to"):
        scene(folder, Supervision("census", bag_size=16, source="perturbed", error=1.0))


def test_a_bag_larger_than_train_is_unsupported(fakes):
    for supervision in (Supervision("bags", bag_size=9999), Supervision("global", bag_size=9999)):
        with pytest.raises(UnsupportedError, match="a bag of 9999 is larger than the"):
            scene(fakes.series(), supervision)


def test_census_without_a_table_says_what_to_do(fakes):
    with pytest.raises(UnsupportedError, match=r"use census\[source=perturbed\]"):
        scene(fakes.series().with_header(tables={}), Supervision("census", bag_size=8))


def test_a_vector_can_be_as_wrong_as_all_in_the_rarest_class():
    vector = np.array([0.5, 0.38, 0.02, 0.1])
    for seed in range(20):
        assert perturb(vector, 0.98, seed) == pytest.approx([0, 0, 1, 0], abs=1e-9)
    with pytest.raises(UnsupportedError, match=r"0 to 0\.98"):
        perturb(vector, 0.99, 0)
