"""Data sets cut from one simulated landscape: no download, and the truth is known."""

from typing import Final

from eobench.plugin import DatasetCard, Places, SuiteCard, hookimpl
from eobench_simulated.views._cards import CARDS

__all__: Final = ["eobench_datasets", "eobench_suites"]


@hookimpl
def eobench_datasets(places: Places) -> list[DatasetCard]:  # noqa: ARG001 - they need no data at hand
    """Give the cards of the simulated data sets."""
    return list(CARDS.values())


@hookimpl
def eobench_suites() -> list[SuiteCard]:
    """Give the suite that measures how hard the world is."""
    return [
        SuiteCard(
            name="world-difficulty",
            summary="how hard the simulated world is, in space and time, beside a real set",
            load="eobench_simulated:suites/world-difficulty.yaml",
        )
    ]
