"""LLP-Co and SwAV: METHODS 9.2, their views, and what is saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from eobench.data import Bags, Inputs, ModalityArray, ModalityInfo, Partition, View
from eobench.plugin import Budget, Method, Places, Registry, RunContext, Scoring, discover
from eobench.scoring import score
from eobench_proportions._augment import Augmentation, patch_view, series_view
from eobench_proportions._bags import bag_codes
from eobench_proportions._prototypes import PrototypeModel, PrototypeNetwork

SHAPES = np.random.default_rng(99).normal(size=(3, 1, 4)) * 2
CLASSES = ("a", "b", "c")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    places = Places(None, tmp_path_factory.mktemp("cache"))
    names = ["eobench_base_models", "eobench_proportions", "eobench.scoring"]
    return discover(places, names, entry_points=False)


def _samples(count: int, mix: list[float], seed: int = 0) -> tuple[Inputs, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.choice(len(mix), count, p=mix)
    values = SHAPES[truth] + 0.1 * rng.normal(size=(count, 6, 4))
    info = ModalityInfo("s2", "series", (6, 4), tuple("abcd"))
    return Inputs.of(ModalityArray(info, values.astype(np.float32), None, np.arange(6, dtype=np.int16))), truth


def _global(mix: list[float], size: int = 128, bags: int = 4) -> tuple[View, np.ndarray]:
    inputs, truth = _samples(size * bags, mix)
    part = Partition(np.arange(size * bags), np.arange(bags + 1) * size, np.tile(np.float32(mix), (bags, 1)))
    return View("global", inputs, CLASSES[: len(mix)], bags=Bags((part,), shared=True)), truth


def _learned(registry: Registry, view: View, seed: int = 0, name: str = "llp-co", **given: Any) -> Any:
    card = registry.methods[name]
    small = {"projection": 8, "hidden": 16, "samples_per_step": 1, "jitter": 0.0}
    method: Method = card.load_object()(card.resolve(small | given))
    model = registry.base_models["temp-cnn"]
    base = model.load_object()(model.resolve({"hidden": 8, "dropout": 0.0, "lr": 0.01}))
    return method.fit(view, RunContext(seed, budget=Budget(steps=60), base_model=base))


def _scores(registry: Registry, view: View, truth: np.ndarray, predictor: Any) -> Any:
    scoring = Scoring("global", view.classes, truth.astype(np.int16), predictor.predict(view.inputs))
    return score(scoring, registry.metrics, "class")


def test_unequal_proportions_name_the_prototypes(registry: Registry) -> None:
    view, truth = _global([0.6, 0.3, 0.1])
    row = _scores(registry, view, truth, _learned(registry, view))
    assert row["matched"] == [0, 1, 2]
    assert row["acc_p"] == row["acc_h"] > 0.95


def test_epsilon_is_the_papers_where_bags_share_a_vector_and_the_temperature_elsewhere(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[float] = []

    def watched(*given: Any, epsilon: float, **named: Any) -> Any:
        used.append(epsilon)
        return bag_codes(*given, epsilon=epsilon, **named)

    monkeypatch.setattr("eobench_proportions._llpco.bag_codes", watched)
    view, _ = _global([0.6, 0.3, 0.1], size=16)
    assert view.bags is not None
    for shared, expected in ((True, 0.05), (False, 0.1)):
        used.clear()
        _learned(registry, replace(view, bags=replace(view.bags, shared=shared)))
        assert set(used) == {expected}


@pytest.mark.slow
def test_equal_proportions_may_swap_clusters_and_the_metrics_say_so(registry: Registry) -> None:
    view, truth = _global([1 / 2, 1 / 2])
    rows = [_scores(registry, view, truth, _learned(registry, view, seed)) for seed in range(20)]
    assert min(row["acc_h"] for row in rows) >= 0.95
    assert min(row["acc_p"] for row in rows) < 0.5 < max(row["acc_p"] for row in rows)
    for row in rows:  # the row tells which prototype is which class
        assert row["matched"] == ([0, 1] if row["acc_p"] > 0.5 else [1, 0])


def test_hard_codes_learn_too(registry: Registry) -> None:
    view, truth = _global([0.6, 0.3, 0.1])
    assert _scores(registry, view, truth, _learned(registry, view, codes="hard"))["acc_p"] > 0.9


def test_a_loaded_predictor_predicts_the_same(registry: Registry, tmp_path: Path) -> None:
    view, _ = _global([0.6, 0.3, 0.1], size=16)
    predictor = _learned(registry, view)
    predictor.save(tmp_path)
    first, second = (p.predict(view.inputs) for p in (predictor, type(predictor).load(tmp_path)))
    assert_array_equal(first.probabilities, second.probabilities)
    assert_allclose(np.linalg.norm(first.embeddings, axis=1), 1, rtol=1e-5)


def test_prototypes_stand_still_in_the_first_epoch_and_move_after(registry: Registry) -> None:
    view, _ = _global([0.6, 0.3, 0.1])  # an epoch is four steps

    def weights(steps: int, frozen: int) -> np.ndarray:
        card, model = registry.methods["llp-co"], registry.base_models["temp-cnn"]
        method = card.load_object()(
            card.resolve(
                {"samples_per_step": 1, "frozen_epochs": frozen, "schedule": "constant", "weight_decay": 0}
            )
        )
        base = model.load_object()(model.resolve({"hidden": 4}))
        found = method.fit(view, RunContext(0, budget=Budget(steps=steps), base_model=base))
        return found.network.head.weight.detach().numpy().copy()

    assert_array_equal(weights(1, 1), weights(4, 1))
    assert np.abs(weights(4, 0) - weights(1, 1)).max() > 0
    assert np.abs(weights(6, 1) - weights(4, 1)).max() > 0


def test_the_codes_of_equal_masses_equal_lightlys() -> None:
    lightly = pytest.importorskip("lightly.loss.swav_loss")
    scores = torch.randn(64, 30).clamp(-1, 1)
    found = bag_codes(
        scores, torch.zeros(64, dtype=torch.int64), torch.full((1, 30), 1 / 30), epsilon=0.05, iterations=3
    )
    assert_allclose(found.numpy(), lightly.sinkhorn(scores.clone(), iterations=3).numpy(), rtol=1e-3, atol=1e-6)


def test_at_the_temperature_codes_are_those_of_rot() -> None:
    scores, index = torch.randn(64, 5).clamp(-1, 1), torch.arange(2).repeat_interleave(32)
    given = torch.tensor([[0.4, 0.3, 0.2, 0.1, 0.0], [0.2, 0.2, 0.2, 0.2, 0.2]])
    ours = bag_codes(scores, index, given, epsilon=0.1, iterations=200)
    rots = bag_codes((scores / 0.1).log_softmax(dim=1), index, given, epsilon=1, iterations=200)
    sharper = bag_codes(scores, index, given, epsilon=0.05, iterations=200)
    assert_allclose(ours.numpy(), rots.numpy(), atol=1e-5)
    assert sharper.max(dim=1).values.mean() > ours.max(dim=1).values.mean()


def test_the_scores_are_cosines_over_the_temperature() -> None:
    encoder = torch.nn.Linear(3, 5)
    encoder.features = encoder.forward  # type: ignore[assignment]
    network = PrototypeNetwork(encoder, 5, 4, hidden=6, projection=7, temperature=0.1).eval()
    x = torch.randn(8, 3)
    z, v = network.features(x), network.head.weight
    expected = torch.nn.functional.cosine_similarity(z[:, None], v[None], dim=2) / 0.1
    assert_allclose(network(x).detach().numpy(), expected.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_the_base_models_dropout_is_off_unless_it_is_asked_for(registry: Registry) -> None:
    card = registry.base_models["temp-cnn"]
    encoder = card.load_object()(card.resolve({"hidden": 4, "dropout": 0.5}))
    x = torch.randn(8, 4, 6)
    for dropout in (False, True):
        model = PrototypeModel.around(encoder, hidden=4, projection=3, temperature=0.1, lr=0.01, dropout=dropout)
        network = model.build((4, 6), 3).train()
        assert torch.equal(network(x), network(x)) != dropout
    assert encoder.params["dropout"] == 0.5


def test_a_series_moves_by_less_than_its_share_and_keeps_its_ends() -> None:
    x = torch.arange(20.0).expand(50, 1, 20)
    moved = series_view(x, jitter=0.1, noise=0, mask=0)
    assert (moved - x).abs().max() <= 2 + 1e-5
    assert (moved - x).abs().max() > 0.5
    assert moved.min() >= 0
    assert moved.max() <= 19


def test_noise_and_masks_have_their_sizes() -> None:
    x = torch.zeros(400, 3, 40)
    assert float(series_view(x, 0, 0.3, 0).std()) == pytest.approx(0.3, rel=0.1)
    masked = series_view(x + 1, 0, 0, 0.25)
    assert float((masked == 0).float().mean()) == pytest.approx(0.25, abs=0.02)
    assert ((masked == 0).all(1) | (masked != 0).all(1)).all()  # all bands of a step


def test_the_centre_of_a_patch_stays_and_its_surroundings_move() -> None:
    x = torch.arange(-10.0, 11.0).expand(64, 2, 21, 21)  # 0 at the centre, 6 at six pixels to its right
    torch.manual_seed(0)
    moved = patch_view(x, resize=1.25)
    assert moved[:, :, 10, 10].abs().max() < 1e-3
    assert float(moved[:, :, 10, 16].std()) > 2


def test_nothing_is_changed_in_place() -> None:
    for x in (torch.randn(4, 3, 12), torch.randn(4, 3, 9, 9)):
        before = x.clone()
        assert np.abs((Augmentation()(x) - x).numpy()).max() > 0
        assert_array_equal(x.numpy(), before.numpy())
