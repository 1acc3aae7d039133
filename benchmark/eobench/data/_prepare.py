"""Preparing a folder once, whole or not at all, whoever asks and whatever is killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from eobench.data._errors import DataError, EobenchError
from eobench.data._lock import locked
from eobench.data._read_header import HEADER_FILE


def prepare_folder(target: Path, write: Callable[[Path], object]) -> Path:
    """Return a sample folder, written by `write` where it is not there yet.

    Several processes may ask at once: one writes, the others wait. The folder is written beside its place, flushed
    to disk and renamed, so nothing half-written is ever opened; what a killed process left is removed by the next.

    Args:
        target: where the folder is to lie; complete where it holds a dataset.json.
        write: writes into the empty folder that it is given.

    Returns:
        `target`.

    Raises:
        DataError: `target` is there but is no prepared folder, or `write` made no dataset.json.
        EobenchError: the place cannot be written.
    """
    if _complete(target):
        return target
    _make_parent(target)
    with locked(target.parent / f".{target.name}.lock"):
        if _complete(target):
            return target
        prefix = f".{target.name}.part-"
        for left in target.parent.glob(f"{prefix}*"):  # nobody else writes while we hold the lock
            shutil.rmtree(left, ignore_errors=True)
        part = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
        try:
            part.chmod(0o755)
            write(part)
            if not (part / HEADER_FILE).is_file():
                raise DataError(f"{target}: what prepares this folder wrote no {HEADER_FILE}")
            _flush(part)
            part.rename(target)
            _sync(target.parent)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return target


def _complete(target: Path) -> bool:
    if (target / HEADER_FILE).is_file():
        return True
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DataError(f"{target}: is there, but holds no {HEADER_FILE}: remove it, or choose another cache")
    return False


def _make_parent(target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EobenchError(f"{target.parent}: cannot be made: {error.strerror or error}") from error
    if not os.access(target.parent, os.W_OK):
        raise EobenchError(f"{target.parent}: cannot be written: choose another place with EOBENCH_CACHE")


def _flush(folder: Path) -> None:
    """Bring every file to disk before the rename makes it visible: a power cut must not leave it empty."""
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
