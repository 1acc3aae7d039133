"""Stored predictions: what a predictor said of the scored rows and of the training rows, compressed."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.data import DataError
from eobench.plugin import Predictions

EMBEDDING_NUMBERS = 8_000_000
"""Embeddings are kept up to this many numbers (16 MB); rows beyond are dropped, the first ones stay."""
MAP_NUMBERS = 4_000_000
"""Probabilities of maps are kept up to this many numbers; above, only the classes stay."""
_NAMES = ("classes", "clusters", "probabilities", "proportions", "embeddings", "reconstruction")


def predictions_digest(predictions: Predictions) -> str:
    """Return a hash that two cells share only where their predictions are bit-identical.

    Integer outputs are hashed as int64, so that a method's choice of integer type does not hide equal predictions.
    """
    digest = hashlib.sha256()
    for name, array in predictions.given().items():
        same = np.ascontiguousarray(
            array, dtype=np.int64 if array.dtype.kind in "iub" else array.dtype.newbyteorder("<")
        )
        digest.update(f"{name} {same.dtype.str} {same.shape}\n".encode())
        digest.update(same.data if same.size else b"")
    return digest.hexdigest()[:32]


def save_predictions(path: Path, test: Predictions, train: Predictions | None = None) -> None:
    """Write predictions to a compressed `.npz`, whole or not at all.

    Embeddings are stored as float16 and capped (`EMBEDDING_NUMBERS`), integers in the smallest type that fits,
    probabilities of maps only up to `MAP_NUMBERS`; all else as given.

    Args:
        path: of the file, ending in `.npz`; its folder is made.
        test: of the scored rows.
        train: of the training rows, where they were predicted.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        # level 1: np.savez_compressed's level 6 takes several times as long for a few per cent
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for rows, predictions in (("test", test), ("train", train)):
                for name, array in (_stored(predictions) if predictions is not None else {}).items():
                    with archive.open(f"{rows}.{name}.npy", "w", force_zip64=True) as file:
                        np.lib.format.write_array(file, array, allow_pickle=False)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_predictions(path: Path) -> tuple[Predictions, Predictions | None]:
    """Return the predictions (scored rows, training rows or None) that `save_predictions` wrote.

    Raises:
        DataError: the file is absent, damaged, or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: no stored predictions: {error}") from error
    test, train = _of("test", arrays), _of("train", arrays)
    if not test.given() or len(arrays) != len(test.given()) + len(train.given()):
        raise DataError(f"{path}: no stored predictions: holds {', '.join(sorted(arrays)) or 'nothing'}")
    return test, train if train.given() else None


def _stored(predictions: Predictions) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for name, array in predictions.given().items():
        if name == "embeddings":
            rows = max(1, EMBEDDING_NUMBERS // max(1, int(np.prod(array.shape[1:]))))
            with np.errstate(over="ignore"):
                arrays[name] = array[:rows].astype(np.float16)
        elif name in ("classes", "clusters"):
            low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
            arrays[name] = array.astype(np.result_type(np.min_scalar_type(low), np.min_scalar_type(high)))
        elif array.ndim == 2 or array.size <= MAP_NUMBERS:
            arrays[name] = array
    return arrays


def _of(rows: str, arrays: Mapping[str, NDArray[Any]]) -> Predictions:
    return Predictions(**{n: arrays[f"{rows}.{n}"] for n in _NAMES if f"{rows}.{n}" in arrays})
