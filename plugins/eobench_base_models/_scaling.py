"""Inputs as a network takes them: filled, standardised, on the device, gathered by index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.data import Inputs, Kind
from eobench_base_models.options import FillName, Mask, Scaling

ON_DEVICE_LIMIT = 2**30
"""Bytes of float32 inputs up to which they live on the device as one tensor."""
CHUNK_BYTES = 2**26
STATISTICS_ROWS = 65_536
"""Rows whose observed values give mean and standard deviation; a view's rows stand in random order."""


@dataclass(frozen=True, slots=True, eq=False)
class Preparation:
    """How raw inputs become what the network takes: gaps filled, each channel standardised, a mask beside them.

    Attributes:
        fill: how gaps are filled; `zero` after standardising, as Vincent et al. do.
        mean: (C,) float32.
        deviation: (C,) float32, 1 for a channel that does not vary.
        by_series: standardise each channel of each sample by its own observed steps instead.
        mask: add a channel, 1 where a step was observed and 0 where not.
    """

    fill: FillName
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    by_series: bool = False
    mask: bool = False

    @classmethod
    def of(cls, inputs: Inputs, fill: FillName, scaling: Scaling, mask: Mask = "none") -> Preparation:
        """Return the preparation for these inputs, with statistics over their observed values only."""
        mean, deviation = np.zeros(inputs.channels, np.float32), np.ones(inputs.channels, np.float32)
        if scaling == "band":
            mean, deviation = _statistics(inputs)
        return cls(fill, mean, deviation, scaling == "series", mask == "channel")

    def shape(self, inputs: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of one prepared sample, from that of the inputs."""
        axis = 1 if len(inputs) == 4 else 0
        return (*inputs[:axis], inputs[axis] + self.mask, *inputs[axis + 1 :])

    def tensor(self, inputs: Inputs, rows: NDArray[np.int64] | slice, device: torch.device) -> torch.Tensor:
        """Return the given rows, float32 (B, *shape), on the device."""
        fill = None if self.fill == "zero" else self.fill
        batch, axis = replace(inputs, fill=fill).batch(rows), _channel_axis(inputs)
        values = torch.from_numpy(batch.values).to(device)
        seen = torch.from_numpy(batch.valid).to(device).view(_per_step(inputs, len(values)))
        if self.by_series:
            values = _standardised(values, seen, axis)
        else:
            shape = [1] * values.ndim
            shape[axis] = len(self.mean)
            mean = torch.from_numpy(self.mean).to(device).view(shape)
            values.sub_(mean).div_(torch.from_numpy(self.deviation).to(device).view(shape))
        if fill is None:
            values.nan_to_num_(nan=0.0)
        if self.mask:
            one = list(values.shape)
            one[axis] = 1
            values = torch.cat([values, seen.expand(one).to(values.dtype)], dim=axis)
        return values


class Source:
    """Prepared rows of inputs; small inputs live on the device as one tensor, large ones are read as needed.

    Args:
        inputs: any.
        rows: those that will be asked for.
        preparation: filling and scaling.
        device: where batches go.
        limit: bytes up to which they stay on the device.
    """

    def __init__(
        self,
        inputs: Inputs,
        rows: NDArray[np.int64],
        preparation: Preparation,
        device: torch.device,
        limit: int = ON_DEVICE_LIMIT,
    ) -> None:
        self._inputs, self._rows, self._preparation, self._device = inputs, rows, preparation, device
        self._held: torch.Tensor | None = None
        if len(rows) and 4 * len(rows) * int(np.prod(inputs.shape)) <= limit:
            parts = [preparation.tensor(inputs, rows[chunk], device) for chunk in chunks(inputs, len(rows))]
            self._held = parts[0] if len(parts) == 1 else torch.cat(parts)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def kind(self) -> Kind:
        """The kind of the inputs."""
        return self._inputs.kind

    @property
    def pixel_steps(self) -> int:
        """Values of one channel of one sample: T, H * W or T * H * W."""
        return int(np.prod(self._inputs.shape)) // max(1, self._inputs.channels)

    def batch(self, positions: NDArray[np.int64]) -> torch.Tensor:
        """Return `rows[positions]`, (B, *shape)."""
        if self._held is not None:
            return self._held.index_select(0, torch.from_numpy(positions).to(self._device))
        return self._preparation.tensor(self._inputs, self._rows[positions], self._device)

    def batches(self, size: int) -> Iterator[torch.Tensor]:
        """Yield all rows in order, `size` at a time."""
        for start in range(0, len(self), size):
            if self._held is not None:
                yield self._held[start : start + size]
            else:
                yield self._preparation.tensor(self._inputs, self._rows[start : start + size], self._device)


def chunks(inputs: Inputs, count: int) -> Iterator[slice]:
    """Yield slices over `count` rows that bound the memory of a gathered batch."""
    size = max(1, CHUNK_BYTES // (4 * max(1, int(np.prod(inputs.shape)))))
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _channel_axis(inputs: Inputs) -> int:
    return 2 if inputs.kind == "image-series" else 1


def _per_step(inputs: Inputs, count: int) -> tuple[int, ...]:
    """The shape that lets a (B, T) mask stand beside a batch."""
    if inputs.kind == "series":
        return (count, 1, inputs.steps)
    return (count, 1, 1, 1) if inputs.kind == "image" else (count, inputs.steps, 1, 1, 1)


def _standardised(values: torch.Tensor, seen: torch.Tensor, axis: int) -> torch.Tensor:
    """Each channel of each sample by the mean and standard deviation of its observed steps; 0 where it is flat."""
    known = seen & ~values.isnan()
    axes = tuple(a for a in range(1, values.ndim) if a != axis)
    count = known.sum(axes, keepdim=True).clamp(min=1)
    mean = torch.where(known, values, 0.0).sum(axes, keepdim=True) / count
    centred = values - mean
    deviation = (torch.where(known, centred, 0.0).square().sum(axes, keepdim=True) / count).sqrt()
    flat = deviation <= 1e-6 * mean.abs().clamp(min=1e-6)
    return centred / torch.where(flat, 1.0, deviation)


def _statistics(inputs: Inputs) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each channel over observed values, (C,) each."""
    observed = replace(inputs, fill=None)
    axes = tuple(a for a in range(1 + len(inputs.shape)) if a != _channel_axis(inputs))
    count, total, squares = (np.zeros(inputs.channels) for _ in range(3))
    shift: NDArray[np.float64] | None = None
    for chunk in chunks(inputs, min(len(inputs), STATISTICS_ROWS)):
        values = observed.batch(chunk).values.astype(np.float64)
        seen = ~np.isnan(values)
        if shift is None:  # sums about a value of the data's own size keep their digits
            shift = _first_mean(values, seen, axes)
        shape = [1] * values.ndim
        shape[_channel_axis(inputs)] = len(shift)
        centred = np.where(seen, values - shift.reshape(shape), 0.0)
        count += seen.sum(axes)
        total += centred.sum(axes)
        squares += np.square(centred).sum(axes)
    if shift is None:
        shift = np.zeros(inputs.channels)
    known = np.maximum(count, 1)
    offset = total / known
    deviation = np.sqrt(np.maximum(squares / known - offset**2, 0))
    flat = deviation <= 1e-6 * np.maximum(np.abs(shift), 1e-6)
    return (shift + offset).astype(np.float32), np.where(flat, 1.0, deviation).astype(np.float32)


def _first_mean(
    values: NDArray[np.float64], seen: NDArray[np.bool_], axes: tuple[int, ...]
) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.where(seen, values, 0.0).sum(axes) / np.maximum(seen.sum(axes), 1)
    return mean
