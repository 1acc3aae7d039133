"""A number for every row that depends on what the row holds, never on where it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.data._inputs import ModalityArray

Words = NDArray[np.uint64]

# Constants of the SplitMix64 generator (Steele, Lea and Flood 2014): odd, with well spread bits.
_GOLDEN: Final = 0x9E3779B97F4A7C15
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_CHUNK_BYTES: Final = 1 << 23


def hash_rows(
    modalities: Iterable[ModalityArray], columns: Mapping[str, NDArray[Any]] | None = None
) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each row's content, (N,).

    Multiply-mix of 64-bit little-endian words by fixed constants, so it is the same with every NumPy version and
    byte order. What a missing step holds is undefined and does not enter, nor does the payload of a NaN; no mask
    is the same as a mask that is true everywhere.

    Args:
        modalities: over the same N samples; their order does not matter.
        columns: further columns of the rows, (N,) each; their order does not matter.
    """
    arrays = sorted(modalities, key=lambda m: m.info.name)
    state = np.zeros(len(arrays[0].values), np.uint64)
    for modality in arrays:
        salt = _number(f"modality/{modality.info.name}")
        row_bytes = max(1, modality.values[:1].nbytes)
        step = max(1, _CHUNK_BYTES // row_bytes)
        for start in range(0, len(state), step):
            rows = slice(start, start + step)
            state[rows] = _hash_chunk(state[rows], modality.take(rows), salt)
    for name in sorted(columns or {}):
        state = _absorb(state, _hash_column(name, (columns or {})[name])[:, None], _number(f"column/{name}"))
    return state


def _hash_chunk(state: Words, part: ModalityArray, salt: int) -> Words:
    values = part.values
    missing = np.zeros((len(values), part.days.shape[-1]), np.bool_) if part.valid is None else ~part.valid
    if missing.any():
        values = values.copy()
        values[missing[:, 0] if part.info.kind == "image" else missing] = 0  # an image's mask is one bit
    if values.dtype.kind == "f" and np.isnan(values).any():
        values = np.where(np.isnan(values), np.array(np.nan, values.dtype), values)
    state = _absorb(state, _words(values), salt)
    state = _absorb(state, _words(np.packbits(missing, axis=1, bitorder="little")), salt + 1)
    if part.days.ndim == 2:
        state = _absorb(state, _words(np.where(missing, np.int16(0), part.days)), salt + 2)
    return state


def _words(values: NDArray[Any]) -> Words:
    """Rows as 64-bit words of their little-endian bytes, padded with zeros: (n, W)."""
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
    octets = little.reshape(len(little), -1).view(np.uint8)
    if spare := -octets.shape[1] % 8:
        octets = np.pad(octets, ((0, 0), (0, spare)))
    return np.ascontiguousarray(octets).view("<u8").astype(np.uint64)


def _absorb(state: Words, words: Words, salt: int) -> Words:
    """Mix words into the state; each place has a key of its own, so that order within a row counts."""
    places = np.arange(1, words.shape[1] + 1, dtype=np.uint64)
    keys = _mix(places * np.uint64(_GOLDEN) + np.uint64(salt))
    total = _mix(words ^ keys).sum(axis=1, dtype=np.uint64)
    return _mix(state * np.uint64(_GOLDEN) + total)


def _mix(words: Words) -> Words:
    words = words ^ (words >> np.uint64(30))
    words *= _FIRST
    words ^= words >> np.uint64(27)
    words *= _SECOND
    words ^= words >> np.uint64(31)
    return words


def _hash_column(name: str, column: NDArray[Any]) -> Words:
    """Each different value is hashed once, as text, so that its stored width does not matter."""
    known: dict[object, int] = {}
    values = column.tolist()
    for value in values:
        if value not in known:
            known[value] = _number(f"{name}/{value!r}")
    return np.fromiter((known[v] for v in values), np.uint64, len(values))


def _number(text: str) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=7).digest()
    return int.from_bytes(digest, "little")
