"""Labels coarser than pixels: `python bench/llp/population.py DATA_ROOT` writes `simulated-population` there.

The second maps of Ramos-Pollan and Gonzalez are of people, counted in squares of 250 m and grouped in three: none,
some, many. Here a square of 240 m (24 x 24 pixels of `simulated-chips`) has the group that its built-up share
says: none, up to a tenth, more. All its pixels carry it; images, communes and splits stay. A network sees ten
metres and is told shares of a commune, so nothing else changes, for the method or for the score.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eobench.data import open_folder, prepare_folder, write_folder
from eobench.plugin import Places, discover

NAME, SQUARE, MANY = "simulated-population", 24, 0.1
OPTIONS = {"samples": 1024, "regions": 128, "region_contrast": 1.2, "composite": "median"}


def main() -> None:
    """Write the set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_root", type=Path, help="where the set is to lie")
    parser.add_argument("--cache", type=Path, help="where the chips are, or are to lie; else they are not kept")
    arguments = parser.parse_args()
    target = arguments.data_root / NAME
    with tempfile.TemporaryDirectory() as passing:
        places = Places(None, arguments.cache or Path(passing))
        card = discover(places).datasets["simulated-chips"]
        source = card.load_object()(card.resolve(OPTIONS), places, card.name).folder()
        print(prepare_folder(target, lambda folder: write(source, folder)))


def write(source: Path, target: Path) -> None:
    """Write the chips of a folder with groups of people in the place of land cover."""
    given = open_folder(source)
    header, columns = given.header, pd.read_parquet(source / "samples.parquet")
    write_folder(
        target,
        name=NAME,
        title="Simulated chips with three groups of people in squares of 240 m",
        classes=("none", "some", "many"),
        task="segmentation",
        modalities={"rgb": given.modality("rgb")},
        samples={str(name): column.to_numpy() for name, column in columns.items()},
        splits=header.splits,
        default_split=header.default_split,
        targets=people(given.labels() == header.classes.index("built_up")),
        groups=header.groups,
        meta={"origin": f"simulated-chips {OPTIONS} by bench/llp/population.py", "licence": "MIT"},
    )


def people(built_up: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the group of each pixel's square, (n, H, W), of where the land is built up."""
    count, height, width = built_up.shape
    squares = built_up.reshape(count, height // SQUARE, SQUARE, width // SQUARE, SQUARE).mean(axis=(2, 4))
    groups = np.where(squares == 0, 0, np.where(squares <= MANY, 1, 2)).astype(np.uint8)
    return groups.repeat(SQUARE, axis=1).repeat(SQUARE, axis=2)


if __name__ == "__main__":
    main()
