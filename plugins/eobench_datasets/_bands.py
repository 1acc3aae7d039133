"""Some of the bands of a sample folder: a folder of its own in the cache, with the rest as it was."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np

from eobench.data import HEADER_FILE, Header, ModalityFiles, fingerprint, prepare_folder, read_header, unknown
from eobench.plugin import ParameterError

_VALUES_AT_ONCE: Final = 1 << 24


def parse_bands(name: str, text: str, header: Header) -> tuple[str, ...]:
    """Return the bands that an option `bands=a+b` names, in its order.

    Args:
        name: of the data set.
        text: of the option.
        header: of its folder.

    Raises:
        ParameterError: no modality has such a band, or one is named twice.
    """
    bands = tuple(part.strip() for part in text.split("+"))
    known = list(dict.fromkeys(b for files in header.modalities.values() for b in files.info.bands))
    for band in bands:
        if band not in known:
            raise ParameterError(f"{name}: option 'bands': {unknown('band', band, known)}")
        if bands.count(band) > 1:
            raise ParameterError(f"{name}: option 'bands' names {band!r} twice; allowed: each band once")
    return bands


def choose_bands(source: Path, bands: tuple[str, ...], cache: Path) -> Path:
    """Return a copy of a sample folder with some of its bands; made once for each content and choice.

    A modality that has any of the bands keeps those, in the order in which they are named; one that has none keeps
    all of its own. A pool is cut as the modality whose bands it can give all of; another stays as it is.

    Args:
        source: the whole folder; nothing is written there.
        bands: names, each of some modality.
        cache: folder for prepared data.

    Raises:
        DataError: the folder is damaged.
        EobenchError: the cache cannot be written.
    """
    header = read_header(source)
    chosen = _by_array(header, bands)
    if not chosen:
        return source
    made_of = json.dumps([fingerprint(source, cache), bands]).encode()
    target = cache / "bands" / f"{source.name}-{hashlib.sha256(made_of).hexdigest()[:16]}"
    return prepare_folder(target, lambda folder: _write(source, header, chosen, folder))


def _by_array(header: Header, bands: tuple[str, ...]) -> dict[tuple[str, str], tuple[int, ...]]:
    """Columns to keep of each modality and pool that is cut, by its place in the header."""
    wanted = {
        name: kept
        for name, files in header.modalities.items()
        if (kept := tuple(b for b in bands if b in files.info.bands))
    }
    cut = {("modalities", name): _columns(header.modalities[name], kept) for name, kept in wanted.items()}
    for name, files in header.pools.items():
        like = next((kept for kept in wanted.values() if set(kept) <= set(files.info.bands)), None)
        if like is not None:
            cut["pools", name] = _columns(files, like)
    parts = {"modalities": header.modalities, "pools": header.pools}
    return {
        (part, name): columns
        for (part, name), columns in cut.items()
        if columns != tuple(range(len(parts[part][name].info.bands)))
    }


def _columns(files: ModalityFiles, bands: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(files.info.bands.index(band) for band in bands)


def _write(source: Path, header: Header, chosen: dict[tuple[str, str], tuple[int, ...]], folder: Path) -> None:
    told: dict[str, Any] = json.loads((source / HEADER_FILE).read_text(encoding="utf-8"))
    cut = {}
    for (part, name), columns in chosen.items():
        entry = told[part][name]
        entry["bands"] = [entry["bands"][column] for column in columns]
        entry["shape"][-1] = len(columns)
        cut[entry["file"]] = columns
    for file in header.files():
        if file in cut:
            _cut(source / file, folder / file, cut[file])
        else:
            shutil.copyfile(source / file, folder / file)
    (folder / HEADER_FILE).write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")


def _cut(source: Path, target: Path, columns: tuple[int, ...]) -> None:
    """Copy some places of an array's last axis, in bounded memory."""
    values = np.load(source, mmap_mode="r", allow_pickle=False)
    made = np.lib.format.open_memmap(target, "w+", values.dtype, (*values.shape[:-1], len(columns)))
    step = max(1, _VALUES_AT_ONCE // max(1, values[:1].size))
    for first in range(0, len(values), step):
        made[first : first + step] = values[first : first + step][..., list(columns)]
    made.flush()
