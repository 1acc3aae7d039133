"""Sample folders under the data root, each a data set by its name; and the suites over the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from eobench.data import DataError, ForeignFormatError, read_header
from eobench.plugin import DatasetCard, Param, Places, SuiteCard, hookimpl
from eobench_datasets._known import KNOWN
from eobench_datasets._origin import Known

__all__: Final = ["eobench_datasets", "eobench_suites"]

_LOAD: Final = "eobench_datasets._folder:FolderDataset"
_PARAMS: Final = (
    Param(
        "bands", None, "use these bands alone, such as ndvi+evi, of samples and pools; null: all of them", kind=str
    ),
)
_POOL: Final = (
    Param(
        "pool_mask",
        None,
        "keep the rows of series pools whose NDVI moves over the year: deviation-0.15 those of at least this "
        "standard deviation, percentile-25 those from this percentile of it; null: all of them",
        kind=str,
    ),
)


@hookimpl
def eobench_datasets(places: Places) -> list[DatasetCard]:
    """Give a card for every sample folder at hand, and for the known ones that are not."""
    found = {card.name: card for card in _at_hand(places.data)}
    absent = [_absent(known) for known in KNOWN.values() if known.name not in found]
    return sorted([*found.values(), *absent], key=lambda card: card.name)


@hookimpl
def eobench_suites() -> list[SuiteCard]:
    """Give the suites over the real data sets."""
    return [
        SuiteCard(
            name="real-longer",
            summary="one longer cell for each network family, beside the forest, on us_s2_cdl",
            load="eobench_datasets:suites/real-longer.yaml",
        ),
        SuiteCard(
            name="real-sets",
            summary="the core's methods on real satellite data, at every level that they support",
            load="eobench_datasets:suites/real-sets.yaml",
        ),
    ]


def _at_hand(root: Path | None) -> Iterator[DatasetCard]:
    if root is None or not root.is_dir():
        return
    for folder in sorted(root.iterdir()):
        if folder.name.startswith(".") or not (folder / "dataset.json").is_file():
            continue
        card = _card(folder)
        if card is not None:
            yield card


def _card(folder: Path) -> DatasetCard | None:
    """The card of one folder; None where it is sound but of another format. Only its JSON is read."""
    try:
        header = read_header(folder)
    except ForeignFormatError:
        return None
    except DataError as error:  # using it raises the same error; the other sets are none the worse
        return DatasetCard(
            name=folder.name, summary=f"damaged: {error}", load=_LOAD, params=_PARAMS, origin="folder"
        )
    licence, citation = header.meta.get("licence"), header.meta.get("citation")
    return DatasetCard(
        name=folder.name,
        summary=header.title,
        load=_LOAD,
        params=(*_PARAMS, *_POOL) if header.pools else _PARAMS,
        citation=citation if isinstance(citation, str) else None,
        licence=licence if isinstance(licence, str) else None,
        origin="folder",
    )


def _absent(known: Known) -> DatasetCard:
    return DatasetCard(
        name=known.name,
        summary=known.title,
        load=_LOAD,
        params=(*_PARAMS, *_POOL) if known.pool else _PARAMS,
        citation=known.citation,
        licence=known.licence,
        origin="folder",
        get=known.get,
    )
