"""From a card to the data set that it describes."""

from __future__ import annotations

from collections.abc import Mapping

from eobench.plugin._cards import DatasetCard, PluginError
from eobench.plugin._hooks import Places
from eobench.plugin._interfaces import Dataset


def make_dataset(card: DatasetCard, params: Mapping[str, object], places: Places) -> Dataset:
    """Load the class that a card describes and return the data set; nothing is generated or read yet.

    Args:
        card: of the data set.
        params: options that were chosen; the others take their defaults.
        places: where data lies.

    Raises:
        ParameterError: an unknown option, or a value that is not allowed.
        PluginError: the class cannot be loaded, is no `Dataset`, or does not take `(params, places, name)`.
    """
    values = card.resolve(params)
    kind = card.load_object()
    if not (isinstance(kind, type) and issubclass(kind, Dataset)):
        raise PluginError(f"data set {card.name!r}: {card.load!r} is not a subclass of eobench.plugin.Dataset")
    try:
        return kind(values, places, name=card.name)
    except TypeError as error:
        raise PluginError(
            f"data set {card.name!r}: {card.load!r} cannot be made with (params, places, name=...): {error}"
        ) from error
