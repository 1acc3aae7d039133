"""What a band is, by its name: enough for true-colour pictures and a vegetation index."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "blue": ("blue",),
    "green": ("green",),
    "red": ("red",),
    "nir": ("nir", "nir08"),
    "ndvi": ("ndvi",),
}
# Band numbers that Sentinel-2 and Landsat-8 share; near infrared is told apart below.
_NUMBERS: Final[Mapping[str, int]] = {"blue": 2, "green": 3, "red": 4}
_OTHERS: Final = frozenset({"edge", "rededge", "swir", "vivid"})


def band_roles(bands: Sequence[str]) -> dict[str, int]:
    """Return which band is `blue`, `green`, `red`, `nir` or `ndvi`: role -> index, those that are found.

    Words in the name count first (`4 red`, `nir`), then Sentinel-2's and Landsat-8's numbers (`B04`,
    `S2-L2A-B08`).

    Args:
        bands: C names.
    """
    tokens = [set(re.split(r"[^a-z0-9]+", band.lower())) for band in bands]
    roles: dict[str, int] = {}
    for role, words in _WORDS.items():
        found = [k for k, t in enumerate(tokens) if t & set(words) and not t & _OTHERS]
        if found:
            roles[role] = found[0]
    numbers = {n: k for k, t in reversed(list(enumerate(tokens))) if (n := _number(t)) is not None}
    for role, number in _NUMBERS.items():
        if number in numbers:
            roles.setdefault(role, numbers[number])
    if 8 in numbers:
        roles.setdefault("nir", numbers[8])
    elif {4, 5, 7} <= set(numbers):  # Landsat-8 without its panchromatic band
        roles.setdefault("nir", numbers[5])
    return roles


def _number(tokens: set[str]) -> int | None:
    """The number of a band called B04, B4 or SR_B4; B8A is none."""
    for token in tokens:
        if match := re.fullmatch(r"b0*(\d{1,2})", token):
            return int(match.group(1))
    return None


@dataclass(frozen=True, slots=True)
class Measure:
    """One number per pixel and date that is drawn: a band, or an index of two.

    Attributes:
        name: for readers.
        band: index of the band; None: NDVI of `red` and `nir`.
        red: index of the red band.
        nir: index of the near infrared band.
    """

    name: str
    band: int | None = None
    red: int = 0
    nir: int = 0

    def of(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the measure of values with channels on axis 1, which goes; NaN where it is not defined."""
        if self.band is not None:
            chosen: NDArray[np.float32] = values[:, self.band]
            return chosen
        red, nir = values[:, self.red], values[:, self.nir]
        total = red + nir
        index = np.full_like(total, np.nan)
        np.divide(nir - red, total, out=index, where=total > 0)  # NaN compares false: it stays
        return np.clip(index, -1, 1)


def measures(bands: Sequence[str]) -> list[Measure]:
    """Return what curves are drawn of: NDVI first where it is stored or can be computed, then every band."""
    roles = band_roles(bands)
    single = [Measure(band, k) for k, band in enumerate(bands)]
    if "ndvi" in roles:
        return [Measure("NDVI", roles["ndvi"])] + [m for m in single if m.band != roles["ndvi"]]
    if {"red", "nir"} <= set(roles):
        return [Measure("NDVI", None, roles["red"], roles["nir"]), *single]
    return single


def true_colour(bands: Sequence[str]) -> tuple[int, int, int] | None:
    """Return the indices of red, green and blue; None where one of them is not found."""
    roles = band_roles(bands)
    if {"red", "green", "blue"} <= set(roles):
        return roles["red"], roles["green"], roles["blue"]
    return None
