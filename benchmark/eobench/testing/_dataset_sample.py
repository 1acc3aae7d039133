"""A smaller folder of some rows of a large one, so that checks stay quick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from eobench.data import HEADER_FILE, SampleFolder, open_folder

MOST_ROWS: Final = 50_000


def sampled_folder(folder: SampleFolder, target: Path) -> SampleFolder:
    """Write `MOST_ROWS` random rows of a folder as a folder of its own, in the same layout; pools are cut too."""
    import pyarrow.parquet as pq

    if (target / HEADER_FILE).is_file():
        return open_folder(target)
    target.mkdir(parents=True, exist_ok=True)
    header = folder.header
    told: dict[str, Any] = json.loads((folder.path / HEADER_FILE).read_text(encoding="utf-8"))
    rows = np.sort(np.random.default_rng(0).permutation(header.samples)[:MOST_ROWS])
    table = pq.read_table(folder.path / header.samples_file).take(rows)
    pq.write_table(table, target / header.samples_file)
    for name, files in header.modalities.items():
        told["modalities"][name]["shape"][0] = len(rows)
        _take(folder.path, target, rows, files.file, files.valid, files.days)
    for name, files in header.pools.items():
        held = len(folder.pool(name).values)
        told["pools"][name]["shape"][0] = min(held, MOST_ROWS)
        _take(folder.path, target, np.arange(min(held, MOST_ROWS)), files.file, files.valid, files.days)
    if header.targets is not None:
        _take(folder.path, target, rows, header.targets)
    for info in header.tables.values():
        (target / info.file).write_bytes((folder.path / info.file).read_bytes())
    (target / HEADER_FILE).write_text(json.dumps(told), encoding="utf-8")
    return open_folder(target)


def _take(source: Path, target: Path, rows: np.ndarray[Any, np.dtype[np.int64]], *names: object) -> None:
    for name in names:
        if isinstance(name, str):
            values = np.load(source / name, mmap_mode="r", allow_pickle=False)
            np.save(target / name, values[rows], allow_pickle=False)
