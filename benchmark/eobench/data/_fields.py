"""Typed, checked access to the keys of a JSON object; a mistake names file, key, what was found and allowed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from eobench.data._errors import DataError, nearest

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SHOWN = 80


class Fields:
    """The keys of one JSON object.

    Attributes:
        file: that the object stands in.
        place: dotted path of the object in it; empty at the top.
        values: the object.
    """

    __slots__ = ("file", "place", "values")

    def __init__(self, file: Path, place: str, values: object) -> None:
        self.file = file
        self.place = place
        if not isinstance(values, dict):
            self._fail("", values, "an object {...}")
        self.values: dict[str, Any] = values

    def _path(self, key: str) -> str:
        return ".".join(part for part in (self.place, key) if part) or "the whole file"

    def _fail(self, key: str, found: object, allowed: str) -> NoReturn:
        shown = json.dumps(found, default=str)
        shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."
        raise DataError(f"{self.file}: {self._path(key)} is {shown}; allowed: {allowed}")

    def fail(self, message: str) -> NoReturn:
        """Raise a DataError that names the file and the object.

        Raises:
            DataError: always.
        """
        raise DataError(f"{self.file}: {self.place + ': ' if self.place else ''}{message}")

    def only(self, known: Iterable[str]) -> None:
        """Refuse keys that the format does not have: a misspelt key would be ignored in silence."""
        allowed = list(known)
        for key in self.values:
            if key not in allowed:
                self.fail(f"unknown key {key!r}.{nearest(key, allowed)} Allowed: {', '.join(allowed)}")

    def has(self, key: str) -> bool:
        """True where the key stands and is not null."""
        return self.values.get(key) is not None

    def need(self, key: str) -> Any:
        """Return a value that must be there."""
        if key not in self.values:
            close = get_close_matches(key, self.values, n=1, cutoff=0.7)
            hint = f"; is {close[0]!r} meant to be it?" if close else ""
            raise DataError(f"{self.file}: {self._path(key)} is missing{hint}")
        return self.values[key]

    def text(self, key: str) -> str:
        """Return a text that is not empty."""
        value = self.need(key)
        if not isinstance(value, str) or not value.strip():
            self._fail(key, value, "a text that is not empty")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None where the key is absent or null."""
        return self.text(key) if self.has(key) else None

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """Return one of the allowed texts."""
        value = self.need(key)
        if value not in allowed:
            words = ", ".join(repr(a) for a in allowed)
            self._fail(key, value, words + (nearest(value, allowed) if isinstance(value, str) else ""))
        return str(value)

    def member(self, key: str, allowed: Iterable[str], what: str) -> str:
        """Return a text that names something that was declared elsewhere in the file."""
        value, names = self.text(key), list(allowed)
        if value not in names:
            self._fail(key, value, f"{what}: {', '.join(names) or 'none is declared'}{nearest(value, names)}")
        return value

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self.need(key)
        if not isinstance(value, bool):
            self._fail(key, value, "true or false")
        return value

    def number(self, key: str, default: float) -> float:
        """Return a finite number."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._fail(key, value, "a finite number")
        return float(value)

    def integers(self, key: str, low: int, high: int) -> tuple[int, ...]:
        """Return a list of whole numbers between two bounds."""
        value = self.need(key)
        whole = isinstance(value, list) and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
        if not whole or not value or not all(low <= v <= high for v in value):
            self._fail(key, value, f"a list of whole numbers from {low} to {high}")
        return tuple(value)

    def texts(self, key: str, *, empty: bool) -> tuple[str, ...]:
        """Return a list of different texts; where `empty` is true it may be absent."""
        value = self.values.get(key, []) if empty else self.need(key)
        good = isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value)
        if not good or not (value or empty):
            self._fail(key, value, "a list of texts")
        twice = sorted({v for v in value if value.count(v) > 1})
        if twice:
            self._fail(key, twice[0], "each name once (this one stands twice)")
        return tuple(value)

    def filename(self, key: str) -> str:
        """Return the name of a file inside the folder; a name that leads out of it is refused."""
        value = self.text(key)
        parts = value.split("/")
        if "\\" in value or ":" in value or "\0" in value or value.startswith("/") or {"", ".", ".."} & set(parts):
            self._fail(key, value, "the name of a file inside the folder, without '..' or a leading '/'")
        return value

    def children(self, key: str, *, empty: bool) -> dict[str, Fields]:
        """Return the objects of an object by name, each name fit for a selector."""
        value = (self.values.get(key) or {}) if empty else self.need(key)
        if not isinstance(value, dict) or not (value or empty):
            self._fail(key, value, "an object with at least one entry")
        for name in value:
            if not _NAME.fullmatch(name):
                self._fail(key, name, "names of letters, digits, '_', '-' and '.'")
        return {name: Fields(self.file, self._path(f"{key}.{name}"), entry) for name, entry in value.items()}


def read_json(file: Path) -> dict[str, Any]:
    """Return the object in a JSON file; the same key twice is an error.

    Raises:
        DataError: it cannot be read, is not JSON, or holds no object.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{file}: line {error.lineno}, column {error.colno}: not valid JSON: {error.msg}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: not valid JSON: {error}") from error
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{file}: holds {type(content).__name__}, not an object {{...}}")
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {key!r} stands twice")
        found[key] = value
    return found
