"""What the methods of this plugin share: which rows are learned from, and how series become tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from eobench.data import Inputs, UnsupportedError, View
from eobench.plugin import RunContext, Value
from eobench_base_models.options import FillName, Scaling
from eobench_base_models.training import Preparation
from eobench_prototypes.clustering import require_rows

_CHUNK_BYTES = 64_000_000


def preparation_of(inputs: Inputs, params: Mapping[str, Value]) -> Preparation:
    """Return how series become tensors, by the options `fill` and `scaling`; statistics are those of `inputs`."""
    return Preparation.of(inputs, cast("FillName", params["fill"]), cast("Scaling", params["scaling"]))


def tensors(
    inputs: Inputs, preparation: Preparation, device: torch.device, rows: NDArray[np.int64] | None = None
) -> Iterator[torch.Tensor]:
    """Yield prepared series (B, C, T), chunk by chunk, in the order of `rows` (default: all)."""
    chosen = np.arange(len(inputs)) if rows is None else rows
    channels, steps = inputs.shape
    size = max(1, _CHUNK_BYTES // (4 * steps * max(channels, steps)))
    for start in range(0, len(chosen), size):
        yield preparation.tensor(inputs, chosen[start : start + size], device)


def prepared(
    inputs: Inputs, preparation: Preparation, device: torch.device, rows: NDArray[np.int64] | None = None
) -> torch.Tensor:
    """Return prepared series (n, C, T) as one tensor."""
    parts = list(tensors(inputs, preparation, device, rows))
    return torch.cat(parts) if parts else torch.zeros((0, *inputs.shape), device=device)


def labelled_rows(view: View, run: RunContext, params: Mapping[str, Value], name: str) -> NDArray[np.int64]:
    """Return the labelled rows that are learned from: a share `subset` of them, at most `fit_rows`.

    Args:
        view: of level `full` or `few`.
        run: whose seed draws.
        params: `fit_rows`, and `subset` where the method has it.
        name: of the method, for the message.

    Raises:
        UnsupportedError: no row is labelled.
    """
    rows = view.labelled
    if view.labels is None or not len(rows):
        raise UnsupportedError(f"{name} needs labelled rows, and the view has none")
    return drawn(rows, run, params)


def clustered_rows(view: View, run: RunContext, params: Mapping[str, Value], name: str) -> NDArray[np.int64]:
    """Return the rows that a clustering learns from: at most `fit_rows`, but not fewer than `clusters`.

    Raises:
        UnsupportedError: the view has fewer rows than clusters.
    """
    clusters = cast("int", params["clusters"])
    require_rows(len(view), clusters, name)
    return drawn(np.arange(len(view)), run, params, least=clusters)


def drawn(
    rows: NDArray[np.int64], run: RunContext, params: Mapping[str, Value], least: int = 1
) -> NDArray[np.int64]:
    """Return a seeded draw of rows by the options `subset` and `fit_rows`, in their order; not below `least`."""
    share, cap = cast("float", params.get("subset", 1.0)), params["fit_rows"]
    count = round(share * len(rows))
    if cap is not None:
        count = min(count, int(cap))
    if max(count, least) >= len(rows):
        return rows
    return np.sort(run.generator("rows").choice(rows, max(count, least), replace=False))


def pack(preparation: Preparation) -> dict[str, Any]:
    """Return a preparation as what JSON can hold, exactly."""
    return {
        "fill": preparation.fill,
        "mean": [float(v) for v in preparation.mean],
        "deviation": [float(v) for v in preparation.deviation],
        "by_series": preparation.by_series,
        "mask": preparation.mask,
    }


def unpack(given: Mapping[str, Any]) -> Preparation:
    """Return the preparation that `pack` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    if given["fill"] not in ("linear", "gaussian", "zero"):
        raise ValueError(f"fill is {given['fill']!r}")
    return Preparation(
        cast("FillName", given["fill"]),
        np.asarray(given["mean"], np.float32),
        np.asarray(given["deviation"], np.float32),
        bool(given["by_series"]),
        bool(given["mask"]),
    )
