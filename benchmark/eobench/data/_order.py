"""Seeded orders that depend on what samples hold, never on where they stand.

Every draw of the core (row order, label budgets, bags, held-out rows) sorts rows by a seeded 64-bit mix of their
content hash. Reordering a data set therefore changes nothing, and two draws with different salts are independent.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def seed_key(seed: int, salt: str) -> np.uint64:
    """Return 64 bits for one draw: of the data seed and the draw's name."""
    digest = hashlib.sha256(f"{seed}/{salt}".encode()).digest()
    return np.uint64(int.from_bytes(digest[:8], "little"))


def generator(seed: int, salt: str) -> np.random.Generator:
    """Return a random generator for one draw that is not over rows."""
    return np.random.default_rng(int(seed_key(seed, salt)))


def mix(ids: NDArray[np.uint64], seed: int, salt: str) -> NDArray[np.uint64]:
    """Return a seeded bijection of 64-bit ids: equal ids stay equal, all else looks random.

    The finaliser of SplitMix64 (Steele et al. 2014), twice, with keys of the seed and the salt between.
    """
    mixed = _finalise(ids.astype(np.uint64) ^ seed_key(seed, salt))
    return _finalise(mixed ^ seed_key(seed, f"{salt}/again"))


def _finalise(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = x ^ (x >> np.uint64(30))
    x = x * np.uint64(0xBF58476D1CE4E5B9)  # wraps around, as it should
    x = x ^ (x >> np.uint64(27))
    x = x * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def order_by(key: NDArray[np.uint64], *ties: NDArray[Any]) -> NDArray[np.int64]:
    """Return the rows sorted by a key; rows with equal keys are sorted by the ties, the first one first."""
    order = np.argsort(key, kind="stable")
    if ties and len(key) > 1:
        ordered = key[order]
        if (ordered[1:] == ordered[:-1]).any():
            order = np.lexsort((*reversed(ties), key))
    return order.astype(np.int64, copy=False)
