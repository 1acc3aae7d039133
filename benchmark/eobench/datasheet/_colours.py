"""Colours of classes, and of values."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# The first ten are those of the leaderboard's page.
_FIRST: Final = (
    "#0f8a7e", "#d55e00", "#5b7fd4", "#c9829f", "#b58900", "#56a3d9", "#8a6fb0", "#7a8b3c", "#a0522d", "#6b7280",
)  # fmt: skip
_MORE: Final = (
    "#e0b04a", "#2f6b3a", "#c2334d", "#74c9a5", "#3d3f8f", "#d99a6c", "#9bb8e8", "#7d2f6b", "#b5c94b", "#e58fd0",
    "#4d4d2b", "#40c4d8", "#f2705c", "#b9a5d6", "#1f5f86", "#c7b89a",
)  # fmt: skip
_GREEN: Final = ((0.0, (122, 84, 49)), (0.35, (214, 190, 130)), (0.6, (166, 199, 104)), (1.0, (16, 92, 52)))
_ANY: Final = ((0.0, (24, 36, 92)), (0.4, (94, 98, 128)), (0.7, (184, 168, 110)), (1.0, (250, 226, 80)))


def class_colours(count: int) -> list[str]:
    """Return a colour for each of the classes, as `#rrggbb`, told apart as far as so many can be."""
    known = _FIRST + _MORE
    return [known[k] if k < len(known) else _spread(k) for k in range(count)]


def rgb(colour: str) -> tuple[int, int, int]:
    """Return `#rrggbb` as three numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def ramp(values: NDArray[np.float32], *, vegetation: bool) -> NDArray[np.uint8]:
    """Return values from 0 to 1 as colours (..., 3): from bare soil to dense green, or from blue to yellow."""
    known = _GREEN if vegetation else _ANY
    stops = [stop for stop, _ in known]
    parts = [np.interp(values, stops, [colour[k] for _, colour in known]) for k in range(3)]
    return np.stack(parts, axis=-1).round().astype(np.uint8)


def _spread(number: int) -> str:
    from colorsys import hls_to_rgb

    hue = (number * 0.61803398875) % 1.0  # the golden ratio spreads any number of hues
    parts = hls_to_rgb(hue, (0.42, 0.58, 0.7)[number % 3], 0.55)
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)
