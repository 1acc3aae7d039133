"""suite:llp-co: the paper's tables on what is at hand."""

from pathlib import Path

import pytest

import eobench_proportions
from eobench.data import without_preparing
from eobench.plugin import Places, discover
from eobench.tasks import expand, load_tasks

SUITE = Path(eobench_proportions.__file__).parent / "suites" / "llp-co.yaml"
FIELD = {"mean-proportion", "dllp", "rot", "llp-vat", "llp-plot", "llp-gan", "llp-co", "swav", "supervised"}


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    places = Places(None, tmp_path_factory.mktemp("cache"))
    with without_preparing():
        return expand(load_tasks(SUITE), discover(places), places)


def test_it_is_shipped():
    card = next(c for c in eobench_proportions.eobench_suites() if c.name == "llp-co")
    assert card.load == "eobench_proportions:suites/llp-co.yaml"
    assert load_tasks(SUITE).name == card.name


def test_patches_have_five_methods_in_the_four_settings_and_one_seed(cells):
    own = [c for c in cells if c.dataset.name == "simulated-patches"]
    assert {c.method for c in own} == {"mean-proportion", "dllp", "llp-co", "swav", "supervised"}
    assert {c.seed for c in own} == {0}
    assert {c.supervision.level for c in own} == {"global", "census", "bags", "none", "full"}
    told = {(c.supervision.level, bool(c.knobs.classes), c.knobs.transductive) for c in own}
    si_to_siv = {
        ("global", True, True),
        ("census", True, True),
        ("bags", False, False),
        ("global", False, True),
    }
    assert si_to_siv <= told


def test_series_have_the_whole_field_at_three_seeds(cells):
    for name in ("simulated-fields", "us_s2_cdl", "matogrosso_modis", "cawa_central_asia"):
        own = [c for c in cells if c.dataset.name == name and c.supervision.level in ("bags", "none", "full")]
        for seed in (0, 1, 2):
            at_32 = [c for c in own if c.seed == seed and c.supervision.bag_size in (None, 32)]
            assert {c.method for c in at_32} == FIELD


def test_bags_grow_from_32_to_2048(cells):
    own = [c for c in cells if c.method == "llp-co" and c.dataset.name == "simulated-fields" and c.seed == 0]
    sizes = {32, 64, 128, 256, 512, 1024, 2048}
    for level in ("bags", "global"):
        assert {c.supervision.bag_size for c in own if c.supervision.level == level} == sizes


def test_the_reference_stands_beside_every_llp_co_cell(cells):
    def place(cell):
        return (cell.dataset, cell.supervision, cell.knobs, cell.seed)

    reference = [place(c) for c in cells if c.method == "mean-proportion"]
    assert all(place(c) in reference for c in cells if c.method == "llp-co")


def test_redrawn_bags_are_other_cells_than_fixed_ones(cells):
    own = [c for c in cells if c.method == "llp-co" and c.supervision.bag_size == 32 and c.seed == 0]
    own = [c for c in own if c.dataset.name == "simulated-fields" and c.supervision.level == "bags"]
    assert {c.supervision.redraws for c in own} == {1, 16}
    assert len({c.key for c in own}) == 2
