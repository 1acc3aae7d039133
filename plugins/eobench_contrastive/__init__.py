"""Contrastive pre-training of encoders of single dates, with one sensor or two. Light: cards only."""

from eobench.plugin import MethodCard, hookimpl
from eobench_contrastive._cards import BIMODAL, SCARF


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return the methods."""
    return [SCARF, BIMODAL]
