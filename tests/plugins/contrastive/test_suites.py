"""suite:bimodal: 90 cells that share four pre-trainings; the paper's size, with its own sets where they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import eobench_contrastive
from eobench.data import without_preparing
from eobench.plugin import Places, Registry, discover
from eobench.run import make_plan
from eobench.tasks import Cell, expand, load_tasks

SUITES = Path(eobench_contrastive.__file__).parent / "suites"
NAMES = ["denethor_2018_pairs", "denethor_2019", "breizhcrops_2018"]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return discover(Places(None, tmp_path_factory.mktemp("cache")))


def _cells(name: str, registry: Registry, folder: Path) -> list[Cell]:
    with without_preparing():
        return list(expand(load_tasks(SUITES / f"{name}.yaml"), registry, Places(None, folder)))


def _as_planned(cells: list[Cell]) -> list[Cell]:
    """Cells on generated sets as they are once those were generated; here they are not."""
    return [replace(cell, status="planned") for cell in cells if cell.dataset.name not in NAMES]


@pytest.fixture(scope="module")
def small(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> list[Cell]:
    return _cells("bimodal", registry, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def paper(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> list[Cell]:
    return _cells("bimodal-paper", registry, tmp_path_factory.mktemp("cache"))


def test_they_are_shipped() -> None:
    for card in eobench_contrastive.eobench_suites():
        assert card.load == f"eobench_contrastive:suites/{card.name}.yaml"
        assert load_tasks(SUITES / f"{card.name}.yaml").name == card.name


def test_the_small_form_has_three_tasks_of_thirty_cells(small: list[Cell]) -> None:
    assert Counter(cell.task for cell in small) == {"task-1": 30, "task-2": 30, "task-3": 30}
    assert len({cell.key for cell in small}) == 90
    assert {cell.budget.epochs for cell in small if cell.budget} == {10}
    arms = Counter((cell.method, cell.method_params.get("corruption")) for cell in small)
    rivals = [(method, rate) for method in ("scarf", "bimodal-simclr") for rate in (0.2, 0.6)]
    assert arms == dict.fromkeys([("supervised", None), *rivals], 18)


def test_every_arm_meets_the_same_configurations(small: list[Cell]) -> None:
    configurations = {
        (cell.method, cell.method_params.get("corruption"), cell.task): {
            (c.base_model.family, str(c.base_model.params))
            for c in small
            if c.base_model is not None
            and (c.method, c.method_params.get("corruption"), c.task)
            == (cell.method, cell.method_params.get("corruption"), cell.task)
        }
        for cell in small
    }
    first, *others = configurations.values()
    assert len(first) == 6
    assert all(other == first for other in others)


def test_each_pre_training_is_planned_once_for_a_method_and_rate(small: list[Cell], registry: Registry) -> None:
    plan = make_plan(_as_planned(small), registry)
    told = [(stage.cell.method, stage.cell.method_params["corruption"]) for stage in plan.stages.values()]
    assert sorted(told) == [(m, rate) for m in ("bimodal-simclr", "scarf") for rate in (0.2, 0.6)]
    assert {len(stage.cells) for stage in plan.stages.values()} == {18}  # of all three tasks
    assert {stage.cell.dataset.name for stage in plan.stages.values()} == {"simulated-pairs"}


def test_seeds_have_pre_trainings_of_their_own(paper: list[Cell], registry: Registry) -> None:
    plan = make_plan(_as_planned(paper), registry)
    told = Counter(
        (stage.cell.method, stage.cell.method_params["corruption"], stage.cell.seed)
        for stage in plan.stages.values()
    )
    assert len(told) == 2 * 2 * 3
    assert set(told.values()) == {1}


def test_the_papers_size_has_ten_draws_and_its_own_sets(paper: list[Cell]) -> None:
    own = [cell for cell in paper if cell.dataset.name in NAMES]
    assert {cell.dataset.name for cell in own} == set(NAMES)
    assert {cell.status for cell in own} == {"skipped"}
    assert all("download" in str(cell.reason) and "EOBENCH_DATA" in str(cell.reason) for cell in own)
    draws = {(c.base_model.family, c.base_model.draw) for c in paper if c.base_model is not None}
    assert len(draws) == 30
