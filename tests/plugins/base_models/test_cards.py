from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
import torch

from eobench.plugin import Choice, Range, Registry


def test_finding_the_plugins_imports_nothing_heavy() -> None:
    code = (
        "import sys, eobench_base_models, eobench_proportions\n"
        "eobench_base_models.eobench_base_models(), eobench_base_models.eobench_methods()\n"
        "eobench_proportions.eobench_methods()\n"
        "print([m for m in ('torch', 'sklearn', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_paper_spaces_are_those_of_the_paper(registry: Registry) -> None:
    rate = Range(1e-5, 1e-3, log=False)
    assert registry.base_models["bilstm"].spaces["paper"] == {
        "hidden": Choice((32, 64, 128, 256)),
        "layers": Choice((2, 3, 4, 5, 6)),
        "lr": rate,
    }
    assert registry.base_models["inceptiontime"].spaces["paper"] == {
        "layers": Choice((2, 4, 8)),
        "hidden": Choice((128, 256, 512, 1024)),
        "kernel": Choice((40, 80, 120, 136)),
        "lr": rate,
    }
    assert registry.base_models["transformer"].spaces["paper"] == {
        "d_model": Choice((32, 64, 128)),
        "heads": Choice((2, 4, 8)),
        "layers": Choice((2, 3, 4, 5, 6)),
        "lr": rate,
    }


@pytest.mark.parametrize("name", ["bilstm", "inceptiontime", "transformer"])
def test_every_point_of_the_small_space_builds_a_small_network(registry: Registry, name: str) -> None:
    card = registry.base_models[name]
    listed = {key: space.values for key, space in card.spaces["small"].items() if isinstance(space, Choice)}
    for values in itertools.product(*listed.values()):
        params = card.resolve(dict(zip(listed, values, strict=True)))
        network = card.load_object()(params).build((10, 36), 17)
        assert sum(p.numel() for p in network.parameters()) < 250_000
        assert network(torch.zeros(2, 10, 36)).shape == (2, 17)


@pytest.mark.parametrize("name", ["bilstm", "inceptiontime", "transformer"])
@pytest.mark.parametrize("space", ["paper", "small"])
def test_spaces_hold_allowed_values_only(registry: Registry, name: str, space: str) -> None:
    card = registry.base_models[name]
    for option, values in card.spaces[space].items():
        ends = values.values if isinstance(values, Choice) else (values.low, values.high)
        for value in ends:
            assert card.resolve({option: value})[option] == value


def test_quick_and_paper_budgets_are_numbers(registry: Registry) -> None:
    budgets = {name: registry.methods[name].budgets for name in ("supervised", "dllp")}
    assert [budgets[n]["quick"].numbers() for n in budgets] == [{"steps": 300}, {"steps": 300}]
    assert [budgets[n]["paper"].numbers() for n in budgets] == [{"epochs": 20}, {"epochs": 200}]
