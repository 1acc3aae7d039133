"""`simulated-pairs`: what Sentinel-2 and Planetscope see of the same 10 m pixels on the same days."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from eobench.plugin import Places, Value
from eobench_simulated.views._cards import PAIRS
from eobench_simulated.views._dataset import SimulatedDataset
from eobench_simulated.views._series import parse_options
from eobench_simulated.views._series_folder import write_series

TEXTS: Final = {
    "title": "Simulated pairs: Sentinel-2 and Planetscope series of the same pixels, by PROSAIL",
    "origin": "Simulated by eobench (plugin eobench_simulated): canopies of PROSPECT-D and 4SAIL in one landscape",
    "quirks": [
        "planet: the 3 x 3 pixels of 3.33 m inside the Sentinel-2 pixel, band by band, each row by row from the "
        "north-west; row i and date t of both modalities are the same place on the same day",
        "a date is valid where Sentinel-2 and all nine Planetscope pixels are clear",
        "unlabelled rows (the option pool) lie in the train part of each split, or are in none of its parts",
    ],
}


class SimulatedPairs(SimulatedDataset):
    """Two modalities of the same rows and days: `s2` (N, dates, 12) and `planet` (N, dates, 36).

    For bi-modal pre-training as Patnala et al. do it, with every 10 m pixel paired with its own 3 x 3 Planetscope
    pixels (their published code pairs by date alone). N is `samples` labelled and `pool` unlabelled rows.

    Args:
        params: any of the card's options.
        places: where the cache lies.
        name: of the card.

    Raises:
        ParameterError: the options are impossible together.
    """

    def __init__(self, params: Mapping[str, Value], places: Places, name: str = PAIRS.name) -> None:
        super().__init__(PAIRS.resolve(params), places, name)
        self._options = parse_options(name, self.params, ("sentinel2", "planetscope"))

    def write(self, folder: Path) -> None:
        """Write the sample folder."""
        write_series(folder, self.name, self._options, TEXTS)
