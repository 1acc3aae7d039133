"""Inputs: N samples of one or more modalities, gathered by index from memory maps into whole batches."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eobench.data._errors import DataError
from eobench.data._fill import Fill, fill_gaps

Kind = Literal["series", "image", "image-series"]
"""What a sample is, channels first: (C, T), (C, H, W) or (T, C, H, W)."""
Rows = NDArray[np.integer] | slice
_MEMORY_LIMIT = 4 << 30  # bytes of one modality of a view; more lies in a temporary file
_BLOCK_BYTES = 64 << 20
_CHANNEL_AXIS: dict[Kind, int] = {"series": 1, "image": 1, "image-series": 2}


@dataclass(frozen=True, slots=True)
class ModalityInfo:
    """What one modality is; light enough for listings.

    Attributes:
        name: its name in the sample folder, such as `s2`.
        kind: `series` (T, C), `image` (H, W, C) or `image-series` (T, H, W, C), as stored, channels last.
        sizes: the shape of one sample as stored.
        bands: C names.
        scale: value = raw * scale.
        units: of the value, where known.
    """

    name: str
    kind: Kind
    sizes: tuple[int, ...]
    bands: tuple[str, ...]
    scale: float = 1.0
    units: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ModalityArray:
    """The stored values of one modality for N samples.

    Attributes:
        info: what it is.
        values: (N, *sizes) raw values in the stored type, channels last; may be a read-only memory map.
        valid: (N, T) bool, False where there is no observation; None where every step is observed.
        days: (T,) or (N, T) int16, days since the sample's start; (1,) zeros for an image.
    """

    info: ModalityInfo
    values: NDArray[np.generic]
    valid: NDArray[np.bool_] | None
    days: NDArray[np.int16]

    def take(self, rows: Rows) -> ModalityArray:
        """Return the given rows, copied out of the memory map."""
        return replace(
            self,
            values=_picked(self.values, rows),
            valid=None if self.valid is None else _picked(self.valid, rows),
            days=self.days.copy() if self.days.ndim == 1 else _picked(self.days, rows),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Scaled values of some samples, channels first, all modalities concatenated along the channels.

    Attributes:
        values: float32; (B, C, T) series, (B, C, H, W) image, (B, T, C, H, W) image series. NaN where there is
            no observation, unless the inputs were `filled`.
        valid: (B, T) bool, True where every modality has an observation (T = 1 for an image).
        days: (B, T) int16, days since each sample's start.
    """

    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    days: NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """N samples of one or more modalities of one kind.

    Built by `Inputs.of`. Values are gathered, scaled and turned channels first by `batch`; nothing is read
    before. Gaps stay NaN until `filled` says how they are filled: nothing fills silently.

    Attributes:
        modalities: their arrays, concatenated by channel.
        fill: how gaps are filled; None: they stay NaN.
    """

    modalities: tuple[ModalityArray, ...]
    fill: Fill | None = None

    @classmethod
    def of(cls, *modalities: ModalityArray) -> Inputs:
        """Return inputs of these modalities.

        Raises:
            DataError: they differ in kind, in the number of samples, or in their dates.
        """
        first = modalities[0]
        for other in modalities[1:]:
            if other.info.kind != first.info.kind:
                raise DataError(
                    f"modalities {first.info.name!r} ({first.info.kind}) and {other.info.name!r} "
                    f"({other.info.kind}) are of different kinds and cannot be concatenated: "
                    f"choose with modalities={first.info.name}"
                )
            if len(other.values) != len(first.values):
                raise DataError(
                    f"modality {other.info.name!r} has {len(other.values)} samples, "
                    f"{first.info.name!r} has {len(first.values)}"
                )
            if first.info.kind != "series" and other.info.sizes[-3:-1] != first.info.sizes[-3:-1]:
                raise DataError(
                    f"modalities {first.info.name!r} {first.info.sizes} and {other.info.name!r} "
                    f"{other.info.sizes} have images of different sizes: choose with "
                    f"modalities={first.info.name}"
                )
            if not np.array_equal(other.days, first.days):
                raise DataError(
                    f"modalities {first.info.name!r} and {other.info.name!r} have different dates and cannot "
                    f"be concatenated: choose with modalities={first.info.name}"
                )
        return cls(tuple(modalities))

    @classmethod
    def concatenate(cls, *parts: Inputs) -> Inputs:
        """Return the samples of several inputs, one after the other, copied.

        Stored values are kept where type and scale agree, else they are scaled to float32. Where the dates differ,
        every sample carries its own.

        Raises:
            DataError: they differ in kind, bands, number of steps, image size, or in how gaps are filled.
        """
        source = np.repeat(np.arange(len(parts), dtype=np.int8), [len(p) for p in parts])
        row = np.concatenate([np.arange(len(p)) for p in parts])
        return gather(parts, source, row)

    def __len__(self) -> int:
        return len(self.modalities[0].values)

    @property
    def kind(self) -> Kind:
        """The kind that all modalities share."""
        return self.modalities[0].info.kind

    @property
    def bands(self) -> tuple[str, ...]:
        """C band names, in the order of a batch's channels."""
        return tuple(band for m in self.modalities for band in m.info.bands)

    @property
    def channels(self) -> int:
        """C, over all modalities."""
        return len(self.bands)

    @property
    def steps(self) -> int:
        """T; 1 for an image."""
        return int(self.modalities[0].days.shape[-1])

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample in a batch, such as (C, T), (C, H, W) or (T, C, H, W)."""
        sizes = self.modalities[0].info.sizes
        if self.kind == "series":
            return (self.channels, self.steps)
        if self.kind == "image":
            return (self.channels, *sizes[:2])
        return (self.steps, self.channels, *sizes[1:3])

    def take(self, rows: Rows) -> Inputs:
        """Return the given rows as inputs of their own, copied."""
        return replace(self, modalities=tuple(m.take(rows) for m in self.modalities))

    def filled(self, how: Fill) -> Inputs:
        """Return the same inputs with gaps filled, as `linear` (between the dates around) or `gaussian`.

        The one place where gaps are filled. `linear` interpolates over days and holds the first and last
        observation; `gaussian` is Eq 11-13 of Vincent et al. with a width of 7 days (zero where no
        observation is near). A series without any observation becomes zero. `Batch.valid` still tells which
        steps were observed.
        """
        return replace(self, fill=how)

    def batch(self, rows: Rows | None = None) -> Batch:
        """Gather, scale, fill and concatenate the given rows (default all) into one batch."""
        chosen: Rows = slice(None) if rows is None else rows
        count = len(range(len(self))[chosen]) if isinstance(chosen, slice) else len(chosen)
        # Every modality is scaled straight into its channels of the batch: one pass, one allocation.
        values = np.empty((count, *self.shape), np.float32)
        last = np.moveaxis(values, _CHANNEL_AXIS[self.kind], -1)
        masks, channel = [], 0
        for modality in self.modalities:
            width = len(modality.info.bands)
            masks.append(self._fill_in(modality, chosen, last[..., channel : channel + width]))
            channel += width
        first = self.modalities[0].days
        days = np.broadcast_to(first, masks[0].shape) if first.ndim == 1 else _picked(first, chosen)
        return Batch(values, masks[0] if len(masks) == 1 else np.logical_and.reduce(masks), days)

    def _fill_in(self, modality: ModalityArray, rows: Rows, target: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Write a modality's values, channels last, into its part of a batch; return what was observed."""
        if self.fill is None or not len(target):
            return _observe(modality, rows, target)
        values = np.empty(target.shape, np.float32)
        valid = _observe(modality, rows, values)
        days = modality.days if modality.days.ndim == 1 else _picked(modality.days, rows)
        target[...] = _filled(values, days, self.kind, self.fill)
        return valid

    def as_series(self) -> Inputs:
        """Return the pixels of images as series: (N, H, W, C) gives N*H*W series of one step, row-major."""
        if self.kind == "series":
            return self
        return replace(self, modalities=tuple(_flatten(m) for m in self.modalities))


def _picked(values: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """Return the given rows, copied, in C order; `np.take` gathers a third faster than an index in brackets."""
    if isinstance(rows, slice):
        return np.array(values[rows], order="C")
    if rows.dtype.kind == "b":
        rows = np.flatnonzero(rows)
    return np.take(values, rows, axis=0)


def _observe(modality: ModalityArray, rows: Rows, target: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Write scaled values into `target`, NaN where nothing was observed; return the (B, T) mask of observed steps.

    A step of a series is observed where all its channels are; a step of an image where any of its pixels is
    (single pixels may be NaN).
    """
    raw = modality.values[rows] if isinstance(rows, slice) else _picked(modality.values, rows)
    np.copyto(target, raw, casting="unsafe")
    if modality.info.scale != 1.0:
        target *= np.float32(modality.info.scale)
    steps = modality.days.shape[-1]
    if modality.valid is None:
        valid = np.ones((len(target), steps), np.bool_)
    else:
        valid = _picked(modality.valid, rows)
        missing = ~valid
        target[missing[:, 0] if modality.info.kind == "image" else missing] = np.nan
    if raw.dtype.kind == "f":  # a NaN in the store is a missing value, with or without a mask
        absent = np.isnan(raw).reshape(len(raw), steps, math.prod(raw.shape[1:]) // steps)
        valid = valid & ~(absent.any(axis=2) if modality.info.kind == "series" else absent.all(axis=2))
    return valid


def _filled(values: NDArray[np.float32], days: NDArray[np.int16], kind: Kind, how: Fill) -> NDArray[np.float32]:
    if kind != "image":
        return fill_gaps(values, days, how)
    return fill_gaps(values[:, None], days, how)[:, 0]


def _flatten(modality: ModalityArray) -> ModalityArray:
    """Images (N, H, W, C) or image series (N, T, H, W, C) as pixel series (N*H*W, T, C)."""
    values, info = modality.values, modality.info
    steps, bands = modality.days.shape[-1], len(info.bands)
    height, width = info.sizes[-3], info.sizes[-2]
    if info.kind == "image-series":
        values = values.transpose(0, 2, 3, 1, 4)
    values = values.reshape(len(values) * height * width, steps, bands)
    pixels = height * width
    return ModalityArray(
        info=replace(info, kind="series", sizes=(steps, bands)),
        values=values,
        valid=None if modality.valid is None else np.repeat(modality.valid, pixels, axis=0),
        days=modality.days if modality.days.ndim == 1 else np.repeat(modality.days, pixels, axis=0),
    )


def gather(parts: Sequence[Inputs], source: NDArray[np.integer], row: NDArray[np.integer]) -> Inputs:
    """Return rows of several inputs in any order, copied: sample i is row `row[i]` of `parts[source[i]]`.

    Raises:
        DataError: the parts differ in kind, bands, number of steps, image size, or in how gaps are filled.
    """
    first = parts[0]
    for other in parts[1:]:
        if difference := mismatch(first, other):
            raise DataError(f"inputs cannot be concatenated: {difference}")
    return replace(
        first,
        modalities=tuple(
            _gather([p.modalities[i] for p in parts], source, row) for i in range(len(first.modalities))
        ),
    )


def mismatch(first: Inputs, other: Inputs) -> str | None:
    """Return in what two inputs differ so that one model cannot take both; None: in nothing."""
    if other.fill != first.fill:
        return f"gaps filled as {first.fill} and as {other.fill}"
    if other.kind != first.kind:
        return f"kind {first.kind} and {other.kind}"
    bands = [tuple(m.info.bands for m in inputs.modalities) for inputs in (first, other)]
    if bands[0] != bands[1]:
        return f"bands {', '.join(first.bands)} and {', '.join(other.bands)}"
    if other.shape != first.shape:
        return f"a sample's shape {first.shape} and {other.shape}"
    return None


def _gather(
    parts: Sequence[ModalityArray], source: NDArray[np.integer], row: NDArray[np.integer]
) -> ModalityArray:
    """Rows of several arrays of one modality: raw values where type and scale agree, else scaled to float32."""
    first = parts[0]
    raw = all(p.values.dtype == first.values.dtype and p.info.scale == first.info.scale for p in parts)
    values = _allocate((len(row), *first.info.sizes), first.values.dtype if raw else np.dtype(np.float32))
    masked = any(p.valid is not None for p in parts)
    valid = np.ones((len(row), first.days.shape[-1]), np.bool_) if masked else None
    same = all(p.days.ndim == 1 and np.array_equal(p.days, first.days) for p in parts)
    days = first.days.copy() if same else np.empty((len(row), first.days.shape[-1]), np.int16)
    block = max(1, _BLOCK_BYTES // max(1, values[:1].nbytes))
    for number, part in enumerate(parts):
        places = np.flatnonzero(source == number)
        for start in range(0, len(places), block):
            place = places[start : start + block]
            chosen = row[place]
            found = _picked(part.values, chosen)
            values[place] = found if raw else found.astype(np.float32) * np.float32(part.info.scale)
            if valid is not None and part.valid is not None:
                valid[place] = part.valid[chosen]
            if not same:
                days[place] = part.days if part.days.ndim == 1 else part.days[chosen]
    return ModalityArray(first.info if raw else replace(first.info, scale=1.0), values, valid, days)


def _allocate(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An empty array in memory, or past the limit in a temporary file that vanishes with it."""
    if int(np.prod(shape, dtype=np.int64)) * dtype.itemsize <= _MEMORY_LIMIT:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype, mode="w+", shape=shape).view(np.ndarray)
