"""Canonical JSON: one text for one value, whatever the order in which it was built."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """Return canonical JSON: keys sorted, no whitespace, floats as `repr` writes them, ASCII only.

    Raises:
        ValueError: a NaN or an infinity, which JSON does not have.
        TypeError: something that is no JSON value.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON, hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
