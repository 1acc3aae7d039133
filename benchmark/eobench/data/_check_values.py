"""Looking at every stored value once, in blocks: what is missing, infinite, constant or out of order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from eobench.data._header import ModalityFiles
from eobench.data._inputs import ModalityArray

BLOCK_BYTES: Final = 1 << 24
Told = tuple[Literal["error", "warning", "info"], str, str]
"""Level, text, what to do."""


@dataclass(slots=True)
class ValueCheck:
    """What is known of one modality after the blocks seen so far.

    Args:
        name: in texts: `modality s2`, `pool cube`.
        files: from the header.
    """

    name: str
    files: ModalityFiles
    rows: int = 0
    steps: int = 0
    seen: int = 0
    empty: int = 0
    infinite: int = 0
    filled: int = 0
    disordered: int = 0
    first_infinite: int | None = None
    per_step: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    low: NDArray[Any] | None = None
    high: NDArray[Any] | None = None
    _days: NDArray[np.int16] | None = field(default=None, repr=False)

    def add(self, part: ModalityArray) -> None:
        """Look at the next rows."""
        steps = part.days.shape[-1]
        flat = part.values.reshape(len(part.values), steps, -1, len(part.info.bands))
        valid = np.ones(flat.shape[:2], np.bool_) if part.valid is None else part.valid
        if flat.dtype.kind == "f":
            valid = valid & self._floats(flat, valid, part.info.kind == "series")
        elif part.valid is not None and self.files.fill is not None:
            # What a mask says overrules the fill, but a step that holds nothing else was hardly observed.
            self.filled += int((valid & (flat == self.files.fill).all(axis=(2, 3))).sum())
        self.rows += len(flat)
        self.steps += valid.size
        self.seen += int(valid.sum())
        self.empty += int((~valid.any(axis=1)).sum())
        self.per_step = self.per_step + valid.sum(axis=0)  # of one value before the first block
        self._order(part.days, valid)
        self._range(flat, valid)

    def _floats(self, flat: NDArray[Any], valid: NDArray[np.bool_], series: bool) -> NDArray[np.bool_]:
        """Which steps hold numbers; infinite ones are counted where something was observed."""
        absent = np.isnan(flat)
        wrong = np.isinf(flat) & valid[:, :, None, None]
        if wrong.any():
            self.infinite += int(wrong.sum())
            if self.first_infinite is None:
                self.first_infinite = self.rows + int(np.argmax(wrong.any(axis=(1, 2, 3))))
        missing = absent.any(axis=(2, 3)) if series else absent.all(axis=(2, 3))
        held: NDArray[np.bool_] = ~missing
        return held

    def _order(self, days: NDArray[np.int16], valid: NDArray[np.bool_]) -> None:
        """Count rows whose observed dates do not follow each other; common days are looked at once."""
        if days.ndim == 1:
            if self._days is None:
                self._days = days
                self.disordered = int((np.diff(days.astype(np.int64)) <= 0).any())
            return
        when = np.where(valid, days.astype(np.int64), -(1 << 40))
        before = np.maximum.accumulate(when, axis=1)[:, :-1]
        self.disordered += int((valid[:, 1:] & (when[:, 1:] <= before)).any(axis=1).sum())

    def _range(self, flat: NDArray[Any], valid: NDArray[np.bool_]) -> None:
        held = flat[valid]
        if not len(held):
            return
        with np.errstate(invalid="ignore"):
            low, high = np.fmin.reduce(held, axis=(0, 1)), np.fmax.reduce(held, axis=(0, 1))
        self.low = low if self.low is None else np.fmin(self.low, low)
        self.high = high if self.high is None else np.fmax(self.high, high)

    def findings(self) -> Iterator[Told]:
        """Yield level, text and advice of what was found, after the last block."""
        name = self.name
        if self.infinite:
            where = f"{self.infinite} infinite values (from row {self.first_infinite})"
            yield "error", f"{name}: {where}", "store NaN, or mask the step"
        if self.seen < self.steps:
            share = 100 * (1 - self.seen / self.steps)
            yield "info", f"{name}: {share:.1f} % of steps are missing", ""
        if self.empty:
            text = f"{name}: {self.empty} rows have no observation at all"
            yield "warning", text, "leave these rows out: no method can learn from them"
        never = np.flatnonzero(self.per_step == 0)
        if 0 < len(never) < len(self.per_step):
            yield "info", f"{name}: step {_numbers(never)} is observed in no row", "it could be left out"
        if self.filled:
            text = (
                f"{name}: {self.filled} steps that the mask calls observed hold the fill {self.files.fill:g} alone"
            )
            yield "warning", text, "mask them: they are read as values"
        if self.disordered:
            whose = "its days" if isinstance(self.files.days, tuple) else f"the days of {self.disordered} rows"
            yield "warning", f"{name}: {whose} do not rise from step to step", "sort the steps by date"
        if self.low is not None and self.high is not None and self.rows > 1:
            constant = [b for b, same in zip(self.files.info.bands, self.low == self.high, strict=True) if same]
            if constant:
                text = f"{name}: one and the same value everywhere in {', '.join(constant)}"
                yield "warning", text, "check what was exported; leave the band out"


def _numbers(values: NDArray[np.integer[Any]]) -> str:
    shown = ", ".join(str(v) for v in values[:6])
    return shown + (f" and {len(values) - 6} more" if len(values) > 6 else "")
