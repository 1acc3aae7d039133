"""Methods that learn from bags with label proportions. Light: cards only."""

from eobench.plugin import MethodCard, hookimpl
from eobench_proportions._cards import CARDS


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return the methods."""
    return list(CARDS)
