"""Observed dates of pixels as one table, and series of features that an encoder makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.data import EobenchError, Inputs, ModalityArray, ModalityInfo, nearest
from eobench_contrastive.networks import DateEncoder

TABLE_BYTES = 2**30
"""Of all observed dates that pre-training holds; rows stand in random order, so the first are a fair draw."""
ROWS_AT_ONCE = 1024


def sensor_of(inputs: Inputs, name: str) -> str:
    """Return the modality of this name, or the first where the name is empty.

    Raises:
        EobenchError: there is none of this name.
    """
    names = [modality.info.name for modality in inputs.modalities]
    if name and name not in names:
        raise EobenchError(
            f"sensor {name!r}: the inputs have no such modality.{nearest(name, names)} "
            f"They have: {', '.join(names)}"
        )
    return name or names[0]


def partner_of(inputs: Inputs, sensor: str, name: str) -> str:
    """Return the modality of this name, or the first that is not the sensor.

    Raises:
        EobenchError: there is none.
    """
    names = [m.info.name for m in inputs.modalities if m.info.name != sensor]
    if not names or (name and name not in names):
        raise EobenchError(
            f"bimodal-simclr: no partner {name or 'modality'!r} beside {sensor!r} in the data that it is "
            f"pre-trained on (others: {', '.join(names) or 'none'}); name a data set with both as pretrain_on"
        )
    return name or names[0]


def only(inputs: Inputs, *names: str) -> Inputs:
    """Return inputs of these modalities, in this order."""
    found = {modality.info.name: modality for modality in inputs.modalities}
    return replace(inputs, modalities=tuple(found[name] for name in names))


def observed_dates(
    inputs: Inputs, names: Sequence[str], strangers: np.random.Generator | None = None
) -> list[NDArray[np.float32]]:
    """Return (M, C) raw values of each modality named; row i is the same pixel on the same day in all.

    A date is taken where all of them observed it.

    Args:
        inputs: any with these modalities.
        names: of modalities.
        strangers: where given, rows of all but the first modality are exchanged within each date, so that only
            the date is shared (`quirks=pairing`).
    """
    chosen = replace(only(inputs, *names), fill=None)
    most = max(1, TABLE_BYTES // (4 * int(np.prod(chosen.shape))))
    parts, steps = [], []
    for rows in _slices(min(len(chosen), most)):
        batch = chosen.batch(rows)
        parts.append(batch.values.transpose(0, 2, 1)[batch.valid])
        steps.append(np.nonzero(batch.valid)[1])
    table = np.concatenate(parts) if parts else np.zeros((0, chosen.channels), np.float32)
    widths = [len(modality.info.bands) for modality in chosen.modalities]
    tables = [np.ascontiguousarray(part) for part in np.split(table, np.cumsum(widths)[:-1], axis=1)]
    if strangers is None or not parts:
        return tables
    order = _exchanged(np.concatenate(steps), strangers)
    return [tables[0], *(part[order] for part in tables[1:])]


def encoded(encoder: DateEncoder, inputs: Inputs, rows: NDArray[np.int64] | None = None) -> Inputs:
    """Return series of features of the given rows (default all), (n, T, outputs); unobserved dates stay gaps.

    Args:
        encoder: frozen, in evaluation mode.
        inputs: of its sensor alone.
        rows: of the inputs.

    Raises:
        EobenchError: it was pre-trained on other bands.
    """
    if inputs.channels != len(encoder.mean):
        raise EobenchError(
            f"the encoder was pre-trained on {len(encoder.mean)} bands; these inputs have {inputs.channels} "
            f"({', '.join(inputs.bands[:4])}, ...): choose the same modality for both, with the option sensor"
        )
    chosen = np.arange(len(inputs)) if rows is None else rows
    device = encoder.mean.device
    values = np.zeros((len(chosen), inputs.steps, encoder.outputs), np.float32)
    valid = np.zeros(values.shape[:2], np.bool_)
    days = np.zeros(valid.shape, np.int16)
    with torch.inference_mode():
        for part in _slices(len(chosen)):
            batch = replace(inputs, fill=None).batch(chosen[part])
            valid[part], days[part] = batch.valid, batch.days
            seen = torch.from_numpy(batch.values.transpose(0, 2, 1)[batch.valid]).to(device)
            if len(seen):
                values[part][batch.valid] = encoder(seen).cpu().numpy()
    return feature_series(values, valid, days)


def feature_series(values: NDArray[np.float32], valid: NDArray[np.bool_], days: NDArray[np.int16]) -> Inputs:
    """Return features (n, T, width), with their mask and days (n, T), as inputs."""
    bands = tuple(f"f{number}" for number in range(values.shape[2]))
    info = ModalityInfo("features", "series", values.shape[1:], bands)
    return Inputs.of(ModalityArray(info, values, valid, days))


def _exchanged(steps: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """An order of rows in which each takes the place of another of its own step."""
    order = np.arange(len(steps))
    for step in np.unique(steps):
        found = np.flatnonzero(steps == step)
        order[found] = generator.permutation(found)
    return order


def _slices(count: int) -> Iterator[slice]:
    for start in range(0, count, ROWS_AT_ONCE):
        yield slice(start, min(start + ROWS_AT_ONCE, count))
