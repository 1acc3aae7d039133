"""`simulated-fields` as a data set of the harness."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Final

from eobench.data import prepare_folder
from eobench.plugin import Dataset, Places, Value
from eobench_simulated._parameters import NAME, parse_parameters
from eobench_simulated._table import TABLE

FOLDER: Final = "generated"


class SimulatedFields(Dataset):
    """Makes the folder for its parameters once, in the cache; each set of parameters has its own.

    Args:
        params: Any of the card's options.
        places: Where the cache lies.
        name: Of the card.

    Raises:
        ParameterError: The options are impossible together.
    """

    def __init__(self, params: Mapping[str, Value], places: Places, name: str = NAME) -> None:
        super().__init__(params, places, name)
        self._parameters = parse_parameters(params)

    def recipe(self) -> Mapping[str, object]:
        """What identifies the set besides this package's code: its options, and the table it reads."""
        return {"name": NAME, "params": asdict(self._parameters), "canopy_table": _digest((TABLE,))}

    def folder(self) -> Path:
        """The sample folder, made first where it is not there yet."""
        identity = json.dumps({**self.recipe(), "code": _digest(_sources())}, sort_keys=True)
        name = f"{NAME}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
        return prepare_folder(self.places.cache / FOLDER / name, self._generate)

    def _generate(self, folder: Path) -> None:
        from eobench_simulated._generate import generate  # planning a set that is there needs no pandas

        generate(asdict(self._parameters), folder)


@cache
def _digest(files: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.name}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def _sources() -> tuple[Path, ...]:
    """This package's modules: a folder that older code made is not this code's."""
    return tuple(sorted(Path(__file__).parent.glob("*.py")))
