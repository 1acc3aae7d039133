"""Types of the fields of a task file: what may be written, in YAML and in JSON Schema."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from eobench.data import LEVELS, LabelBudget, Level, nearest
from eobench.plugin import Card, Param, Selector, SelectorError, Value

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_LABELS = re.compile(r"(?:(?P<count>[1-9][0-9]*)\s*/\s*class|(?P<share>[0-9]+(?:\.[0-9]+)?)\s*%)")
_MEMORY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]i?)?B?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS |= {f"{unit}i": 1024**power for power, unit in enumerate("kmgt", start=1)}

# What may be written in the brackets of a supervision level.
LEVEL_OPTIONS: dict[Level, tuple[Param, ...]] = {
    "full": (),
    "few": (),
    "bags": (),
    "regions": (Param("by", None, "group column whose places are the regions", kind=str),),
    "global": (Param("area", "train", "where the vector is measured", choices=("train", "all")),),
    "census": (
        Param("source", None, "where the vector comes from", kind=str, choices=("table", "perturbed")),
        Param("error", None, "error of a perturbed vector, L1 / 2", kind=float, minimum=0, maximum=1),
        Param("by", None, "group column that the table speaks of", kind=str),
    ),
    "none": (),
}
_LEVEL_CARDS = {level: Card(name=level, summary="", load="", params=LEVEL_OPTIONS[level]) for level in LEVELS}


class OneOrMany:
    """Marks a list for which one value may be written; an empty list is an error."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Wrap one value into a list, then check the list."""
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Say that one value may be written too."""
        many = handler(schema)
        return {"anyOf": [many["items"], {**many, "minItems": 1}]}


def _listed(value: object) -> object:
    if value == [] or value is None:
        raise ValueError("is empty: write at least one value")
    return value if isinstance(value, list) else [value]


def _name(text: str) -> str:
    if not re.fullmatch(_NAME, text):
        raise ValueError(f"{text!r} is not a name: letters, digits, '.', '_' and '-', a letter or digit first")
    return text


def _selector(text: str) -> str:
    try:
        return str(Selector.parse(text))
    except SelectorError as error:
        raise ValueError(str(error)) from None


def parse_level(text: str) -> tuple[Level, dict[str, Value]]:
    """Return a supervision level with all its options, from `census[source=perturbed,error=0.1]`.

    Raises:
        ValueError: an unknown level or option, or a value that is not allowed; the message says so.
    """
    selector = Selector.parse(text)
    level = next((known for known in LEVELS if known == selector.name), None)
    if level is None:
        close = nearest(selector.name, LEVELS)
        raise ValueError(f"{selector.name!r} is not a level.{close} Allowed: {', '.join(LEVELS)}")
    options = _LEVEL_CARDS[level].resolve(selector.params)
    if level == "census":
        _check_census(options)
    return level, options


def _check_census(options: dict[str, Value]) -> None:
    if options["source"] is None:
        options["source"] = "table" if options["error"] is None else "perturbed"
    if options["source"] == "table" and options["error"] is not None:
        raise ValueError("census: a table is as wrong as it is: `error` goes with source=perturbed")
    if options["source"] == "perturbed" and options["by"] is not None:
        raise ValueError("census: a perturbed vector is one for all rows: `by` goes with source=table")


def _level(text: str) -> str:
    try:
        parse_level(text)
    except Exception as error:  # every error of the parts is the user's, and says what is wrong
        raise ValueError(str(error)) from None
    return text.strip()


def parse_labels(text: str) -> LabelBudget:
    """Return a label budget from `5/class` or `20%`.

    Raises:
        ValueError: it is of another form, or no label at all, or more than all.
    """
    found = _LABELS.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a label budget; allowed: such as '5/class' or '20%'")
    if found["count"]:
        return LabelBudget(per_class=int(found["count"]))
    share = float(found["share"])
    if not 0 < share <= 100:
        raise ValueError(f"{text!r} is not a label budget: a share is more than 0% and at most 100%")
    return LabelBudget(percent=float(f"{share:g}"))  # as it is written back


def _labels(text: str) -> str:
    return str(parse_labels(text))


def parse_memory(value: object) -> int:
    """Return bytes from `8GiB`, `500 MB` or a number of bytes.

    Raises:
        ValueError: it is of another form, or zero.
    """
    found = (
        _MEMORY.fullmatch(str(value).strip())
        if isinstance(value, str | int) and not isinstance(value, bool)
        else None
    )
    size = int(float(found[1]) * _UNITS[(found[2] or "").lower()]) if found else 0
    if size <= 0:
        raise ValueError(f"{value!r} is not a size of memory; allowed: such as 8GiB, 500MB, or a number of bytes")
    return size


Name = Annotated[str, AfterValidator(_name), Field(json_schema_extra={"pattern": f"^{_NAME}$"})]
Written = Annotated[
    str,
    AfterValidator(_selector),
    Field(description="`name` or `name[param=value,...]`", examples=["ncc[scaling=band]"]),
]
LevelText = Annotated[
    str,
    AfterValidator(_level),
    Field(
        description=f"one of {', '.join(LEVELS)}, with options such as `regions[by=tile]`", examples=list(LEVELS)
    ),
]
LabelsText = Annotated[
    str,
    AfterValidator(_labels),
    Field(description="labels a class (`5/class`) or a share of train (`20%`)", examples=["5/class", "20%"]),
]
Memory = Annotated[
    int,
    BeforeValidator(parse_memory),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "examples": ["8GiB", "500MB"]}, {"type": "integer", "minimum": 1}]}
    ),
]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Positive = Annotated[int, Field(ge=1, lt=2**31)]
BudgetName = Literal["quick", "paper"]
