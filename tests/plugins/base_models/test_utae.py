"""U-TAE: its published size, missing images, sizes of images, and learning label maps with `supervised`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from eobench.data import EobenchError, Inputs, ModalityArray, ModalityInfo, View
from eobench.plugin import BaseModel, Budget, ParameterError, RunContext
from eobench_base_models._supervised import Supervised
from eobench_base_models.training import MapObjective, NetworkPredictor, map_validation

Family = Callable[[str], BaseModel]
CPU = torch.device("cpu")
SMALL = "utae[width=8,d_model=16,heads=4,lr=0.01]"


def make_view(count: int = 24, steps: int = 4, size: int = 16, seed: int = 0, missing: bool = False) -> View:
    """Label maps of two fields an image, whose classes differ in their season."""
    rng = np.random.default_rng(seed)
    labels = np.where(np.arange(size) < size // 2, 0, 1)[None, None].repeat(size, 1).repeat(count, 0)
    labels = (labels + rng.integers(0, 3, (count, 1, 1))) % 3
    season = np.array([[0, 1, 2, 1], [2, 1, 0, 1], [1, 0, 1, 2]])[:, :steps]
    values = np.moveaxis(season[labels], -1, 1)[..., None] + 0.3 * rng.normal(size=(count, steps, size, size, 2))
    valid = rng.random((count, steps)) > 0.1 if missing else None
    info = ModalityInfo("s2", "image-series", (steps, size, size, 2), ("red", "nir"))
    inputs = Inputs.of(
        ModalityArray(info, values.astype(np.float32), valid, np.arange(steps, dtype=np.int16) * 10)
    )
    given = labels.astype(np.int16)
    given[rng.random(labels.shape) < 0.2] = -1
    return View("full", inputs, ("a", "b", "c"), labels=given)


def test_it_has_the_published_size(family: Family) -> None:
    network = family("utae").build((5, 10, 128, 128), 20)
    assert sum(p.numel() for p in network.parameters()) == 1_087_260  # published: 1.087 million


def test_missing_images_change_nothing(family: Family) -> None:
    torch.manual_seed(0)
    network = family(SMALL).build((4, 2, 16, 16), 3).eval()
    x = torch.randn(2, 4, 2, 16, 16)
    frames = []

    def watch(module: object, given: tuple[torch.Tensor, ...], out: object) -> None:
        frames.append(len(given[0]))

    network.inlet.register_forward_hook(watch)  # type: ignore[union-attr]
    x[0, 1], x[1, 3] = 0, 0
    weights = network.time(  # type: ignore[operator]
        torch.randn(2, 4, 16, 2, 2), torch.tensor([[False, True, False, False], [False, False, False, True]])
    )[1]
    network(x)
    assert frames == [6]  # missing images are not even encoded
    assert not weights[0, :, 1].any()
    assert_allclose(weights.sum(2).detach(), 1, rtol=1e-5)


def test_a_batch_without_any_image_gives_finite_maps(family: Family) -> None:
    network = family(SMALL).build((3, 2, 16, 16), 3)
    assert torch.isfinite(network(torch.zeros(2, 3, 2, 16, 16))).all()


def test_images_of_one_pixel_are_refused(family: Family) -> None:
    with pytest.raises(ParameterError, match="1 x 9 pixels"):
        family(SMALL).build((2, 3, 1, 9), 4)


@pytest.mark.parametrize("sides", [(16, 16), (8, 8), (17, 30), (2, 2), (40, 24)])
def test_images_of_any_size_give_maps_of_their_size(family: Family, sides: tuple[int, int]) -> None:
    network = family(SMALL).build((2, 3, *sides), 4)
    x = torch.randn(2, 2, 3, *sides)
    assert network(x).shape == (2, 4, *sides)
    assert network.features(x).shape == (2, 4)  # type: ignore[operator]


def test_supervised_learns_label_maps(
    family: Family,
    make_run: Callable[..., RunContext],
    options: Callable[..., Mapping[str, Any]],
    empty: Path,
) -> None:
    view, test = make_view(missing=True), make_view(count=8, seed=1, missing=True)
    predictor = Supervised(options(fill="zero")).fit(view, make_run(family(SMALL), Budget(steps=60)))
    found = predictor.predict(test.inputs)
    assert test.labels is not None
    assert found.classes is not None
    assert found.probabilities is not None
    assert found.probabilities.shape == (8, 3, 16, 16)
    known = test.labels >= 0
    assert np.mean(found.classes[known] == test.labels[known]) > 0.8
    predictor.save(empty)
    again = NetworkPredictor.load(empty).predict(test.inputs)
    for name, values in again.given().items():
        assert_array_equal(values, found.given()[name], err_msg=name)


def test_pixels_without_a_label_have_no_say(family: Family) -> None:
    view = make_view()
    assert view.labels is not None
    network = family(SMALL).build(view.inputs.shape, 3).eval()
    objective = MapObjective(view, view.labels, device=CPU, batch_size=256)
    step = next(objective.epoch(0, np.random.default_rng(0)))
    x = torch.from_numpy(view.inputs.batch(objective.rows[step.positions]).values)
    logits = network(x)
    known = step.targets[0] >= 0
    expected = torch.nn.functional.cross_entropy(logits.movedim(1, -1)[known], step.targets[0][known])
    assert objective.loss(network, x, step).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(("batch_size", "images"), [(256, 4), (64, 1), (1, 1), (130, 2)])
def test_an_image_stands_for_64_rows(batch_size: int, images: int) -> None:
    view = make_view(count=8)
    assert view.labels is not None
    objective = MapObjective(view, view.labels, device=CPU, batch_size=batch_size)
    steps = list(objective.epoch(0, np.random.default_rng(0)))
    assert {len(step.positions) for step in steps} == {images} or images == 2
    assert len(steps) == objective.steps(0) == -(-8 // images)


def test_images_without_a_labelled_pixel_are_left_out() -> None:
    view = make_view(count=6)
    assert view.labels is not None
    view.labels[2] = -1
    objective = MapObjective(view, view.labels, device=CPU, batch_size=64)
    assert list(objective.rows) == [0, 1, 3, 4, 5]


def test_validation_counts_labelled_pixels() -> None:
    view = make_view(count=3)
    assert view.labels is not None
    by_accuracy = map_validation(view, "ma", CPU)
    assert by_accuracy is not None
    right = torch.nn.functional.one_hot(torch.from_numpy(view.labels.clip(0).astype(np.int64)), 3)
    assert by_accuracy.score(right.movedim(-1, 1).float()) == 1
    assert by_accuracy.score(-right.movedim(-1, 1).float()) == 0
    view.labels[:] = -1
    assert map_validation(view, "ma", CPU) is None


def test_a_network_without_maps_is_told_so(
    family: Family, make_run: Callable[..., RunContext], options: Callable[..., Mapping[str, Any]]
) -> None:
    class Flat(BaseModel):
        def build(self, shape: tuple[int, ...], outputs: int) -> torch.nn.Module:
            return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(int(np.prod(shape)), outputs))

    with pytest.raises(EobenchError, match="a base model that gives maps"):
        Supervised(options(selection="last")).fit(make_view(), make_run(Flat({}), Budget(steps=1)))
