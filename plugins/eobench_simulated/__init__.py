"""The embedded data set `simulated-fields`: needs no download, and its truth is known."""

from typing import Final

from eobench.plugin import DatasetCard, Places, hookimpl
from eobench_simulated._parameters import CARD, CLASSES

__all__: Final = ["CLASSES", "eobench_datasets"]


@hookimpl
def eobench_datasets(places: Places) -> list[DatasetCard]:  # noqa: ARG001 - it needs no data at hand
    """Give the card of `simulated-fields`."""
    return [CARD]
