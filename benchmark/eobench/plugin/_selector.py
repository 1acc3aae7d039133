"""Selectors: `name[param=value,other=value]`, the same in YAML and on the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from eobench.data import EobenchError
from eobench.plugin._params import Value

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")


class SelectorError(EobenchError):
    """A selector is not of the form `name[param=value,...]`."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A name with chosen options.

    Attributes:
        name: of a plugin object.
        params: the options as written, typed as YAML would (`true`, `3`, `0.1`, `null`, text).
    """

    name: str
    params: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Selector:
        """Parse `name` or `name[param=value,...]`.

        Raises:
            SelectorError: it is of another form, or an option stands twice.
        """
        stripped = text.strip()
        name, bracket, rest = stripped.partition("[")
        name = name.strip()
        if not _NAME.fullmatch(name) or (bracket and not rest.endswith("]")):
            raise SelectorError(f"{text!r} is not of the form name[param=value,...]")
        params: dict[str, Value] = {}
        for part in rest[:-1].split(",") if rest[:-1].strip() else []:
            key, equals, value = part.partition("=")
            key = key.strip()
            if not equals or not key:
                raise SelectorError(f"{text!r}: {part.strip()!r} is not of the form param=value")
            if key in params:
                raise SelectorError(f"{text!r}: option {key!r} stands twice")
            params[key] = parse_value(value.strip())
        return cls(name, params)

    def __str__(self) -> str:
        if not self.params:
            return self.name
        return f"{self.name}[{','.join(f'{k}={format_value(v)}' for k, v in self.params.items())}]"


def parse_value(text: str) -> Value:
    """Return the value that YAML would read, quotes removed."""
    if text in ("true", "True"):
        return True
    if text in ("false", "False"):
        return False
    if text in ("null", "None", "~", ""):
        return None
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if math.isfinite(number):  # `nan` and `inf` are text: no option takes them
            return number
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def format_value(value: Value) -> str:
    """Return the text that `parse_value` reads back."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
