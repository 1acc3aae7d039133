"""The sets of Patnala et al. that have no loader yet: what they are and where to get them. Light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eobench.data import DatasetMissingError
from eobench.plugin import Dataset, DatasetCard, Places


@dataclass(frozen=True, slots=True)
class Published:
    """A set that the paper uses.

    Attributes:
        name: of its folder under the data root.
        summary: one line.
        source: where its files are.
        licence: upstream's.
        citation: what to cite.
    """

    name: str
    summary: str
    source: str
    licence: str
    citation: str

    @property
    def get(self) -> str:
        """How to get it, in one line."""
        return (
            f"download {self.source}; there is no converter yet: write it as a sample folder {self.name}/ "
            "(docs/formats.md) and point EOBENCH_DATA or --data at the folder that holds it"
        )


_PAIRS: Final = "the files of Patnala et al. (doi:10.5281/zenodo.7737587)"
_DENETHOR: Final = "Kondmann et al. 2021, NeurIPS Datasets and Benchmarks"

PUBLISHED: Final = (
    Published(
        name="denethor_2018_pairs",
        summary="DENETHOR train region, 2018: Sentinel-2 on 144 dates with its 3 x 3 Planetscope pixels, 9 crops",
        source=f"{_PAIRS}; rebuild the pairs from the images, as those files pair by date alone",
        licence="not verified",
        citation=_DENETHOR,
    ),
    Published(
        name="denethor_2019",
        summary="DENETHOR validation region, 2019: Sentinel-2 pixel series of 144 dates, 9 crops",
        source=_PAIRS,
        licence="not verified",
        citation=_DENETHOR,
    ),
    Published(
        name="breizhcrops_2018",
        summary="BreizhCrops 2018: field means of Sentinel-2 in Brittany, more than 142 dates each, 6 crops",
        source="the year 2018 by the package breizhcrops, and leave out orchards, nuts and sunflower",
        licence="not verified",
        citation="Russwurm et al. 2020, ISPRS Archives XLIII-B2",
    ),
)


def published_cards(places: Places) -> Iterator[DatasetCard]:
    """Yield a card for each set that is not at hand; a folder under the data root has a card of its own."""
    for known in PUBLISHED:
        if places.data is None or not (places.data / known.name / "dataset.json").is_file():
            yield DatasetCard(
                name=known.name,
                summary=known.summary,
                load="eobench_contrastive._published_sets:AbsentDataset",
                citation=known.citation,
                licence=known.licence,
                origin="folder",
                get=known.get,
            )


class AbsentDataset(Dataset):
    """One of them, that is not at hand."""

    def folder(self) -> Path:
        """Raise an error that says how to get it.

        Raises:
            DatasetMissingError: always.
        """
        known = next(k for k in PUBLISHED if k.name == self.name)
        raise DatasetMissingError(f"data set {self.name!r} is not under the data root: {known.get}")
