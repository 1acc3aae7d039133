"""Options of plugins: declared once, validated everywhere (YAML, command line, code)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from eobench.data import EobenchError, unknown

Value = bool | int | float | str | None
"""What an option may be."""


class ParameterError(EobenchError):
    """An option does not exist or its value is not allowed."""


@dataclass(frozen=True, slots=True)
class Param:
    """One option of a plugin.

    Attributes:
        name: as written in `name[param=value]`.
        default: also fixes the type (`1` int, `1.0` float, `True` bool, `"a"` str); `None` needs `kind`.
        doc: one line.
        kind: the type where the default is None; such an option may also be given as None (`null`).
        choices: all allowed values; empty: any.
        minimum: smallest allowed number.
        maximum: largest allowed number.
        execution: True where it does not change the numbers (a chunk size, say): it stays out of the identity.
    """

    name: str
    default: Value
    doc: str
    kind: type[bool] | type[int] | type[float] | type[str] | None = None
    choices: tuple[Value, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    execution: bool = False

    @property
    def type(self) -> type[bool] | type[int] | type[float] | type[str]:
        """The type that values are checked against."""
        if self.kind is not None:
            return self.kind
        if self.default is None:
            raise TypeError(f"Param({self.name!r}): a default of None needs `kind`")
        return type(self.default)

    @property
    def allowed(self) -> str:
        """What may be written, in words."""
        if self.choices:
            return "one of " + ", ".join(repr(c) for c in self.choices)
        words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[self.type]
        if self.minimum is not None and self.maximum is not None:
            words += f" from {self.minimum:g} to {self.maximum:g}"
        elif self.minimum is not None:
            words += f" of at least {self.minimum:g}"
        elif self.maximum is not None:
            words += f" of at most {self.maximum:g}"
        return words + (" or null" if self.default is None else "")

    def check(self, value: object, owner: str) -> Value:
        """Return the value in its type.

        Args:
            value: what was given.
            owner: whose option it is, for the message.

        Raises:
            ParameterError: it is of another type, or not allowed.
        """
        converted = self._convert(value)
        if isinstance(converted, _Wrong):
            raise ParameterError(f"{owner}: option {self.name!r} is {value!r}; allowed: {self.allowed}")
        return converted

    def _convert(self, value: object) -> Value | _Wrong:
        if value is None:
            return None if self.default is None or None in self.choices else _Wrong()
        kind = self.type
        result: Value
        if kind is bool:
            if not isinstance(value, bool):
                return _Wrong()
            result = value
        elif kind is str:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                return _Wrong()
            result = str(value)
        else:
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                return _Wrong()
            if kind is int and float(value) != int(value):
                return _Wrong()
            result = int(value) if kind is int else float(value)
            if self.minimum is not None and result < self.minimum:
                return _Wrong()
            if self.maximum is not None and result > self.maximum:
                return _Wrong()
        if self.choices and result not in self.choices:
            return _Wrong()
        return result


class _Wrong:
    """Marks a value that is not allowed (None may be)."""


def resolve(params: tuple[Param, ...], given: Mapping[str, object], owner: str) -> dict[str, Value]:
    """Return all options with their values: those given, checked, and defaults for the rest.

    Raises:
        ParameterError: an unknown option, or a value that is not allowed.
    """
    known = {p.name: p for p in params}
    for name in given:
        if name not in known:
            raise ParameterError(f"{owner}: {unknown('option', name, known)}")
    return {name: p.check(given[name], owner) if name in given else p.default for name, p in known.items()}
