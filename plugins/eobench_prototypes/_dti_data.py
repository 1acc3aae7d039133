"""Series as deformable prototypes take them: raw and filled, with how well each step is known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.data import Inputs
from eobench_prototypes._distance import Series
from eobench_prototypes._features import Features, chunks

HELD_BYTES = 1 << 30
DENSITY = float(1 / (7.0 * np.sqrt(2 * np.pi)))
"""Factor of the Gaussian in the official code: m[t] is the density of observations a day (Eq 13)."""


class Source:
    """Prepared rows; small sets live on the device, large ones are read as needed.

    Args:
        inputs: any.
        rows: those that will be asked for.
        features: filling and scaling.
        device: where batches go.
    """

    def __init__(self, inputs: Inputs, rows: NDArray[np.int64], features: Features, device: torch.device) -> None:
        self._inputs, self._rows, self._features, self._device = inputs, rows, features, device
        self._held: Series | None = None
        if len(rows) and 12 * len(rows) * int(np.prod(inputs.shape)) <= HELD_BYTES:
            parts = [prepared(inputs, part, features, device) for part in chunks(inputs, rows)]
            self._held = Series(
                torch.cat([p.raw for p in parts]),
                torch.cat([p.filled for p in parts]),
                torch.cat(_alike([p.weight for p in parts])),
            )

    def __len__(self) -> int:
        return len(self._rows)

    def batch(self, positions: NDArray[np.int64]) -> Series:
        """Return `rows[positions]`."""
        if self._held is None:
            return prepared(self._inputs, self._rows[positions], self._features, self._device)
        index = torch.from_numpy(positions).to(self._device)
        held = self._held
        return Series(*(a.index_select(0, index) for a in (held.raw, held.filled, held.weight)))

    def batches(self, size: int) -> Iterator[tuple[NDArray[np.int64], Series]]:
        """Yield all positions in order, `size` at a time, with their series."""
        for start in range(0, len(self), size):
            positions = np.arange(start, min(start + size, len(self)))
            yield positions, self.batch(positions)


def prepared(inputs: Inputs, rows: NDArray[np.int64], features: Features, device: torch.device) -> Series:
    """Return some rows on the device."""
    shape = (len(rows), *inputs.shape)
    filled, weight = (a.reshape(shape) for a in features.weighted(inputs, rows))
    if features.fill == "gaussian":
        weight = weight * np.float32(DENSITY)
    if (weight == weight[:, :1]).all():  # a step is observed in all bands or in none, nearly always
        weight = np.ascontiguousarray(weight[:, :1])
    raw = features.observed(inputs, rows)
    return Series(*(torch.from_numpy(a).to(device) for a in (raw, filled, weight)))


def _alike(weights: list[torch.Tensor]) -> list[torch.Tensor]:
    """Parts whose bands differ in their gaps make all parts say so."""
    widest = max(w.shape[1] for w in weights)
    return [w if w.shape[1] == widest else w.expand(-1, widest, -1) for w in weights]
