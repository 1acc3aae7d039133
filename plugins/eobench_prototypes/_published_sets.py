"""The four sets of Vincent et al. that have no loader yet: what they are and where to get them. Light."""

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


PUBLISHED: Final = (
    Published(
        name="pastis",
        summary="PASTIS: Sentinel-2 image series of 2,433 patches in France, 2018-2019, 19 crop classes",
        source="PASTIS.zip, 29 GB (doi:10.5281/zenodo.5012942)",
        licence="CC BY 4.0",
        citation="Sainte Fare Garnot and Landrieu 2021, ICCV",
    ),
    Published(
        name="timesen2crop",
        summary="TimeSen2Crop: a million Sentinel-2 pixel series in Austria, 2017-2018, 16 crop classes",
        source="TimeSen2Crop.zip (doi:10.5281/zenodo.4715631)",
        licence="CC BY 4.0",
        citation="Weikmann, Paris and Bruzzone 2021, IEEE J-STARS 14:4699-4708",
    ),
    Published(
        name="south_africa",
        summary="SA: daily Planet Fusion series of fields in South Africa, 2017, 5 crop classes",
        source="the South African part of the AI4FoodSecurity challenge (Planet Fusion; once on Radiant MLHub)",
        licence="not verified",
        citation="Planet, Radiant Earth, Western Cape Department of Agriculture and DLR 2021",
    ),
    Published(
        name="denethor",
        summary="DENETHOR: daily Planet Fusion series of fields in Brandenburg, 2018 and 2019, 9 crop classes",
        source="the German part of the AI4FoodSecurity challenge (Planet Fusion; once on Radiant MLHub)",
        licence="not verified",
        citation="Kondmann et al. 2021, NeurIPS Datasets and Benchmarks",
    ),
)


def published_cards(places: Places) -> Iterator[DatasetCard]:
    """Yield a card for each set that is not at hand; a folder under the data root has a card of its own."""
    for known in PUBLISHED:
        if places.data is None or not (places.data / known.name / "dataset.json").is_file():
            yield DatasetCard(
                name=known.name,
                summary=known.summary,
                load="eobench_prototypes._published_sets:AbsentDataset",
                citation=known.citation,
                licence=known.licence,
                origin="folder",
                get=known.get,
            )


class AbsentDataset(Dataset):
    """One of the four, that is not at hand."""

    def folder(self) -> Path:
        """Raise an error that says how to get it.

        Raises:
            DatasetMissingError: always.
        """
        known = next(k for k in PUBLISHED if k.name == self.name)
        raise DatasetMissingError(f"data set {self.name!r} is not under the data root: {known.get}")
