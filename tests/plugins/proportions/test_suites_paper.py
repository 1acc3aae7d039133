"""suite:llp-co-paper and suite:lightweight-llp-paper: the papers' own sets, skipped where they are absent."""

import itertools
from pathlib import Path

import pytest

import eobench_proportions
from eobench.data import without_preparing
from eobench.plugin import Places, discover
from eobench.tasks import expand, load_tasks

SUITES = Path(eobench_proportions.__file__).parent / "suites"
SETS = {
    "llp-co-paper": {"campo_verde", "lem"},
    "lightweight-llp-paper": {
        *("colombia_ne_worldcover", "colombia_ne_humanpop", "benelux_worldcover", "benelux_humanpop")
    },
}


@pytest.mark.parametrize("name", SETS)
def test_every_cell_is_skipped_and_says_what_to_download(name, tmp_path):
    assert f"eobench_proportions:suites/{name}.yaml" in {c.load for c in eobench_proportions.eobench_suites()}
    places = Places(None, tmp_path)
    with without_preparing():
        cells = expand(load_tasks(SUITES / f"{name}.yaml"), discover(places), places)
    assert {c.dataset.name for c in cells} == SETS[name]
    assert {c.status for c in cells} == {"skipped"}
    assert all("download" in c.reason for c in cells)


def test_areas_are_scored_in_all_four_pairs():
    tasks = load_tasks(SUITES / "lightweight-llp-paper.yaml").tasks
    for labels in ("worldcover", "humanpop"):
        both = {f"colombia_ne_{labels}", f"benelux_{labels}"}
        pairs = {(d, t) for task in tasks for d in task.datasets for t in task.test_on or [d]}
        assert {(a, b) for a, b in pairs if a in both} == set(itertools.product(both, both))
