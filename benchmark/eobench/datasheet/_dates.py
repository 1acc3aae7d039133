"""Dates and gaps: how much is observed when."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from eobench.data import Inputs, SampleFolder
from eobench.datasheet._axis import aligned, make_axis
from eobench.datasheet._pixels import affordable, some

_ROWS: Final = 6_000
_SHOWN: Final = 120


def dates(folder: SampleFolder, name: str) -> dict[str, Any]:
    """Return when a modality is observed.

    Returns:
        `name`, `axis`, `words`, `x` (S,), `share` (S,) percent of samples with an observation, `rows` (some
        samples, 1 = observed; none where nothing is missing), `steps`, `missing` percent, `sampled` rows.
    """
    modality, files = folder.modality(name), folder.header.modalities[name]
    rows = some(np.arange(folder.header.samples), affordable(modality, _ROWS))
    batch = Inputs.of(modality).batch(rows)
    middle, index = aligned(batch.days)
    axis = make_axis(folder, files, middle)
    valid = batch.valid
    if index is not None:
        seen = np.zeros((len(valid), len(middle)), np.bool_)
        row = np.broadcast_to(np.arange(len(valid))[:, None], index.shape)
        seen[row[valid], index[valid]] = True
    else:
        seen = valid
    shown = np.linspace(0, len(seen) - 1, min(_SHOWN, len(seen))).astype(int)
    gaps = not bool(valid.all())
    return {
        "name": name,
        "axis": axis.kind,
        "words": axis.words,
        "x": axis.x,
        "share": [round(100 * float(s), 1) for s in seen.mean(axis=0)],
        "rows": seen[shown].astype(int).tolist() if gaps else [],
        "steps": int(batch.valid.shape[1]),
        "missing": round(100 * float(1 - valid.mean()), 1),
        "sampled": len(rows),
        "binned": index is not None,
    }
