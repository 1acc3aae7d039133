"""The journal: one whole line a cell, appended and synced; readable while the run goes on."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eobench.data import EobenchError
from eobench.results._schema import SCHEMA_VERSION


class JournalError(EobenchError):
    """A journal cannot be read or written; the message says which line of which file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished cell.

    Attributes:
        row: the result row, by column name; `cell` is its key.
        curves: file of the cell's curves, relative to the run's folder; None where it logged none.
        limits: the limits that it ran under (`seconds`, `memory` in bytes), so that raising them runs it again.
        identity: the fields that its key hashes, so that `eobench why` can say what changed since.
    """

    row: Mapping[str, Any]
    curves: str | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The cell's key."""
        return str(self.row["cell"])


class Journal:
    """An append-only file of finished cells.

    A line is whole when it ends with a newline. A last line that is torn (the machine went down while it was
    written) is dropped by `read` and cut off before the next `append`: that cell runs again.

    Args:
        path: of the file, made at the first `append`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def append(self, entries: Iterable[Entry]) -> None:
        """Add whole lines with one write and one sync; when it returns they are on disk.

        Raises:
            JournalError: the file cannot be written.
        """
        text = "".join(_line(e) for e in entries)
        if not text:
            return
        data = text.encode()
        try:
            if self._descriptor is None:
                self._descriptor = _open_for_append(self.path)
            written = os.write(self._descriptor, data)
            while written < len(data):  # a signal or a full disk may cut a write short
                written += os.write(self._descriptor, data[written:])
            os.fsync(self._descriptor)
        except OSError as error:
            raise JournalError(f"{self.path}: cannot be written: {error.strerror}") from error

    def read(self) -> dict[str, Entry]:
        """Return the last entry of every cell, by key, in the order in which cells first finished.

        Raises:
            JournalError: a line before the last is damaged, or was written with another version of the schema.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise JournalError(f"{self.path}: cannot be read: {error.strerror}") from error
        whole = data[: data.rfind(b"\n") + 1]
        entries: dict[str, Entry] = {}
        for number, line in enumerate(whole.splitlines(), start=1):
            entry = _entry(line, f"{self.path}, line {number}")
            entries[entry.key] = entry
        return entries

    def close(self) -> None:
        """Close the file; `append` opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_for_append(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    size = os.fstat(descriptor).st_size
    end = size
    while end > 0:  # walk back to the last newline, block by block
        start = max(0, end - 65536)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end < size:
        os.ftruncate(descriptor, end)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)  # so that a new file's name survives too
    finally:
        os.close(folder)
    return descriptor


def _line(entry: Entry) -> str:
    thing: dict[str, Any] = {"schema": SCHEMA_VERSION, "row": plain(entry.row)}
    if entry.curves is not None:
        thing["curves"] = entry.curves
    if entry.limits:
        thing["limits"] = dict(entry.limits)
    if entry.identity:
        thing["identity"] = plain(entry.identity)
    return json.dumps(thing, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"


def _entry(line: bytes, where: str) -> Entry:
    try:
        thing = json.loads(line)
        schema = thing["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise JournalError(
            f"{where}: not a line of a journal; move the file away to run all cells again"
        ) from error
    if schema != SCHEMA_VERSION:
        raise JournalError(
            f"{where}: written with version {schema} of the row's schema, this is version {SCHEMA_VERSION}: "
            f"finish that run with the eobench that began it, or give the run another name"
        )
    try:
        return Entry(thing["row"], thing.get("curves"), thing.get("limits", {}), thing.get("identity", {}))
    except (KeyError, AttributeError) as error:
        raise JournalError(f"{where}: a line without a row; move the file away to run all cells again") from error


def plain(thing: Any) -> Any:
    """Return a value as JSON knows it: arrays as lists, NumPy numbers as numbers, NaN and infinities as null."""
    if thing is None or isinstance(thing, str | bool | int):
        return thing
    if isinstance(thing, float):
        return float(thing) if math.isfinite(thing) else None
    if isinstance(thing, Mapping):
        return {str(k): plain(v) for k, v in thing.items()}
    if hasattr(thing, "tolist"):  # NumPy arrays and scalars, without importing NumPy
        return plain(thing.tolist())
    if isinstance(thing, Iterable):
        return [plain(v) for v in thing]
    raise JournalError(f"a row cannot hold a {type(thing).__name__}: {thing!r}")
