"""What planning needs to know of a data set: its header, row counts and fingerprint; no array is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from eobench.data import DatasetMissingError, Header, SplitCounts, content_hashes, fingerprint, open_folder
from eobench.plugin import DatasetCard, Places, Value, make_dataset
from eobench.tasks._canonical import canonical, digest
from eobench.tasks._closure import closure_modules
from eobench.tasks._parts import keep_parts


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A data set that is here.

    Attributes:
        folder: its sample folder.
        header: of the folder.
        counts: (split, flag whose rows are left out, or None) -> rows of each subset.
        fingerprint: of the content, or of the recipe of a generated set.
    """

    folder: Path
    header: Header
    counts: Callable[[str, str | None], SplitCounts]
    fingerprint: str


Prober = Callable[[DatasetCard, Mapping[str, Value]], Probe]


class DatasetProbe:
    """Opens data sets through their plugins; each (name, options) once.

    Generated and converted sets are prepared at the first look.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self._found: dict[str, Probe | DatasetMissingError] = {}

    def __call__(self, card: DatasetCard, params: Mapping[str, Value]) -> Probe:
        """Return what planning needs to know.

        Raises:
            DatasetMissingError: the data is not on this machine; the message says how to get it.
            DataError: it is damaged.
        """
        key = canonical([card.name, dict(params)])
        if key not in self._found:
            try:
                self._found[key] = self._look(card, params)
            except DatasetMissingError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, DatasetMissingError):
            raise found
        return found

    def _look(self, card: DatasetCard, params: Mapping[str, Value]) -> Probe:
        dataset = make_dataset(card, params, self.places)
        folder = open_folder(dataset.folder())
        recipe = dataset.recipe()
        if recipe is None:
            mark = fingerprint(folder.path, self.places.cache)
            keep_parts(self.places.cache, mark, lambda: content_hashes(folder.path, self.places.cache))
        else:
            modules = closure_modules(card.load)
            mark = digest({"recipe": dict(recipe), "code": digest(modules)})
            options = {f"option {name}": canonical(value) for name, value in recipe.items()}
            keep_parts(self.places.cache, mark, lambda: options | modules)
        known: dict[tuple[str, str | None], SplitCounts] = {}

        def counts(split: str, exclude: str | None) -> SplitCounts:
            if (split, exclude) not in known:
                known[split, exclude] = folder.counts(split, exclude)
            return known[split, exclude]

        return Probe(folder.path, folder.header, counts, mark)
