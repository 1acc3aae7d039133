"""Memory maps of .npy files, checked against what the header promises. Nothing is ever unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.data._errors import DataError


def open_array(file: Path, shape: tuple[int, ...] | None, dtype: str | None) -> NDArray[Any]:
    """Return a read-only memory map of a .npy file.

    Args:
        file: to open.
        shape: that it must have; None: any.
        dtype: that it must have, by name, in either byte order; None: any that holds no Python objects.

    Raises:
        DataError: it is missing, truncated, foreign, holds Python objects, or has another shape or type. The
            message names the file, what was expected and what was found.
    """
    expected = f"expected a .npy array{_of(dtype)}{_in(shape)}"
    if not file.is_file():
        raise DataError(f"{file}: there is no such file; {expected}")
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # NumPy parses a header as Python: a damaged one raises whatever a parser can
        raise DataError(f"{file}: {expected}, found {_found(file, error)}") from error
    if not isinstance(array, np.memmap):
        raise DataError(f"{file}: {expected}, found an archive of several arrays (.npz)")
    if dtype is not None and array.dtype.name != dtype:
        raise DataError(f"{file}: {expected}, found type {array.dtype.name}")
    if shape is not None and array.shape != shape:
        raise DataError(f"{file}: {expected}, found shape {array.shape}")
    size, whole = file.stat().st_size, array.offset + array.nbytes
    if size != whole:
        raise DataError(f"{file}: {expected}, {whole} bytes in all; found {size} bytes")
    return array.view(np.ndarray)


def _of(dtype: str | None) -> str:
    return f" of {dtype}" if dtype is not None else ""


def _in(shape: tuple[int, ...] | None) -> str:
    return f" with shape {shape}" if shape is not None else ""


def _found(file: Path, error: Exception) -> str:
    """What lies there instead, in words a user can act on."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(6)
    if not size:
        return "an empty file"
    if start != b"\x93NUMPY":
        return f"a file of another kind ({size} bytes; it does not begin like a .npy file)"
    if "object" in str(error).lower():
        return "Python objects, which are never read: store numbers"
    return f"{size} bytes of a damaged or truncated array ({error})"
