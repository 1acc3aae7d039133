"""What all simulated data sets share: a folder for each set of options, made once."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from eobench.data import prepare_folder
from eobench.plugin import Dataset

PACKAGE: Final = Path(__file__).parents[1]
TABLE: Final = PACKAGE / "canopy_table.npz"
FOLDER: Final = "generated"


class SimulatedDataset(Dataset):
    """Base of the simulated data sets.

    A subclass checks its options together when it is made, and writes the folder with `_writer.write_arrays`.
    """

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write the sample folder into `folder`, which an interrupted call may have left half-written."""

    def recipe(self) -> Mapping[str, object]:
        """What identifies the set besides this package's code: its options, and the table it reads."""
        return {"name": self.name, "params": self.params, "canopy_table": _digest((TABLE,))}

    def folder(self) -> Path:
        """The sample folder, made first where it is not there yet."""
        identity = json.dumps({**self.recipe(), "code": _digest(_sources())}, sort_keys=True)
        name = f"{self.name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
        return prepare_folder(self.places.cache / FOLDER / name, self.write)


@cache
def _digest(files: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.name}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def _sources() -> tuple[Path, ...]:
    """This package's modules: a folder that older code made is not this code's."""
    return tuple(sorted(PACKAGE.rglob("*.py")))
