from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from eobench.data import Inputs, ModalityArray, ModalityInfo, View
from eobench.plugin import BaseModel, Budget, Places, Registry, RunContext, Selector, discover

FAMILIES = (
    "bilstm[hidden=8,layers=2,lr=0.01]",
    "inceptiontime[hidden=4,layers=3,kernel=8,lr=0.01]",
    "transformer[d_model=16,heads=2,layers=2,lr=0.01]",
    "mlstm-fcn[width=8,hidden=6,lr=0.01]",
    "os-cnn[first_budget=32,second_budget=512,channel_limit=16,lr=0.01]",
    "mlp-ltae[width=16,d_model=32,heads=4,lr=0.01]",
    "temp-cnn[hidden=8,kernel=5,lr=0.01]",
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    places = Places(None, tmp_path_factory.mktemp("cache"))
    return discover(places, ["eobench_base_models", "eobench_proportions"], entry_points=False)


@pytest.fixture(scope="session")
def family(registry: Registry) -> Callable[[str], BaseModel]:
    def make(text: str) -> BaseModel:
        selector = Selector.parse(text)
        card = registry.base_models[selector.name]
        model: BaseModel = card.load_object()(card.resolve(selector.params))
        return model

    return make


@pytest.fixture(params=FAMILIES, ids=lambda text: text.partition("[")[0])
def any_family(request: pytest.FixtureRequest, family: Callable[[str], BaseModel]) -> BaseModel:
    return family(request.param)


@pytest.fixture(scope="session")
def options(registry: Registry) -> Callable[..., Mapping[str, object]]:
    return lambda **given: registry.methods["supervised"].resolve(given)


@pytest.fixture(scope="session")
def make_inputs() -> Callable[..., Inputs]:
    def make(values: np.ndarray, valid: np.ndarray | None = None) -> Inputs:
        """`values` (N, T, C), as stored."""
        steps, channels = values.shape[1:]
        info = ModalityInfo("s2", "series", (steps, channels), tuple(f"b{i}" for i in range(channels)))
        return Inputs.of(ModalityArray(info, values, valid, np.arange(steps, dtype=np.int16) * 10))

    return make


@pytest.fixture(scope="session")
def make_view(make_inputs: Callable[..., Inputs]) -> Callable[..., View]:
    """A view whose classes differ by the level and the slope of their series."""

    def make(
        count: int = 120,
        classes: int = 3,
        steps: int = 12,
        channels: int = 4,
        validation: int = 0,
        seed: int = 0,
        labels: np.ndarray | None = None,
    ) -> View:
        rng = np.random.default_rng(seed)
        truth = rng.permutation(np.arange(count) % classes).astype(np.int16)
        time = np.linspace(-1, 1, steps)[None, :, None] if steps > 1 else np.ones((1, 1, 1))
        shape = np.random.default_rng(99).normal(size=(classes, 1, channels))
        values = (shape[truth] * (1 + time) + 0.2 * rng.normal(size=(count, steps, channels))).astype(np.float32)
        inner = make(validation, classes, steps, channels, seed=seed + 1) if validation else None
        names = tuple(f"class {k}" for k in range(classes))
        return View("full", make_inputs(values), names, truth if labels is None else labels, validation=inner)

    return make


@pytest.fixture
def make_run() -> Callable[..., RunContext]:
    def make(model: BaseModel, budget: Budget | None = None, seed: int = 0, **given: object) -> RunContext:
        budget = budget or Budget(steps=40)
        return RunContext(seed, budget=budget, base_model=model, **given)  # type: ignore[arg-type]

    return make


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "predictor"
    folder.mkdir()
    return folder
