"""`simulated-fields`: a year of Sentinel-2 pixel series of parcels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from eobench.plugin import Places, Value
from eobench_simulated.views._cards import FIELDS
from eobench_simulated.views._dataset import SimulatedDataset
from eobench_simulated.views._series import parse_options
from eobench_simulated.views._series_folder import write_series

TEXTS: Final = {
    "title": "Simulated fields: a year of Sentinel-2 pixel series of crops, by PROSAIL",
    "origin": "Simulated by eobench (plugin eobench_simulated): canopies of PROSPECT-D and 4SAIL in one landscape",
    "quirks": [],
}


class SimulatedFields(SimulatedDataset):
    """Pixel series (samples, dates, 12) of Sentinel-2, with the class of the parcel that most of the pixel is.

    Args:
        params: any of the card's options.
        places: where the cache lies.
        name: of the card.

    Raises:
        ParameterError: the options are impossible together.
    """

    def __init__(self, params: Mapping[str, Value], places: Places, name: str = FIELDS.name) -> None:
        super().__init__(FIELDS.resolve(params), places, name)
        self._options = parse_options(name, self.params, ("sentinel2",))

    def write(self, folder: Path) -> None:
        """Write the sample folder."""
        write_series(folder, self.name, self._options, TEXTS)
