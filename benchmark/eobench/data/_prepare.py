"""Preparing a folder once, whole or not at all, whoever asks and whatever is killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from eobench.data._errors import DataError, DatasetMissingError, EobenchError, PreparationStoppedError
from eobench.data._lock import locked
from eobench.data._progress import preparing
from eobench.data._read_header import HEADER_FILE

RESUME_FOLDER: Final = ".resume"
"""Subfolder in which a resumable writer keeps its state while a folder is being prepared."""
"""Where a preparation that was stopped may go on keeps what it has, inside its folder."""


_allowed: ContextVar[bool] = ContextVar("allowed", default=True)


@contextmanager
def without_preparing() -> Iterator[None]:
    """Within this context, `prepare_folder` gives what is there and raises for what would have to be made.

    For listings, which must answer at once.
    """
    token = _allowed.set(False)
    try:
        yield
    finally:
        _allowed.reset(token)


def prepare_folder(target: Path, write: Callable[[Path], object]) -> Path:
    """Return a sample folder, written by `write` where it is not there yet.

    Several processes may ask at once: one writes, the others wait. The folder is written beside its place, flushed
    to disk and renamed, so nothing half-written is ever opened.

    A writer may go on from where a kill or Ctrl-C stopped it: one that keeps its state in a subfolder `.resume`
    (`RESUME_FOLDER`) is given the same folder again, as it was left; it checks itself whether that fits. Without
    such a subfolder, and after any other error, what is left is removed and `write` begins with an empty folder.

    Args:
        target: where the folder is to lie; complete where it holds a dataset.json. Its name should say all that
            the content depends on (a hash of options and code), since it is made only once.
        write: writes into the folder that it is given, which is empty but for what an interrupted call of a
            resumable writer left there. It may tell how far it is with `report_progress`.

    Returns:
        `target`.

    Raises:
        DataError: `target` is there but is no prepared folder, or `write` made no dataset.json.
        PreparationStoppedError: `write` was stopped from outside, and can go on.
        DatasetMissingError: it is not there, and is asked for within `without_preparing`.
        EobenchError: the place cannot be written.
    """
    if _complete(target):
        return target
    if not _allowed.get():
        raise DatasetMissingError(f"{target.name}: not prepared yet: `eobench data prepare` makes it")
    _make_parent(target)
    with locked(target.parent / f".{target.name}.lock"):
        if _complete(target):
            return target
        part = _part(target)
        try:
            with preparing(target.name):
                write(part)
            if not (part / HEADER_FILE).is_file():
                raise DataError(f"{target}: what prepares this folder wrote no {HEADER_FILE}")
            _flush(part)
            shutil.rmtree(part / RESUME_FOLDER, ignore_errors=True)
            part.rename(target)
            _sync(target.parent)
        except BaseException as error:
            stopped = isinstance(error, PreparationStoppedError) or not isinstance(error, Exception)
            if stopped and (part / RESUME_FOLDER).is_dir():
                error.add_note(
                    f"{target.name}: interrupted; what is done is kept, and the next call goes on from it"
                )
            else:
                shutil.rmtree(part, ignore_errors=True)
            raise
    return target


def _complete(target: Path) -> bool:
    if (target / HEADER_FILE).is_file():
        return True
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DataError(f"{target}: is there, but holds no {HEADER_FILE}: remove it, or choose another cache")
    return False


def _part(target: Path) -> Path:
    """The folder to write into: what an interrupted call left where that can be gone on from, else a new one."""
    prefix = f".{target.name}.part-"
    left = sorted(target.parent.glob(f"{prefix}*"))  # nobody else writes while we hold the lock
    kept = next((folder for folder in left if (folder / RESUME_FOLDER).is_dir()), None)
    for folder in left:
        if folder != kept:
            shutil.rmtree(folder, ignore_errors=True)
    if kept is None:
        kept = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
        kept.chmod(0o755)
    return kept


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
