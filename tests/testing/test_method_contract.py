"""The suite of methods: tidy ones pass, and each clause catches the ones that break it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eobench.data import EobenchError
from eobench.plugin import Places, discover
from eobench.testing import MethodContract, Outcome, check_method, check_names

TOYS = str(Path(__file__).parent / "toys")
if TOYS not in sys.path:
    sys.path.insert(0, TOYS)

CAUGHT = [
    ("the-card-is-complete", "wordless", "the summary is not one line; option 'depth' has no description"),
    ("the-card-is-complete", "not-allowed", "the default of option 'depth' is not allowed"),
    ("the-card-is-complete", "slow-only", "no 'quick'"),
    ("the-card-is-complete", "both", "set exactly one of steps, epochs and seconds"),
    ("the-card-is-complete", "unfinished", "method_toys:Unfinished does not define fit"),
    ("the-card-is-complete", "undeclared", "it would never be called"),
    ("the-card-is-complete", "undefined", "it defines no pretrain()"),
    ("the-card-is-complete", "missing-option", "irrelevant names 'params:depth'; allowed: base_model"),
    ("predicts-what-the-card-declares", "boaster", "declares embeddings"),
    ("predicts-what-the-card-declares", "overclaims", "'none' on series, which its card claims"),
    ("predicts-what-the-card-declares", "tooshort", "23 rows for 24 samples"),
    ("predicts-what-the-card-declares", "nopredictor", "fit() returned ndarray"),
    ("batch-size-of-prediction-changes-nothing", "batchstatistics", "7 at a time"),
    ("batch-size-of-prediction-changes-nothing", "positionreader", "a sample's prediction differs (classes of"),
    ("parameters-are-counted", "uncounted", "predictor.parameters is 'many'"),
    ("saved-and-loaded-predicts-the-same", "pickler", "weights.dat, a pickle"),
    ("saved-and-loaded-predicts-the-same", "objectsaver", "weights.npz, whose weights.npy is a pickle"),
    ("saved-and-loaded-predicts-the-same", "rounder", "the loaded predictor's predictions differ"),
    ("saved-and-loaded-predicts-the-same", "unloading", "fail in a new process: KeyError"),
    ("labels-outside-the-view-change-nothing", "gcleaker", "'full' on series predictions differ"),
    ("labels-outside-the-view-change-nothing", "frameleaker", "reads labels that it was not given"),
    ("labels-outside-the-view-change-nothing", "diskleaker", "reads labels that it was not given"),
    ("labels-outside-the-view-change-nothing", "leaker-few", "'few' on series predictions differ"),
    ("labels-outside-the-view-change-nothing", "leaker-bags", "'bags' on series predictions differ"),
    ("labels-outside-the-view-change-nothing", "leaker-regions", "'regions' on series predictions differ"),
    ("labels-outside-the-view-change-nothing", "leaker-global", "'global' on series predictions differ"),
    ("labels-outside-the-view-change-nothing", "leaker-none", "'none' on series predictions differ"),
    ("labels-outside-the-view-change-nothing", "leaker-census", "'census' on series predictions differ"),
    ("reordered-rows-change-nothing", "orderreader", "stand in another order"),
    ("inputs-are-not-mutated", "mutator", "fit() at 'full' on series changed view.inputs.modalities[1].values"),
    ("inputs-are-not-mutated", "predictmutator", "predict() at 'full' on series changed test inputs"),
    ("same-seed-same-result", "unseeded", "two runs with the same seed differ"),
    ("same-seed-same-result", "remembers", "keep nothing between two fits"),
    ("other-seed-other-draw", "seedignorer", "what is drawn is not used"),
    ("other-seed-other-draw", "ownseed", "draws random numbers with numpy.random.default_rng"),
    ("global-random-state-is-unused", "globalrandom", "only the global random state differs"),
    ("global-random-state-is-unused", "pythonrandom", "only the global random state differs"),
    ("global-state-is-left-alone", "reseeder", "NumPy's random state"),
    ("global-state-is-left-alone", "muffler", "the warning filters"),
    ("global-state-is-left-alone", "environment", "the environment variables"),
    ("global-state-is-left-alone", "mover", "the working folder"),
    ("global-state-is-left-alone", "loud", "the level of the root logger"),
    ("global-state-is-left-alone", "catcher", "the handler of SIGTERM"),
    ("global-state-is-left-alone", "threads", "torch's threads"),
    ("works-without-network", "networker", "the network was asked for"),
    ("every-option-matters", "unread", "option 'depth' is never read, and changes no prediction (tried 1, 6)"),
    ("every-option-matters", "rateignorer", "option 'rate' is never read"),
    ("every-option-matters", "smallfails", "which the card allows, ends in ZeroDivisionError"),
    ("execution-options-change-nothing", "chunkmatters", "drop execution=True"),
    ("budget-is-respected", "overspender", "a budget of 1 steps was granted, and 7 were taken"),
    ("budget-is-respected", "secretive", "predictor.steps is None"),
    ("budget-is-respected", "understated", "a curve has a point at step 9"),
    ("stop-is-heard", "deaf", "run.should_stop() was never asked"),
    ("stop-is-heard", "hanging", "did not end within"),
    ("stop-is-heard", "stubborn", "was asked 50 more times"),
    ("pretraining-depends-on-inputs-alone", "labelledpretraining", "differs in told once labels are overwritten"),
    ("pretraining-depends-on-inputs-alone", "listpretraining", "'mean': list"),
    ("pretraining-depends-on-inputs-alone", "randompretraining", "with one seed differ in drawn"),
    ("pretraining-depends-on-inputs-alone", "mistaken", "ridge=0.005 changes mean of the checkpoint"),
    ("survives-missing-dates", "gapcrasher", "ends in IndexError"),
    ("survives-nan", "nancrasher", "ends in ValueError: Input X contains NaN."),
    ("survives-nan", "nanpredictor", "gives a wrong prediction"),
    ("survives-one-class", "twoclasses", "raise eobench.data.UnsupportedError"),
    ("survives-one-sample-per-class", "curt", "is refused with 'no'"),
    ("survives-one-date", "twodates", "ends in IndexError"),
]


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    places = Places(None, tmp_path_factory.mktemp("cache"))
    return discover(places, ["method_toys"], entry_points=False)


@pytest.fixture
def check(registry, tmp_path):
    def run(name: str, *only: str) -> dict[str, Outcome]:
        return {o.check: o for o in check_method(name, registry, Places(None, tmp_path), only=only)}

    return run


def _failed(outcomes):
    return {name: o.reason for name, o in outcomes.items() if o.status == "failed"}


def test_a_tidy_method_passes_every_check_that_applies(check):
    outcomes = check("tidy")
    assert tuple(outcomes) == check_names("method")
    assert _failed(outcomes) == {}
    not_tried = {n for n, o in outcomes.items() if o.status == "not applicable"}
    assert not_tried == {"pretraining-depends-on-inputs-alone"}


def test_a_method_with_pretraining_passes_every_check(check):
    outcomes = check("pretrained")
    assert {o.status for o in outcomes.values()} == {"passed"}, _failed(outcomes)


def test_a_method_of_images_and_label_maps_passes_every_check_that_applies(check):
    outcomes = check("images")
    assert _failed(outcomes) == {}
    assert outcomes["survives-one-date"].status == "passed"
    assert outcomes["other-seed-other-draw"].reason == "it draws no random numbers"


@pytest.mark.parametrize(("clause", "toy", "words"), CAUGHT, ids=[f"{c}-{t}" for c, t, _ in CAUGHT])
def test_a_rule_breaker_is_caught(check, monkeypatch, clause, toy, words):
    monkeypatch.setattr("eobench.testing._method_watch.PATIENCE", 0.3 if toy == "hanging" else 60.0)
    outcome = check(toy, clause)[clause]
    assert outcome.status == "failed"
    assert words in outcome.reason


def test_every_clause_has_a_method_that_breaks_it():
    assert {clause for clause, _, _ in CAUGHT} == set(check_names("method"))


@pytest.mark.parametrize("toy", ["gcleaker", "unread", "reseeder", "twoclasses", "overspender", "rounder"])
def test_a_rule_breaker_breaks_its_own_clause_only(check, toy):
    assert set(_failed(check(toy))) == {clause for clause, name, _ in CAUGHT if name == toy}


def test_a_method_that_looks_around_finds_only_what_it_is_checked_with(check):
    """Else a leaker could find the labels of before they were overwritten, and would not be caught."""
    assert (
        _failed(check("witness", "labels-outside-the-view-change-nothing", "reordered-rows-change-nothing")) == {}
    )


def test_a_clear_refusal_passes_and_is_noted(check):
    outcome = check("refuses", "survives-one-sample-per-class")["survives-one-sample-per-class"]
    assert outcome.status == "passed"
    assert "refuses needs 5 samples to learn from; the view has 3" in outcome.reason


def test_what_is_wrong_in_the_request_is_told_at_once(registry, tmp_path):
    places = Places(None, tmp_path)
    for selector, words in (("tidi", "tidy"), ("tidy[rat=1]", "rate")):
        with pytest.raises(EobenchError, match=f"Did you mean '{words}'"):
            check_method(selector, registry, places)
    with pytest.raises(EobenchError, match="Did you mean 'survives-nan'"):
        check_method("tidy", registry, places, only=["survive-nan"])
    with pytest.raises(EobenchError, match="tidy needs no base model"):
        check_method("tidy", registry, places, base_model="transformer")


class TestTidy(MethodContract):
    """As a plugin's own tests subclass it."""

    method = "tidy[rate=0.2]"
    plugins = ("method_toys",)
