"""Inputs are gathered, scaled, filled and concatenated into batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eobench.data import DataError, Inputs, ModalityArray, ModalityInfo


def modality(values, kind="series", valid=None, days=None, scale=1.0, name="s2"):
    values = np.asarray(values)
    steps = 1 if kind == "image" else values.shape[1]
    info = ModalityInfo(name, kind, values.shape[1:], tuple(f"{name}{i}" for i in range(values.shape[-1])), scale)
    if days is None:
        days = np.arange(steps) * 10
    return ModalityArray(info, values, None if valid is None else np.asarray(valid), np.asarray(days, np.int16))


def test_a_batch_is_scaled_channels_first_and_nan_where_nothing_was_observed():
    raw = np.array([[[100, 65535], [200, 300]], [[1, 2], [3, 4]]], np.uint16)
    inputs = Inputs.of(modality(raw, valid=[[False, True], [True, True]], scale=0.01))
    batch = inputs.batch()
    assert batch.values.dtype == np.float32
    assert batch.values.shape == (2, *inputs.shape) == (2, 2, 2)
    assert np.isnan(batch.values[0, :, 0]).all()
    assert batch.values[0, :, 1] == pytest.approx([2.0, 3.0])
    assert batch.values[1, :, 1] == pytest.approx([0.03, 0.04])
    assert batch.valid.tolist() == [[False, True], [True, True]]
    assert batch.days.tolist() == [[0, 10], [0, 10]]


def test_what_stands_under_an_invalid_step_never_enters_a_filled_batch():
    raw = np.array([[[1], [30000], [3]]], np.int16)
    filled = Inputs.of(modality(raw, valid=[[True, False, True]])).filled("linear").batch()
    assert filled.values[0, 0].tolist() == [1.0, 2.0, 3.0]
    assert filled.valid.tolist() == [[True, False, True]]


def test_nothing_fills_silently():
    stored = modality(np.array([[[1.0], [np.nan]]], np.float32))
    assert np.isnan(Inputs.of(stored).batch().values).any()
    assert not Inputs.of(stored).batch().valid[0, 1]
    assert not np.isnan(Inputs.of(stored).filled("linear").batch().values).any()


def test_modalities_are_concatenated_and_valid_where_all_are():
    s2 = modality(np.ones((3, 2, 2), np.int16), valid=[[True, True], [True, False], [True, True]])
    s1 = modality(
        np.full((3, 2, 1), 5.0, np.float32), valid=[[True, True], [True, True], [False, True]], name="s1"
    )
    inputs = Inputs.of(s2, s1)
    assert inputs.bands == ("s20", "s21", "s10")
    batch = inputs.batch(np.array([2, 1]))
    assert batch.values.shape == (2, 3, 2)
    assert batch.valid.tolist() == [[False, True], [True, False]]
    assert np.isnan(batch.values[0, 2, 0])
    assert batch.values[0, :2, 0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (modality(np.zeros((2, 3, 1))), "has 2 samples"),
        (modality(np.zeros((4, 3, 1)), days=[0, 1, 2]), "different dates"),
        (modality(np.zeros((4, 3, 3, 1)), kind="image"), "different kinds"),
    ],
)
def test_modalities_that_do_not_go_together_are_an_error_that_says_what_to_choose(other, message):
    with pytest.raises(DataError, match=message):
        Inputs.of(modality(np.zeros((4, 3, 1))), replace(other, info=replace(other.info, name="s1")))


def test_images_of_different_sizes_do_not_go_together():
    with pytest.raises(DataError, match="different sizes"):
        Inputs.of(modality(np.zeros((2, 4, 4, 1)), "image"), modality(np.zeros((2, 2, 2, 1)), "image", name="b"))


def test_per_row_days_are_gathered_with_their_rows():
    stored = modality(np.zeros((3, 2, 1)), days=[[0, 1], [2, 3], [4, 5]])
    assert Inputs.of(stored).batch(np.array([2, 0])).days.tolist() == [[4, 5], [0, 1]]
    assert Inputs.of(stored).take(np.array([1])).batch().days.tolist() == [[2, 3]]


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([1, 2])], ids=["slice", "index"])
def test_taken_rows_are_copies(rows):
    stored = modality(np.arange(8.0).reshape(4, 2, 1), valid=np.ones((4, 2), bool), days=np.zeros((4, 2)))
    taken = Inputs.of(stored).take(rows).modalities[0]
    for mine, theirs in ((taken.values, stored.values), (taken.valid, stored.valid), (taken.days, stored.days)):
        assert not np.shares_memory(mine, theirs)
    assert taken.values[:, 0, 0].tolist() == [2.0, 4.0]


def test_image_kinds_have_their_channels_before_their_pixels():
    image = Inputs.of(modality(np.zeros((2, 4, 5, 3)), "image"))
    assert image.batch().values.shape == (2, *image.shape) == (2, 3, 4, 5)
    assert image.batch().valid.shape == (2, 1)
    series = Inputs.of(modality(np.zeros((2, 6, 4, 5, 3)), "image-series"))
    assert series.batch().values.shape == (2, *series.shape) == (2, 6, 3, 4, 5)


def test_missing_pixels_of_an_image_are_zero_once_filled_and_leave_the_others_alone():
    values = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    values[0, 0, 1] = np.nan
    inputs = Inputs.of(modality(values, "image"))
    assert inputs.batch().valid.tolist() == [[True]]
    filled = inputs.filled("linear").batch().values
    expected = np.nan_to_num(values, nan=0.0).transpose(0, 3, 1, 2)
    assert np.array_equal(filled, expected)


def test_an_image_that_was_not_observed_is_missing_as_a_whole():
    inputs = Inputs.of(modality(np.ones((2, 2, 2, 1), np.int16), "image", valid=[[True], [False]]))
    assert np.isnan(inputs.batch().values[1]).all()
    assert not np.isnan(inputs.batch().values[0]).any()


def test_images_as_series_are_their_pixels_row_by_row():
    values = np.arange(2 * 3 * 2 * 4 * 2).reshape(2, 3, 2, 4, 2)
    valid = np.array([[True, False, True], [True, True, True]])
    stored = modality(values, "image-series", valid, days=[[0, 1, 2], [3, 4, 5]])
    pixels = Inputs.of(stored).as_series()
    assert (pixels.kind, len(pixels), pixels.shape) == ("series", 16, (2, 3))
    batch = pixels.batch()
    for i in range(2):
        for y in range(2):
            for x in range(4):
                row = i * 8 + y * 4 + x
                expected = np.where(valid[i][:, None], values[i, :, y, x], np.nan).T
                assert np.array_equal(batch.values[row], expected, equal_nan=True)
                assert batch.days[row].tolist() == stored.days[i].tolist()
    flat = Inputs.of(modality(np.arange(12.0).reshape(1, 2, 2, 3), "image")).as_series()
    assert flat.batch().values[2, :, 0].tolist() == [6.0, 7.0, 8.0]
    assert flat.as_series() is flat


def test_concatenated_inputs_keep_stored_values_where_type_and_scale_agree():
    first = Inputs.of(modality(np.array([[[1], [2]]], np.int16), scale=0.5))
    second = Inputs.of(modality(np.array([[[3], [9]]], np.int16), valid=[[True, False]], scale=0.5))
    joined = Inputs.concatenate(first, second)
    assert joined.modalities[0].values.dtype == np.int16
    assert np.array_equal(joined.batch().values[:, 0], [[0.5, 1.0], [1.5, np.nan]], equal_nan=True)
    assert joined.modalities[0].days.ndim == 1


def test_concatenated_inputs_are_scaled_where_type_or_scale_differ_and_keep_their_own_days():
    first = Inputs.of(modality(np.array([[[10], [20]]], np.int16), scale=0.1))
    second = Inputs.of(modality(np.array([[[3.0], [np.nan]]], np.float32), days=[0, 12]))
    batch = Inputs.concatenate(first, second).batch()
    assert batch.values[:, 0] == pytest.approx(np.array([[1.0, 2.0], [3.0, np.nan]]), nan_ok=True)
    assert batch.days.tolist() == [[0, 10], [0, 12]]
    assert batch.valid.tolist() == [[True, True], [True, False]]


def test_inputs_of_different_bands_cannot_be_concatenated():
    with pytest.raises(DataError, match="bands s20 and s10"):
        Inputs.concatenate(
            Inputs.of(modality(np.zeros((1, 2, 1)))), Inputs.of(modality(np.zeros((1, 2, 1)), name="s1"))
        )
    with pytest.raises(DataError, match="shape"):
        Inputs.concatenate(Inputs.of(modality(np.zeros((1, 2, 1)))), Inputs.of(modality(np.zeros((1, 3, 1)))))


def test_large_views_lie_in_a_temporary_file_that_vanishes(monkeypatch):
    monkeypatch.setattr("eobench.data._inputs._MEMORY_LIMIT", 10)
    monkeypatch.setattr("eobench.data._inputs._BLOCK_BYTES", 16)
    first = Inputs.of(modality(np.arange(40.0).reshape(20, 2, 1)))
    joined = Inputs.concatenate(first, first)
    assert isinstance(joined.modalities[0].values.base, np.memmap)
    assert np.array_equal(joined.batch().values[20:], first.batch().values)


@pytest.mark.parametrize("stored", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize(
    ("kind", "shape", "order"),
    [
        ("series", (5, 3, 4), (0, 2, 1)),
        ("image", (5, 2, 3, 4), (0, 3, 1, 2)),
        ("image-series", (5, 3, 2, 2, 4), (0, 1, 4, 2, 3)),
    ],
)
def test_a_batch_is_float32_of_the_store_times_float32_of_the_scale_bit_by_bit(stored, kind, shape, order):
    values = np.random.default_rng(0).integers(0, 255, shape).astype(stored)
    if stored == np.int32:
        values += 16_777_217  # not a float32: it must be rounded before it is scaled
    rows = np.array([4, 0, 0, 2])
    batch = Inputs.of(modality(values, kind, scale=0.0001)).batch(rows)
    expected = values[rows].astype(np.float32) * np.float32(0.0001)
    assert batch.values.tobytes() == np.ascontiguousarray(expected.transpose(order)).tobytes()
    assert batch.values.flags.c_contiguous


@pytest.mark.parametrize("fill", [None, "linear"])
def test_a_batch_of_no_rows_is_empty(fill):
    inputs = Inputs.of(modality(np.full((3, 2, 1), np.nan)))
    batch = (inputs if fill is None else inputs.filled(fill)).batch(np.array([], np.int64))
    assert (batch.values.shape, batch.valid.shape) == ((0, 1, 2), (0, 2))


def test_a_row_that_is_not_there_is_an_error_not_another_row():
    with pytest.raises(IndexError):
        Inputs.of(modality(np.zeros((3, 2, 1)))).batch(np.array([3]))
