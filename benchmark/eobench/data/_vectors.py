"""Proportion vectors: measured, read from a region table, or perturbed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eobench.data._errors import DataError, UnsupportedError
from eobench.data._order import generator

if TYPE_CHECKING:
    from eobench.data._folder import SampleFolder
    from eobench.data._groups import Grouping
    from eobench.data._rowset import RowSet

_TRIES = 64


def measure(rows: RowSet, classes: int, what: str) -> NDArray[np.float64]:
    """Return the proportions of the classes among labelled rows (or pixels), (K,).

    Raises:
        UnsupportedError: no row is labelled.
    """
    if not rows.known.any():
        raise UnsupportedError(f"no labelled {what} rows to measure proportions on")
    return np.asarray(measure_rows(rows, np.zeros(len(rows), np.int64), 1, classes)[0])


def measure_rows(rows: RowSet, group: NDArray[np.int64], groups: int, classes: int) -> NDArray[np.float64]:
    """Return the proportions of each group of rows (or of their pixels), (groups, K); NaN where none is labelled.

    Args:
        rows: with a class each, or with the pixels of each class.
        group: (n,), -1 = in none.
        groups: their number.
        classes: K.
    """
    if not rows.pixels.shape[1]:
        return measure_groups(rows.truth, group, groups, classes)
    counts = np.zeros((groups, classes))
    inside = group >= 0
    np.add.at(counts, group[inside], rows.pixels[inside])
    return _shares(counts)


def measure_groups(
    truth: NDArray[np.int16], group: NDArray[np.int64], groups: int, classes: int
) -> NDArray[np.float64]:
    """Return the proportions of each group, (groups, K); NaN for a group without a labelled row."""
    known = (truth >= 0) & (group >= 0)
    flat = np.bincount(group[known] * classes + truth[known], minlength=groups * classes)
    return _shares(flat.reshape(groups, classes).astype(np.float64))


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    total = counts.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0))


def table_vectors(
    folder: SampleFolder, table: str, names: tuple[str, ...], grouping: Grouping
) -> NDArray[np.float64]:
    """Return a table's vectors for the named regions, (regions, K), each summing to one.

    Returns:
        NaN for a region that the table does not hold or that is zero there.

    Raises:
        DataError: the table holds none of the regions, or something that is no proportion.
    """
    rows = folder.table(table)
    name = f"{folder.header.name}: table {table!r}"
    vectors = np.full((len(names), len(grouping.names)), np.nan)
    for i, region in enumerate(names):
        if region in rows:
            vectors[i] = grouping.shares(np.asarray(rows[region], np.float64))
    known = ~np.isnan(vectors[:, 0])
    if not known.any():
        example = ", ".join(repr(n) for n in list(names)[:3])
        raise DataError(f"{name} holds none of the regions of the samples ({example}, ...)")
    if not (vectors[known] >= 0).all() or not np.isfinite(vectors[known]).all():
        raise DataError(f"{name} holds a negative or infinite proportion")
    total = vectors.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, total, out=np.full_like(vectors, np.nan), where=total > 0))


def perturb(vector: NDArray[np.float64], error: float, seed: int) -> NDArray[np.float64]:
    """Return a proportion vector that is wrong by `error`, a seeded one of many.

    Some classes, drawn by chance, lose `error` in all, in proportion to what they have; the others gain it in
    shares drawn uniformly from the simplex. So the result stays on the simplex and L1 / 2 is `error` exactly.

    Args:
        vector: (K,) on the simplex.
        error: L1 / 2, from 0 to 1 - min(vector).
        seed: the data seed.

    Raises:
        UnsupportedError: no vector on the simplex is so far away.
    """
    limit = largest_error(vector)
    if not 0.0 <= error <= limit + 1e-12:
        raise UnsupportedError(
            f"census error {error:g} cannot be: the proportions can be wrong by 0 to {limit:.3g} (L1 / 2)"
        )
    if error == 0.0:
        return vector.copy()
    draw = generator(seed, "census error")
    losing = np.ones(len(vector), np.bool_)
    losing[np.argmin(vector)] = False  # the one choice that always reaches, where chance finds none
    for _ in range(_TRIES):
        chosen = draw.random(len(vector)) < 0.5
        if not chosen.all() and vector[chosen].sum() >= error:
            losing = chosen
            break
    wrong = vector.astype(np.float64)
    wrong[losing] -= error * vector[losing] / vector[losing].sum()
    wrong[~losing] += error * draw.dirichlet(np.ones(int((~losing).sum())))
    return np.maximum(wrong, 0.0)


def largest_error(vector: NDArray[Any]) -> float:
    """Return the largest L1 / 2 distance from a vector to any other on the simplex."""
    return float(1.0 - vector.min()) if len(vector) > 1 else 0.0
