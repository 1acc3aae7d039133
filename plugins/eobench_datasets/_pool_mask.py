"""The farmed part of a pool: rows whose NDVI hardly moves over the year are left out, in a copy in the cache."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench.data import (
    HEADER_FILE,
    Header,
    Inputs,
    ModalityArray,
    ModalityFiles,
    fingerprint,
    open_folder,
    prepare_folder,
    read_header,
)
from eobench.plugin import ParameterError

RED: Final = ("red", "B04", "B4")
NIR: Final = ("nir", "B08", "B8", "B8A")
_LIMITS: Final = {"deviation": 1.0, "percentile": 100.0}
_VALUES_AT_ONCE: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class Mask:
    """Which rows of a pool stay.

    Attributes:
        kind: `deviation`: those whose NDVI has at least the standard deviation `value` over time; `percentile`:
            those at or above the percentile `value` of the pool's deviations.
        value: NDVI for the one, 0 to 100 for the other.
    """

    kind: str
    value: float


def parse_mask(name: str, text: str) -> Mask:
    """Return what an option `pool_mask=deviation-0.15` or `pool_mask=percentile-25` asks for.

    Raises:
        ParameterError: it is neither, or its number cannot be.
    """
    kind, _, number = text.partition("-")
    try:
        mask = Mask(kind, float(number))
    except ValueError:
        mask = Mask("", 0.0)
    if not 0 < mask.value < _LIMITS.get(mask.kind, 0):
        raise ParameterError(
            f"{name}: option 'pool_mask' is {text!r}; allowed: deviation-D with D between 0 and 1, as "
            f"deviation-0.15, or percentile-P with P between 0 and 100, as percentile-25"
        )
    return mask


def masked_pools(source: Path, mask: Mask, cache: Path) -> Path:
    """Return a copy of a sample folder whose pools of series hold farmed land alone; made once for each choice.

    So scenario SII of La Rosa et al. chooses unlabelled pixels of a whole municipality: those stay whose NDVI
    moves over the year, since crops come and go, and forest, water and towns do not. The paper removes "standard
    deviation of less than 25 %", which may mean 0.25 or the 25th percentile: both can be asked for. Labels are not
    looked at. Pools that are not series stay as they are: one date does not move.

    Args:
        source: the whole folder; nothing is written there.
        mask: which rows stay.
        cache: folder for prepared data.

    Raises:
        ParameterError: no pool is of series with NDVI, or red and near infrared; or none of its rows stays.
        DataError: the folder is damaged.
        EobenchError: the cache cannot be written.
    """
    header = read_header(source)
    chosen = [name for name, files in header.pools.items() if _measurable(files)]
    if not chosen:
        raise ParameterError(
            f"{header.name}: option 'pool_mask' is for pools of series with NDVI (a band 'ndvi', or red and near "
            f"infrared); found {_words(header)}"
        )
    made_of = json.dumps([fingerprint(source, cache), mask.kind, mask.value]).encode()
    target = cache / "pools" / f"{source.name}-{hashlib.sha256(made_of).hexdigest()[:16]}"
    return prepare_folder(target, lambda folder: _write(source, header, chosen, mask, folder))


def ndvi_deviation(pool: ModalityArray) -> NDArray[np.float64]:
    """Return (N,) standard deviations of NDVI over the observed steps of series; NaN where there is none."""
    bands, inputs = pool.info.bands, Inputs.of(pool)
    found = np.empty(len(pool.values))
    step = max(1, _VALUES_AT_ONCE // max(1, int(np.prod(pool.values.shape[1:]))))
    for first in range(0, len(found), step):
        values = inputs.batch(slice(first, first + step)).values.astype(np.float64)  # (B, C, T), NaN in gaps
        if "ndvi" in bands:
            ndvi = values[:, bands.index("ndvi")]
        else:
            red, nir = (values[:, next(bands.index(b) for b in names if b in bands)] for names in (RED, NIR))
            total = nir + red
            ndvi = np.divide(nir - red, total, out=np.full_like(total, np.nan), where=total > 0)
        seen = ~np.isnan(ndvi)
        count = np.maximum(1, seen.sum(axis=1))
        mean = np.where(seen, ndvi, 0).sum(axis=1) / count
        squares = np.where(seen, ndvi - mean[:, None], 0) ** 2
        found[first : first + step] = np.where(seen.any(axis=1), np.sqrt(squares.sum(axis=1) / count), np.nan)
    return found


def _measurable(files: ModalityFiles) -> bool:
    bands = files.info.bands
    known = "ndvi" in bands or all(any(b in bands for b in names) for names in (RED, NIR))
    return files.info.kind == "series" and files.info.sizes[0] > 1 and known


def _words(header: Header) -> str:
    pools = [f"{name} ({p.info.kind}: {', '.join(p.info.bands)})" for name, p in header.pools.items()]
    return "; ".join(pools) or "no pool"


def _write(
    source: Path,
    header: Header,
    chosen: list[str],
    mask: Mask,
    folder: Path,
) -> None:
    opened = open_folder(source)
    told: dict[str, Any] = json.loads((source / HEADER_FILE).read_text(encoding="utf-8"))
    rows: dict[str, NDArray[np.int64]] = {}
    for name in chosen:
        kept = _kept(header.name, name, ndvi_deviation(opened.pool(name)), mask)
        told["pools"][name]["shape"][0] = len(kept)
        files = header.pools[name]
        rows |= {file: kept for file in (files.file, files.valid, files.days) if isinstance(file, str)}
    for file in header.files():
        if file in rows:
            values = np.load(source / file, mmap_mode="r", allow_pickle=False)
            np.save(folder / file, values[rows[file]], allow_pickle=False)
        else:
            shutil.copyfile(source / file, folder / file)
    (folder / HEADER_FILE).write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")


def _kept(name: str, pool: str, deviation: NDArray[np.float64], mask: Mask) -> NDArray[np.int64]:
    """The rows that stay, in their order; a row without an observation does not."""
    known = deviation[~np.isnan(deviation)]
    least = mask.value
    if mask.kind == "percentile" and len(known):
        least = float(np.percentile(known, mask.value))
    stays = np.flatnonzero(deviation >= least)
    if not len(stays):
        most = f"at most {known.max():.3f}" if len(known) else "no NDVI is observed"
        raise ParameterError(
            f"{name}: option 'pool_mask' leaves no row of pool {pool!r}: its NDVI deviates by less than "
            f"{least:.3f} ({most}); ask for less"
        )
    return stays
