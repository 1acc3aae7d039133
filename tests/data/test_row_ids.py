"""Row ids: what a row holds, never where it stands, what its label is, or on which machine it is read."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eobench.data import ModalityArray, ModalityInfo, SplitInfo, open_folder, write_folder
from eobench.data._row_ids import hash_rows

N, T, C = 5, 3, 2


def series(values: Any, valid: Any = None, days: Any = None, name: str = "s2") -> ModalityArray:
    info = ModalityInfo(name, "series", (T, C), ("a", "b"))
    return ModalityArray(info, values, valid, np.arange(T, dtype=np.int16) if days is None else days)


values = arrays(np.float32, (N, T, C), elements=st.floats(0, 9, width=32), unique=True)
masks = arrays(np.bool_, (N, T))


@settings(deadline=None)
@given(values, masks, st.permutations(range(N)), st.integers(1, 200))
def test_ids_follow_the_rows(held: Any, valid: Any, order: list[int], chunk: int) -> None:
    rows = np.array(order)
    days = np.arange(N * T, dtype=np.int16).reshape(N, T)
    ids = hash_rows([series(held, valid, days)], {"block": np.arange(N)})
    with patch("eobench.data._row_ids._CHUNK_BYTES", chunk):
        moved = hash_rows([series(held[rows], valid[rows], days[rows])], {"block": np.arange(N)[rows]})
    np.testing.assert_array_equal(moved, ids[rows])


@settings(deadline=None)
@given(values, masks, st.floats(0, 1e6, width=32))
def test_what_a_missing_step_holds_does_not_matter(held: Any, valid: Any, other: float) -> None:
    changed = held.copy()
    changed[~valid] = other
    np.testing.assert_array_equal(hash_rows([series(held, valid)]), hash_rows([series(changed, valid)]))


@settings(deadline=None)
@given(values, st.integers(0, N - 1), st.integers(0, T - 1), st.integers(0, C - 1))
def test_one_changed_value_changes_the_id_of_its_row_alone(held: Any, row: int, step: int, band: int) -> None:
    changed = held.copy()
    changed[row, step, band] += 1
    different = hash_rows([series(held)]) != hash_rows([series(changed)])
    assert np.flatnonzero(different).tolist() == [row]


def test_what_a_missing_image_holds_does_not_matter() -> None:
    info = ModalityInfo("chip", "image", (2, 2, 1), ("a",))
    held = np.arange(N * 4, dtype=np.int16).reshape(N, 2, 2, 1)
    valid = np.array([[True], [False], [True], [True], [True]])
    image = ModalityArray(info, held, valid, np.zeros(1, np.int16))
    changed = held.copy()
    changed[1] += 7
    np.testing.assert_array_equal(hash_rows([image]), hash_rows([replace(image, values=changed)]))
    changed[2, 1, 1] += 7
    assert np.flatnonzero(hash_rows([image]) != hash_rows([replace(image, values=changed)])).tolist() == [2]


def test_a_missing_step_is_not_a_zero() -> None:
    held = np.zeros((N, T, C), np.int16)
    valid = np.ones((N, T), bool)
    valid[2, 0] = False
    valid[3, 1] = False
    ids = hash_rows([series(held, valid)])
    assert len({int(i) for i in ids}) == 3


def test_no_mask_is_a_mask_that_is_true_everywhere() -> None:
    held = np.arange(N * T * C, dtype=np.int16).reshape(N, T, C)
    np.testing.assert_array_equal(hash_rows([series(held)]), hash_rows([series(held, np.ones((N, T), bool))]))


def test_the_order_of_values_modalities_and_bytes() -> None:
    held = np.arange(N * T * C, dtype=np.int16).reshape(N, T, C)
    one, two = series(held, name="a"), series(held + 1, name="b")
    ids = hash_rows([one, two])
    np.testing.assert_array_equal(ids, hash_rows([two, one]))
    np.testing.assert_array_equal(ids, hash_rows([replace(one, values=held.astype(">i2")), two]))
    np.testing.assert_array_equal(ids, hash_rows([replace(one, values=np.asfortranarray(held)), two]))
    assert (ids != hash_rows([series(held, name="b"), series(held + 1, name="a")])).all()
    assert (hash_rows([one]) != hash_rows([series(held[:, ::-1], name="a")])).all()


def test_the_payload_of_a_nan_does_not_matter() -> None:
    held = np.full((N, T, C), np.nan, np.float32)
    other = held.copy()
    other.view(np.uint32)[:] |= 1
    np.testing.assert_array_equal(hash_rows([series(held)]), hash_rows([series(other)]))


def test_ids_are_the_same_on_every_machine() -> None:
    held = np.arange(N * T * C, dtype=np.int16).reshape(N, T, C)
    ids = hash_rows([series(held)], {"block": np.array(["a", "b", "a", None, "c"], object)})
    assert [int(i) for i in ids[:2]] == [12189517916104573062, 17098581645056546158]


def test_ids_hold_groups_but_neither_labels_nor_splits(tmp_path: Path) -> None:
    def made(place: str, **columns: Any) -> Any:
        samples = {
            "label": [0, 1, 0, 1, 0],
            "farm": ["a", "a", "b", "b", "c"],
            "split": ["train", "train", "val", "test", "test"],
        }
        write_folder(
            tmp_path / place,
            name="made",
            title="Made up",
            classes=("corn", "rice"),
            modalities={"s2": series(np.arange(N * T * C, dtype=np.int16).reshape(N, T, C))},
            samples=samples | columns,
            splits={"area": SplitInfo("area", "split", None, None)},
            default_split="area",
            groups=("farm",),
        )
        return open_folder(tmp_path / place)

    first = made("first")
    second = made("second", label=[1, 1, 1, 1, -1], split=["test"] * 5)
    np.testing.assert_array_equal(first.row_ids(), second.row_ids())
    third = made("third", farm=["a", "a", "b", "b", "d"])
    assert (first.row_ids() == third.row_ids()).tolist() == [True, True, True, True, False]
    np.testing.assert_array_equal(first.input_ids(), third.input_ids())
    assert first.row_ids() is first.row_ids()
