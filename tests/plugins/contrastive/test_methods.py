"""Right rows are paired, the encoder is frozen unless asked otherwise, and one checkpoint serves all cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from safetensors.numpy import load_file

from eobench.data import EobenchError, Inputs, ModalityArray, ModalityInfo, UnsupportedError, View
from eobench.plugin import Budget, Checkpoint, Method, Places, Registry, RunContext, discover
from eobench.run._shared import load_checkpoint, store_checkpoint
from eobench_contrastive import _pretraining
from eobench_contrastive._dates import encoded, observed_dates
from eobench_contrastive._pretraining import load_encoder

ROWS, DATES = 48, 5
CLASSES = ("a", "b", "c")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    places = Places(None, tmp_path_factory.mktemp("cache"))
    return discover(places, ["eobench_base_models", "eobench_contrastive"], entry_points=False)


def _modality(name: str, bands: int, values: np.ndarray, valid: np.ndarray | None = None) -> ModalityArray:
    info = ModalityInfo(name, "series", (DATES, bands), tuple(f"{name}{band}" for band in range(bands)))
    return ModalityArray(info, values.astype(np.float32), valid, np.arange(DATES, dtype=np.int16))


def _inputs(seed: int = 0, *, gaps: bool = False) -> Inputs:
    """Two sensors that see the same hidden state of each date, with other bands and other noise."""
    rng = np.random.default_rng(seed)
    valid = rng.random((ROWS, DATES)) > 0.4 if gaps else None
    state = rng.normal(size=(ROWS, DATES, 3))
    s2 = state @ np.random.default_rng(7).normal(size=(3, 4)) + 0.05 * rng.normal(size=(ROWS, DATES, 4))
    planet = state @ np.random.default_rng(8).normal(size=(3, 6)) + 0.05 * rng.normal(size=(ROWS, DATES, 6))
    return Inputs.of(_modality("s2", 4, s2, valid), _modality("planet", 6, planet, valid))


def _labelled(inputs: Inputs) -> View:
    return View("full", inputs, CLASSES, labels=(np.arange(ROWS) % 3).astype(np.int16))


def _unlabelled(inputs: Inputs) -> View:
    return View("none", inputs, CLASSES)


def _method(registry: Registry, name: str, **given: Any) -> Method:
    card = registry.methods[name]
    method: Method = card.load_object()(card.resolve({"width": 8, **given}))
    return method


def _run(registry: Registry, steps: int = 10, checkpoint: Checkpoint | None = None, **given: Any) -> RunContext:
    card = registry.base_models["temp-cnn"]
    model = card.load_object()(card.resolve({"hidden": 8}))
    return RunContext(0, budget=Budget(steps=steps), base_model=model, checkpoint=checkpoint, **given)


def test_a_row_of_the_table_is_one_pixel_on_one_day_in_both_sensors() -> None:
    # Values tell pixel and day: a row that mixed two of them would differ between the sensors.
    code = np.arange(ROWS * DATES).reshape(ROWS, DATES, 1)
    one = np.broadcast_to(code, (ROWS, DATES, 4)) + 0.125 * np.arange(4)
    other = np.broadcast_to(code, (ROWS, DATES, 6)) + 0.125 * np.arange(6)
    seen, also = np.random.default_rng(0).random((2, ROWS, DATES)) > 0.3
    inputs = Inputs.of(_modality("s2", 4, one, seen), _modality("planet", 6, other, also))
    s2, planet = observed_dates(inputs, ["s2", "planet"])
    assert_array_equal(s2[:, 0], planet[:, 0])
    assert_array_equal(np.sort(s2[:, 0]), code[..., 0][seen & also])
    assert_array_equal(planet, planet[:, :1] + 0.125 * np.arange(6, dtype=np.float32))


@pytest.mark.parametrize(("name", "clean_first"), [("scarf", True), ("bimodal-simclr", False)])
def test_scarf_keeps_one_view_clean_and_both_sensors_are_corrupted(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, name: str, clean_first: bool
) -> None:
    pairs: list[tuple[torch.Tensor, torch.Tensor]] = []
    tables: list[torch.Tensor] = []

    def watched(view: Any, values: torch.Tensor) -> torch.Tensor:
        tables.append(view.table)
        pairs.append((values.clone(), view.table))
        return torch.as_tensor(view.head(view.encoder.backbone(values)))

    monkeypatch.setattr(_pretraining._View, "project", watched)
    inputs = _inputs()
    _method(registry, name, corruption=0.5, pretrain_factor=1.0).pretrain(_unlabelled(inputs), _run(registry))
    first = pairs[0::2]
    clean = [bool((values[:, None] == table[None]).all(-1).any(1).all()) for values, table in first]
    corrupted = [bool((values[:, None] == table[None]).all(-1).any(1).all()) for values, table in pairs[1::2]]
    assert all(clean) is clean_first
    assert not any(corrupted)


def test_the_table_that_views_are_drawn_from_stays_as_it_was(registry: Registry) -> None:
    inputs = _inputs()
    before = [modality.values.copy() for modality in inputs.modalities]
    for name in ("scarf", "bimodal-simclr"):
        _method(registry, name).pretrain(_unlabelled(inputs), _run(registry))
    for modality, kept in zip(inputs.modalities, before, strict=True):
        assert_array_equal(modality.values, kept)


def test_pre_training_learns_to_tell_pairs_from_strangers(registry: Registry) -> None:
    checkpoint = _method(registry, "bimodal-simclr", corruption=0.0, pretrain_lr=0.01).pretrain(
        _unlabelled(_inputs()), _run(registry, 60)
    )
    curve = checkpoint["loss"][:, 1]
    assert curve[-1] < 0.6 * curve[0]
    assert checkpoint["alignment"] < 1.0  # of random vectors: 2
    assert checkpoint["uniformity"] < -1.0  # 0: all in one place


@pytest.mark.parametrize("finetune", [False, True])
def test_the_encoder_changes_only_where_it_is_fine_tuned(
    registry: Registry, tmp_path: Path, finetune: bool
) -> None:
    inputs = _inputs()
    method = _method(registry, "scarf", finetune=finetune, selection="last")
    checkpoint = method.pretrain(_unlabelled(inputs), _run(registry))
    before = {name: array.copy() for name, array in checkpoint.items()}
    predictor = method.fit(_labelled(inputs), _run(registry, checkpoint=checkpoint))
    for name, array in before.items():
        assert_array_equal(checkpoint[name], array, err_msg=f"fit changed {name} of the shared checkpoint")
    predictor.save(tmp_path)
    saved = {k: v for file in tmp_path.glob("*.safetensors") for k, v in load_file(file).items()}
    name = "backbone.first.weight"
    (after,) = [v for k, v in saved.items() if k.endswith(name)]
    assert bool((after == before[f"encoder.{name}"]).all()) is not finetune


def test_batch_norm_statistics_of_a_frozen_encoder_stay(registry: Registry) -> None:
    inputs = _inputs()
    method = _method(registry, "scarf")
    checkpoint = method.pretrain(_unlabelled(inputs), _run(registry))
    predictor = method.fit(_labelled(inputs), _run(registry, checkpoint=checkpoint))
    predictor.predict(inputs)
    state = predictor.encoder.state_dict()  # type: ignore[attr-defined]
    for name, value in state.items():
        assert_array_equal(value.numpy(), checkpoint[f"encoder.{name}"], err_msg=name)


def test_features_are_the_encoder_s_at_observed_dates_and_gaps_elsewhere(registry: Registry) -> None:
    inputs = _inputs(gaps=True)
    checkpoint = _method(registry, "scarf").pretrain(_unlabelled(inputs), _run(registry))
    encoder = load_encoder(checkpoint, torch.device("cpu"))
    s2 = Inputs.of(inputs.modalities[0])
    found = encoded(encoder, s2)
    (raw,), (features,) = s2.modalities, found.modalities
    assert_array_equal(features.valid, raw.valid)
    assert features.values.shape == (ROWS, DATES, 8)
    row, date = np.argwhere(raw.valid)[17]
    alone = encoder(torch.from_numpy(raw.values[row, date][None])).numpy()[0]
    np.testing.assert_allclose(features.values[row, date], alone, rtol=1e-4, atol=1e-5)


def test_features_of_the_same_labels_are_computed_once_for_all_base_models(registry: Registry) -> None:
    kept: dict[str, Checkpoint] = {}
    computed: list[str] = []

    def stage(name: str, compute: Any) -> Checkpoint:
        if name not in kept:
            computed.append(name)
            kept[name] = compute()
        return kept[name]

    inputs = _inputs()
    method = _method(registry, "scarf")
    checkpoint = method.pretrain(_unlabelled(inputs), _run(registry))
    first, second = (
        method.fit(_labelled(inputs), _run(registry, checkpoint=checkpoint, compute_stage=stage)) for _ in range(2)
    )
    assert computed == ["features"]
    one, other = first.predict(inputs).given(), second.predict(inputs).given()
    assert_array_equal(one["probabilities"], other["probabilities"])


def test_only_the_kept_sensor_is_read_after_pre_training(registry: Registry) -> None:
    inputs = _inputs()
    method = _method(registry, "bimodal-simclr")
    checkpoint = method.pretrain(_unlabelled(inputs), _run(registry))
    assert len(checkpoint["encoder.mean"]) == 4
    alone = Inputs.of(inputs.modalities[0])
    predictor = method.fit(_labelled(alone), _run(registry, checkpoint=checkpoint))
    assert_array_equal(predictor.predict(alone).classes, predictor.predict(inputs).classes)


def test_the_other_sensor_can_be_kept_instead(registry: Registry) -> None:
    inputs = _inputs()
    method = _method(registry, "bimodal-simclr", sensor="planet")
    assert len(method.pretrain(_unlabelled(inputs), _run(registry))["encoder.mean"]) == 6


def test_one_sensor_alone_has_no_partner(registry: Registry) -> None:
    alone = Inputs.of(_inputs().modalities[0])
    with pytest.raises(EobenchError, match="pretrain_on"):
        _method(registry, "bimodal-simclr").pretrain(_unlabelled(alone), _run(registry))


def test_an_unknown_sensor_is_named_with_those_that_are_there(registry: Registry) -> None:
    with pytest.raises(EobenchError, match="s2, planet"):
        _method(registry, "scarf", sensor="s3").pretrain(_unlabelled(_inputs()), _run(registry))


def test_other_bands_than_those_of_pre_training_are_refused(registry: Registry) -> None:
    inputs = _inputs()
    checkpoint = _method(registry, "scarf").pretrain(_unlabelled(inputs), _run(registry))
    other = _labelled(Inputs.of(inputs.modalities[1]))
    with pytest.raises(EobenchError, match="pre-trained on 4 bands"):
        _method(registry, "scarf").fit(other, _run(registry, checkpoint=checkpoint))


def test_published_corruption_makes_the_views_of_one_sensor_the_same(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    same: list[bool] = []
    kept = _pretraining.loss_of

    def watched(params: Any) -> Any:
        loss = kept(params)
        return lambda one, other: (same.append(torch.equal(one, other)), loss(one, other))[1]

    monkeypatch.setattr(_pretraining, "loss_of", watched)
    for name, quirks, expected in (
        ("scarf", "none", False),
        ("scarf", "corruption", True),
        ("bimodal-simclr", "corruption", False),
    ):
        same.clear()
        method = _method(registry, name, corruption=0.5, quirks=quirks)
        checkpoint = method.pretrain(_unlabelled(_inputs()), _run(registry))
        assert np.isfinite(checkpoint["loss"]).all()
        assert set(same) == {expected}, (name, quirks)


def test_published_corruption_needs_something_to_corrupt(registry: Registry) -> None:
    method = _method(registry, "bimodal-simclr", corruption=0.0, quirks="corruption")
    with pytest.raises(EobenchError, match="a corruption above 0"):
        method.pretrain(_unlabelled(_inputs()), _run(registry))


def test_published_pairing_shares_the_date_alone() -> None:
    code = 100 * np.arange(ROWS).reshape(ROWS, 1, 1) + np.arange(DATES).reshape(1, DATES, 1)  # pixel, date
    one, other = (np.broadcast_to(code, (ROWS, DATES, bands)) for bands in (4, 6))
    seen, also = np.random.default_rng(0).random((2, ROWS, DATES)) > 0.3
    inputs = Inputs.of(_modality("s2", 4, one, seen), _modality("planet", 6, other, also))
    s2, planet = observed_dates(inputs, ["s2", "planet"], np.random.default_rng(0))
    assert_array_equal(s2[:, 0] % 100, planet[:, 0] % 100)
    assert (s2[:, 0] != planet[:, 0]).mean() > 0.8
    assert_array_equal(np.sort(s2[:, 0]), np.sort(planet[:, 0]))


def test_the_bimodal_method_can_pair_as_the_published_code_did(registry: Registry) -> None:
    inputs = _inputs()
    paired, strange = (
        _method(registry, "bimodal-simclr", corruption=0.0, pretrain_lr=0.01, quirks=quirks).pretrain(
            _unlabelled(inputs), _run(registry, 40)
        )
        for quirks in ("none", "pairing")
    )
    assert paired["alignment"] < 0.5 * strange["alignment"]


@pytest.mark.parametrize(("features", "finetune"), [("bands", False), ("principal", False), ("principal", True)])
def test_features_that_are_mapped_predict_the_same_after_a_save(
    registry: Registry, tmp_path: Path, features: str, finetune: bool
) -> None:
    inputs = _inputs(gaps=True)
    method = _method(registry, "scarf", features=features, finetune=finetune)
    checkpoint = method.pretrain(_unlabelled(inputs), _run(registry))
    predictor = method.fit(_labelled(inputs), _run(registry, checkpoint=checkpoint))
    predictor.save(tmp_path)
    again = type(predictor).load(tmp_path)
    assert_array_equal(again.predict(inputs).classes, predictor.predict(inputs).classes)


def test_too_few_dates_are_unsupported(registry: Registry) -> None:
    inputs = _inputs().take(slice(0, 1))
    (s2, _) = inputs.modalities
    valid = np.zeros((1, DATES), np.bool_)
    one = Inputs.of(replace(s2, values=np.asarray(s2.values), valid=valid))
    with pytest.raises(UnsupportedError, match="too few"):
        _method(registry, "scarf").pretrain(_unlabelled(one), _run(registry))


def test_pre_training_lasts_as_many_times_the_budget_as_its_option_says(registry: Registry) -> None:
    for factor, steps in ((0.0, 0), (0.5, 5), (3.0, 30)):
        found = _method(registry, "scarf", pretrain_factor=factor).pretrain(_unlabelled(_inputs()), _run(registry))
        assert int(found["steps"]) == steps


@pytest.mark.parametrize("loss", ["nt-xent", "eq1", "barlow-twins", "vicreg"])
def test_every_loss_trains_and_gives_another_encoder(registry: Registry, loss: str) -> None:
    plain = _method(registry, "scarf", pretrain_factor=0.0).pretrain(_unlabelled(_inputs()), _run(registry))
    found = _method(registry, "scarf", loss=loss).pretrain(_unlabelled(_inputs()), _run(registry))
    assert np.isfinite(found["loss"]).all()
    assert not np.array_equal(found["encoder.backbone.first.weight"], plain["encoder.backbone.first.weight"])


def test_curves_of_pre_training_stand_with_the_cell(registry: Registry) -> None:
    inputs = _inputs()
    method = _method(registry, "scarf")
    checkpoint = method.pretrain(_unlabelled(inputs), _run(registry))
    run = _run(registry, checkpoint=checkpoint)
    method.fit(_labelled(inputs), run)
    assert {"pretraining-loss", "pretraining-alignment", "pretraining-uniformity"} <= set(run.curves)


def test_a_stored_checkpoint_serves_as_the_fresh_one(registry: Registry, tmp_path: Path) -> None:
    inputs = _inputs()
    method = _method(registry, "scarf")
    fresh = method.pretrain(_unlabelled(inputs), _run(registry))
    store_checkpoint(tmp_path / "stage" / "checkpoint.safetensors", fresh, "scarf")
    stored = load_checkpoint(tmp_path / "stage" / "checkpoint.safetensors")
    assert {k: (v.shape, v.dtype) for k, v in stored.items()} == {k: (v.shape, v.dtype) for k, v in fresh.items()}
    one, other = (
        method.fit(_labelled(inputs), _run(registry, checkpoint=c)).predict(inputs) for c in (fresh, stored)
    )
    assert_array_equal(one.probabilities, other.probabilities)
