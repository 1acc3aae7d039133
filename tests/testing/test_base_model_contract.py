"""The suite of base models: a tidy one passes, and each clause catches the one that breaks it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eobench.plugin import Places, discover
from eobench.testing import BaseModelContract, Outcome, check_base_model, check_names

TOYS = str(Path(__file__).parent / "toys")
if TOYS not in sys.path:
    sys.path.insert(0, TOYS)

CAUGHT = {
    "the-card-is-complete": ("no-summary", "option 'more' has no description"),
    "lr-is-for-the-training-method": ("rate-widens", "another lr builds another network"),
    "every-option-matters": ("ignores-dropout", "dropout changes nothing"),
    "every-configuration-of-its-spaces-builds": ("no-sixteen", "sixteen is too many"),
    "configurations-of-small-train": ("diverges", "the loss is"),
    "builds-for-every-shape": ("picky", "the ordinary shape (4, 12) is refused"),
    "forward-gives-logits": ("softmax", "leave the softmax out"),
    "features-give-one-vector-a-sample": ("map-features", "it must give float32 (B, D)"),
    "outputs-are-finite-for-extreme-inputs": ("standardising", "zeros give NaN"),
    "evaluation-is-deterministic": ("always-drops", "two passes differ in eval mode"),
    "samples-do-not-see-each-other": ("batch-statistics", "depend on its batch"),
    "inputs-are-not-changed": ("in-place", "changes its input in place"),
    "runs-without-gradients": ("view", "view size is not compatible"),
    "global-state-is-left-alone": ("seeds-numpy", "NumPy's random state"),
    "works-on-cpu-without-network": ("downloads", "the network was asked for"),
    "every-layer-is-registered": ("plain-list", "PlainListNet.more[0]"),
    "every-parameter-gets-a-gradient": ("head-only", "first.weight, first.bias gets no gradient"),
    "the-seed-draws-the-weights": ("own-seed", "another torch seed gives the same weights"),
    "each-build-is-fresh": ("shared", "two builds share weights"),
    "weights-survive-saving": ("hidden-offset", "not in state_dict()"),
    "it-learns": ("blind", "the loss went from"),
}


@pytest.fixture
def check(tmp_path: Path):
    places = Places(None, tmp_path)
    registry = discover(places, ["base_model_toys"], entry_points=False)
    return lambda name, *only: {o.check: o for o in check_base_model(name, registry, places, only=only)}


def _failed(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {name: o.reason for name, o in outcomes.items() if o.status == "failed"}


@pytest.mark.parametrize("name", ["tidy", "maps"])
def test_a_tidy_base_model_passes_every_check(check, name):
    outcomes = check(name)
    assert tuple(outcomes) == check_names("base-model")
    assert {n: o.reason for n, o in outcomes.items() if o.status != "passed"} == {}


@pytest.mark.parametrize("name", CAUGHT)
def test_the_one_that_breaks_it_is_caught(check, name):
    toy, words = CAUGHT[name]
    outcome = check(toy, name)[name]
    assert outcome.status == "failed"
    assert words in outcome.reason


def test_every_check_has_a_toy_that_breaks_it():
    assert set(CAUGHT) == set(check_names("base-model"))


def test_a_shape_that_is_refused_clearly_is_noted_and_fails_nothing(check):
    outcomes = check("short-refused", "builds-for-every-shape", "forward-gives-logits")
    assert _failed(outcomes) == {}
    assert "shape (1, 1) is refused: one step is too short" in outcomes["builds-for-every-shape"].reason


def test_layers_that_are_only_passed_over_in_saving_are_caught_twice(check):
    assert set(_failed(check("plain-list"))) >= {"every-layer-is-registered", "weights-survive-saving"}


def test_a_rate_that_is_a_whole_number_is_caught(check):
    outcome = check("whole-rate", "lr-is-for-the-training-method")["lr-is-for-the-training-method"]
    assert outcome.status == "failed"
    assert "lr is 1, an option of type int" in outcome.reason


def test_without_spaces_the_checks_of_spaces_do_not_apply(check):
    outcomes = check("whole-rate", "every-configuration-of-its-spaces-builds", "configurations-of-small-train")
    assert {o.status for o in outcomes.values()} == {"not applicable"}


class TestTidy(BaseModelContract):
    """As a plugin's own tests subclass it."""

    base_model = "tidy[hidden=4]"
    plugins = ("base_model_toys",)
