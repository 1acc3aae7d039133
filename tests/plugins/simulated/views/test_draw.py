"""Pixels are drawn in clusters, by area, without repetition."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from eobench.plugin import ParameterError
from eobench_simulated.views._draw import draw_pixels

SIDE = 60


@pytest.fixture
def tile() -> Any:
    """Columns of land: a broad parcel of class 0, then narrow ones of classes 1, 2, 1, 2, ..., one of class 3."""
    parcel = np.zeros((SIDE, SIDE), np.int32)
    parcel[:, 30:] = 1 + np.arange(30) // 3
    field_class = np.array([0, *[1, 2] * 4, 1, 3], np.int16)
    purity = np.ones((SIDE, SIDE), np.float32)
    purity[:, 29] = 0.5
    return SimpleNamespace(
        parcel=parcel, field_class=field_class, purity=purity, area="A", municipality=2, commune=3
    )


def draw(tile: Any, count: int, *, allowed: tuple[int, ...] = (0, 1, 2, 3), wanted: tuple[int, ...] = ()) -> Any:
    mask = np.isin(np.arange(4), allowed)
    return draw_pixels(tile, mask, count, 6, wanted, np.random.default_rng(0))


@pytest.mark.parametrize("count", [1, 7, 600, SIDE * SIDE])
def test_as_many_pixels_as_asked_for_and_none_twice(tile: Any, count: int) -> None:
    drawn = draw(tile, count)
    assert len(set(zip(drawn.row.tolist(), drawn.col.tolist(), strict=True))) == count
    np.testing.assert_array_equal(drawn.parcel, tile.parcel[drawn.row, drawn.col])
    np.testing.assert_array_equal(drawn.label, tile.field_class[drawn.parcel])
    np.testing.assert_array_equal(drawn.mixed, tile.purity[drawn.row, drawn.col] < 1)
    assert sorted(drawn.place) == list(range(count))
    assert (np.diff(drawn.parcel) >= 0).all()


def test_classes_come_in_the_shares_of_their_area(tile: Any) -> None:
    drawn = draw(tile, 1800)
    shares = np.bincount(drawn.label, minlength=4) / 1800
    np.testing.assert_allclose(shares, [0.5, 0.25, 0.2, 0.05], atol=0.06)


def test_what_is_not_allowed_is_not_drawn(tile: Any) -> None:
    assert set(draw(tile, 500, allowed=(1, 3)).label) == {1, 3}


def test_a_wanted_class_is_drawn_first(tile: Any) -> None:
    drawn = draw(tile, 12, wanted=(3, 2))
    first = np.argsort(drawn.place)
    assert drawn.label[first].tolist() == [3] * 6 + [2] * 6
    assert len(draw(tile, 12, wanted=(3,), allowed=(0, 1)).label) == 12  # where there is none, others


def test_the_first_of_a_larger_draw_are_the_smaller_draw(tile: Any) -> None:
    small, large = draw(tile, 60), draw(tile, 300)
    kept = large.place < 60
    assert set(zip(small.row, small.col, strict=True)) == set(zip(large.row[kept], large.col[kept], strict=True))


def test_more_pixels_than_there_are_is_an_error_that_names_the_place(tile: Any) -> None:
    with pytest.raises(ParameterError, match=r"commune 3 of municipality 2 of area A has 180 pixels.*181"):
        draw(tile, 181, allowed=(3,))
