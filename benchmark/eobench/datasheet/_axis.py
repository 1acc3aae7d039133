"""The axis of time: dates where a set has them, else days since each sample's start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.data import ModalityFiles, SampleFolder

_YEAR: Final = 2001  # stands for every year where samples are of several
_SEASON_SPREAD: Final = 45  # days that the starts of samples may differ by within the year
_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Axis:
    """Places of the steps on the axis of time.

    Attributes:
        x: a place for each step: ISO date, or day.
        kind: `date` (of one known year), `season` (of any year), `day` (since the start).
        words: what stands under the axis.
    """

    x: list[Any]
    kind: str
    words: str


def make_axis(folder: SampleFolder, files: ModalityFiles, days: NDArray[np.floating[Any]]) -> Axis:
    """Return the axis for steps at these days since the start.

    Args:
        folder: whose columns say when each sample starts, where the header does not.
        files: of the modality.
        days: (S,) of the steps.
    """
    start = files.start
    whole = [round(float(day)) for day in days]
    if isinstance(start, str):
        first = date.fromisoformat(start[:10])
        return Axis([(first + timedelta(day)).isoformat() for day in whole], "date", "")
    if isinstance(start, Mapping):
        season = _season(folder, start)
        if season is not None:
            return Axis([(season + timedelta(day)).isoformat() for day in whole], "season", "day of the year")
    return Axis(whole, "day", "days since each sample's start")


def date_words(files: ModalityFiles, day: int) -> str:
    """Return a date in words, `12 May 2021`; where it differs by sample, the day since its start."""
    if not isinstance(files.start, str):
        return f"day {day}"
    return f"{date.fromisoformat(files.start[:10]) + timedelta(int(day)):%d %b %Y}".lstrip("0")


def _season(folder: SampleFolder, start: Mapping[str, str]) -> date | None:
    """Where samples of several years start at about the same day of the year: that day."""
    if "january_1_of" in start:
        return date(_YEAR, 1, 1)
    column = folder.column(start["column"])
    rows = np.linspace(0, len(column) - 1, min(_ROWS, len(column))).astype(int)
    starts = column[rows].astype("datetime64[D]")
    of_year = (starts - starts.astype("datetime64[Y]")).astype(int)
    angle = np.exp(2j * np.pi * of_year / 365.25)
    middle = float(np.angle(angle.mean()) % (2 * np.pi)) * 365.25 / (2 * np.pi)
    off = np.abs((of_year - middle + 182.6) % 365.25 - 182.6)
    if np.quantile(off, 0.95) > _SEASON_SPREAD:
        return None
    return date(_YEAR, 1, 1) + timedelta(round(middle))


def aligned(days: NDArray[np.int16]) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
    """Return the days of common steps, and for each day the common step that it belongs to.

    Args:
        days: (n, T) of some samples.

    Returns:
        (S,) days, and None where step t of a sample is step t of all (their dates may differ by less than half a
        step), else (n, T) indices of bins as wide as the samples' steps.
    """
    middle = np.median(days, axis=0)
    steps = days.shape[1]
    if steps == 1:
        return middle, None
    gap = float(np.median(np.diff(middle)))
    spread = np.quantile(days, 0.9, axis=0) - np.quantile(days, 0.1, axis=0)
    if gap > 0 and np.median(spread) <= gap / 2:
        return middle, None
    low, high = int(days.min()), int(days.max())
    width = max(1.0, (high - low + 1) / steps)
    index = np.minimum(((days - low) / width).astype(np.int64), steps - 1)
    return low + width * (np.arange(steps) + 0.5), index
