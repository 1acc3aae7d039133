"""The base model that a method is tried with."""

from __future__ import annotations

import math

from eobench.data import EobenchError
from eobench.plugin import BaseModelCard, Choice, MethodCard, Range, Registry, Selector, Value


def choose_model(
    card: MethodCard, registry: Registry, selector: str | None
) -> tuple[BaseModelCard, dict[str, Value]] | None:
    """Return a family and its configuration: the one asked for, or the smallest of the first that fits.

    Args:
        card: of the method.
        registry: that has the families.
        selector: `family[option=value]`.

    Returns:
        None where the method needs no base model.

    Raises:
        EobenchError: an unknown family or option, one that does not fit or is not needed, or none that fits.
    """
    if card.needs_base_model is None:
        if selector is not None:
            raise EobenchError(f"{card.name} needs no base model: leave {selector!r} out")
        return None
    if selector is not None:
        parsed = Selector.parse(selector)
        family = registry.base_models[parsed.name]
        if not card.takes_model(family):
            raise EobenchError(
                f"{card.name} needs a base model {card.needs_base_model}; {family.name} is "
                f"{family.takes}->{family.gives}"
            )
        return family, family.resolve(smallest(family) | dict(parsed.params))
    for family in registry.base_models.values():
        if card.takes_model(family):
            return family, family.resolve(smallest(family))
    raise EobenchError(
        f"{card.name} needs a base model {card.needs_base_model}, and no plugin gives one: install or write one"
    )


def smallest(family: BaseModelCard) -> dict[str, Value]:
    """Return the first value of each choice of the `small` space, and the middle of each range."""
    found: dict[str, Value] = {}
    for name, axis in family.spaces.get("small", {}).items():
        if isinstance(axis, Choice):
            found[name] = axis.values[0]
        elif isinstance(axis, Range):
            found[name] = math.sqrt(axis.low * axis.high) if axis.log else (axis.low + axis.high) / 2
    return found
