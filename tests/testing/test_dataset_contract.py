"""The suite of data sets: a tidy one passes, and each clause catches the one that breaks it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eobench.plugin import Places, discover, make_dataset
from eobench.testing import DatasetContract, Outcome, check_dataset, check_names

TOYS = str(Path(__file__).parent / "toys")
if TOYS not in sys.path:
    sys.path.insert(0, TOYS)

CAUGHT = {
    "the-folder-opens": ("nosplits", "splits"),
    "card-and-folder-agree": ("othername", "'somebody-else'"),
    "absent-data-is-told": ("careless", "raise DatasetMissingError"),
    "files-are-what-the-header-says": ("infinite", "infinite values"),
    "labels-are-classes": ("strangelabel", "row 5 holds class 9"),
    "splits-are-disjoint": ("misspelt", "'Validation', which is none of train, val and test"),
    "groups-are-whole": ("cutgroups", "cut between test and train"),
    "views-can-be-built": ("notrain", "no level can be built"),
    "the-fingerprint-is-stable": ("processrecipe", "in another process the fingerprint is another"),
    "preparing-twice-gives-the-same": ("unseeded", "'s2.npy' differ"),
    "processes-may-prepare-at-once": ("ownfoldereachtime", "two folders"),
    "making-it-prepares-nothing": ("eager", "before folder() was called"),
    "a-recipe-stands-for-generated-data": ("cacherecipe", "another where the cache is another"),
    "every-option-matters": ("ignoresnoise", "'noise=0.05' changes nothing"),
    "execution-options-change-nothing": ("chunksmatter", "chunk=4 changes the content"),
    "the-data-root-is-left-untouched": ("writestoroot", "'index.json' changed in the data root"),
    "works-without-network": ("asksnetwork", "the network was asked for"),
    "global-state-is-left-alone": ("seedsall", "NumPy's random state"),
    "damaged-folders-are-refused": ("fragile", "crashes with dataset.json cut short: JSONDecodeError"),
}
COUNTED = ("copies-between-subsets-are-counted", "classes-of-test-are-in-train")


@pytest.fixture
def check(tmp_path: Path):
    """Check a toy; a folder that is at hand is made under the data root first."""
    root = tmp_path / "root"
    root.mkdir()
    places = Places(root, tmp_path / "cache")
    registry = discover(places, ["dataset_toys"], entry_points=False)

    def run(name: str, *only: str) -> dict[str, Outcome]:
        if name in ("athand", "careless"):
            toy = make_dataset(registry.datasets["tidy"], {}, places)
            toy.name = name
            toy.write(root / name)  # type: ignore[attr-defined]
        found = {outcome.check: outcome for outcome in check_dataset(name, registry, places, only=only)}
        assert not any((tmp_path / "cache").glob("check-*")), "scratch stays behind"
        return found

    return run


def _failed(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {name: o.reason for name, o in outcomes.items() if o.status == "failed"}


def test_a_tidy_generated_set_passes_every_check_that_applies(check):
    outcomes = check("tidy")
    assert tuple(outcomes) == check_names("dataset")
    assert _failed(outcomes) == {}
    assert {n for n, o in outcomes.items() if o.status == "not applicable"} == {"absent-data-is-told"}


def test_a_tidy_set_at_hand_passes_and_what_is_for_prepared_sets_does_not_apply(check):
    outcomes = check("athand")
    assert _failed(outcomes) == {}
    assert outcomes["preparing-twice-gives-the-same"].status == "not applicable"
    assert outcomes["damaged-folders-are-refused"].status == "passed"


@pytest.mark.parametrize("name", CAUGHT)
def test_the_one_that_breaks_it_is_caught(check, name):
    toy, words = CAUGHT[name]
    outcome = check(toy, name)[name]
    assert outcome.status == "failed"
    assert words in outcome.reason
    assert outcome.trace == "", "it must be foreseen, with a reason that a reader can act on"


def test_every_check_has_a_toy_that_breaks_it_or_only_counts():
    assert {*CAUGHT, *COUNTED} == set(check_names("dataset"))


def test_an_option_that_the_recipe_forgets_is_caught(check):
    reason = check("forgetsnoise", "every-option-matters")["every-option-matters"].reason
    assert "'noise=0.05' changes the data but not the fingerprint" in reason


def test_copies_between_subsets_are_noted_and_fail_nothing(check):
    outcome = check("copies", COUNTED[0])[COUNTED[0]]
    assert outcome.status == "passed"
    assert "split farm: 2 of 12 test rows (16.7 %) copy the inputs of a train row" in outcome.reason
    assert "split farm: 1 of 12 val rows (8.3 %) copy the inputs of a train row" in outcome.reason


def test_classes_that_train_never_saw_are_noted(check):
    outcome = check("unseen", COUNTED[1])[COUNTED[1]]
    assert outcome.status == "passed"
    assert "test holds class 'rice' that train never saw" in outcome.reason


def test_absent_data_is_no_failure_and_the_reason_says_how_to_get_it(tmp_path):
    places = Places(None, tmp_path)
    registry = discover(places, ["dataset_toys"], entry_points=False)
    outcomes = {o.check: o for o in check_dataset("athand", registry, places)}
    assert _failed(outcomes) == {}
    assert "set EOBENCH_DATA" in outcomes["the-folder-opens"].reason
    assert outcomes["absent-data-is-told"].status == "passed"


def test_a_large_folder_is_sampled_and_says_so(check, monkeypatch):
    monkeypatch.setattr("eobench.testing._dataset_content.MOST_ROWS", 30)
    monkeypatch.setattr("eobench.testing._dataset_sample.MOST_ROWS", 30)
    outcome = check("tidy", "views-can-be-built")["views-can-be-built"]
    assert outcome.status == "passed"
    assert "30 of 48 rows, drawn at random" in outcome.reason


class TestTidy(DatasetContract):
    """As a plugin's own tests subclass it."""

    dataset = "tidy[samples=24]"
    plugins = ("dataset_toys",)
