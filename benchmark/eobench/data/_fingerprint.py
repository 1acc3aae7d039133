"""Fingerprints: what a sample folder holds, in 64 hex digits."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from eobench.data._errors import DataError
from eobench.data._fields import read_json
from eobench.data._folder import open_folder
from eobench.data._lock import locked
from eobench.data._read_header import HEADER_FILE, read_header

CACHE_FILE: Final = "fingerprints.json"
_FRESH_NANOSECONDS: Final = 50_000_000  # a file changed so recently may change again without a new mtime


def fingerprint(folder: Path, cache: Path) -> str:
    """Return the SHA-256 of all that a sample folder holds, in hex.

    Over `dataset.json` in canonical form and the name and content of every file that it names, in sorted order:
    the folder's place, file times and files that the header does not name do not matter. The content hash of each
    file is kept in `cache`, by absolute path, size and modification time, so a second call opens no array. A
    folder with a file that is not known yet is checked first: arrays against the header, labels against classes.

    Args:
        folder: a sample folder.
        cache: folder for the kept hashes (made where absent; where it cannot be written, nothing is kept).

    Raises:
        DataError: it is not a sample folder, a file that the header names is missing, or an array or a label is
            not what the header says.
    """
    hashes = content_hashes(folder, cache)
    total = hashlib.sha256(bytes.fromhex(hashes.pop(HEADER_FILE)))
    for name, digest in hashes.items():
        total.update(f"\n{len(name)}:{name}:{digest}".encode())
    return total.hexdigest()


def content_hashes(folder: Path, cache: Path) -> dict[str, str]:
    """Return what a fingerprint is made of: the SHA-256 of the canonical header and of each file, by name.

    Arguments and errors are those of `fingerprint`.
    """
    header = read_header(folder)
    store = cache / CACHE_FILE
    known, fresh, checked = _load(store), {}, False
    canonical = json.dumps(read_json(folder / HEADER_FILE), sort_keys=True, separators=(",", ":"))
    hashes = {HEADER_FILE: hashlib.sha256(canonical.encode()).hexdigest()}
    for name in header.files():
        file = (folder / name).absolute()
        size, mtime = _state(file)
        key = str(file)
        entry = known.get(key)
        if entry is None or entry[:2] != [size, mtime]:
            if not checked:
                _check_content(folder)
                checked = True
            digest = _hash_file(file)
            entry = [size, mtime, digest]
            if _state(file) == (size, mtime) and time.time_ns() - mtime > _FRESH_NANOSECONDS:
                fresh[key] = entry
        hashes[name] = entry[2]
    if fresh:
        _keep(store, fresh)
    return hashes


def _check_content(folder: Path) -> None:
    """Open every array and look at every label once, so that damage is told before anything runs."""
    opened = open_folder(folder)
    for name in opened.header.modalities:
        opened.modality(name)
    for name in opened.header.pools:
        opened.pool(name)
    for name in opened.header.tables:
        opened.table(name)
    opened.labels()


def _state(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError as error:
        raise DataError(f"{file}: there is no such file, but {HEADER_FILE} names it") from error
    return stat.st_size, stat.st_mtime_ns


def _hash_file(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _load(store: Path) -> dict[str, list[Any]]:
    """The kept hashes; a cache that cannot be read is an empty one."""
    try:
        content = json.loads(store.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {k: v for k, v in content.items() if isinstance(v, list) and len(v) == 3 and isinstance(v[2], str)}


def _keep(store: Path, fresh: dict[str, list[Any]]) -> None:
    """Add hashes to the store: others may add theirs meanwhile, and readers always see a whole file."""
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        with locked(store.with_suffix(".lock")):
            content = _load(store) | fresh
            handle, name = tempfile.mkstemp(prefix=f".{store.name}.", dir=store.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(content, stream, indent=0, sort_keys=True)
            Path(name).replace(store)
    except OSError:
        return  # the hash is right all the same; it will be computed again next time
