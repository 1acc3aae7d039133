"""suite:agriitsc: the paper's tables on what is at hand, and on its own sets where they are."""

from pathlib import Path

import pytest

import eobench_prototypes
from eobench.data import without_preparing
from eobench.plugin import Places, discover
from eobench.tasks import expand, load_tasks

SUITE = Path(eobench_prototypes.__file__).parent / "suites" / "agriitsc.yaml"
NAMES = ["pastis", "timesen2crop", "south_africa", "denethor"]


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    places = Places(None, tmp_path_factory.mktemp("cache"))
    with without_preparing():
        return expand(load_tasks(SUITE), discover(places), places)


def test_they_are_shipped():
    for card in eobench_prototypes.eobench_suites():
        assert card.load == f"eobench_prototypes:suites/{card.name}.yaml"
        assert load_tasks(SUITE.with_name(f"{card.name}.yaml")).name == card.name


def test_the_papers_own_sets_are_skipped_with_what_to_download(cells):
    own = [c for c in cells if c.dataset.name in NAMES]
    assert {c.dataset.name for c in own} == set(NAMES)
    assert {c.status for c in own} == {"skipped"}
    assert all("download" in c.reason and "EOBENCH_DATA" in c.reason for c in own)


def test_the_tables_stand_on_every_set(cells):
    for name in ("simulated-fields", "us_s2_cdl", *NAMES):
        own = [c for c in cells if c.dataset.name == name and c.seed == 0]
        told = [(c.supervision.level, c.base_model and c.base_model.family, c.method) for c in own]
        assert {"mlp-ltae", "os-cnn", "mlstm-fcn"} <= {family for _, family, _ in told}
        assert told.count(("full", None, "dti-ts")) == 3  # + time warp, + offset, + contrastive loss
        assert told.count(("none", None, "dti-ts")) == 2
        rivals = {("full", m) for m in ("tapnet", "1nn", "ncc")}
        rivals |= {("none", m) for m in ("usrl-kmeans", "dtan-kmeans", "kmeans")}
        assert rivals <= {(level, method) for level, _, method in told}


def test_utae_stands_where_there_are_images(cells):
    own = {c.dataset.name for c in cells if c.base_model is not None and c.base_model.family == "utae"}
    assert own == {"pastis"}


def test_the_papers_numbers_hold_on_its_own_sets_and_small_ones_at_hand(cells):
    for cell in cells:
        if cell.method == "dti-ts":
            assert cell.budget.steps == (400_000 if cell.dataset.name in NAMES else 600)
            own = cell.dataset.name in NAMES and cell.supervision.level == "none"
            assert cell.knobs.transductive == own
