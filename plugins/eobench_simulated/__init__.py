"""Data sets cut from one simulated landscape: no download, and the truth is known."""

from typing import Final

from eobench.plugin import DatasetCard, Places, hookimpl
from eobench_simulated.views._cards import CARDS

__all__: Final = ["eobench_datasets"]


@hookimpl
def eobench_datasets(places: Places) -> list[DatasetCard]:  # noqa: ARG001 - they need no data at hand
    """Give the cards of the simulated data sets."""
    return list(CARDS.values())
