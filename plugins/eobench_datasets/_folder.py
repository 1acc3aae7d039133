"""A sample folder under the data root."""

from __future__ import annotations

from pathlib import Path

from eobench.data import DatasetMissingError, read_header
from eobench.plugin import Dataset
from eobench_datasets._bands import choose_bands, parse_bands
from eobench_datasets._known import KNOWN
from eobench_datasets._pool_mask import masked_pools, parse_mask


class FolderDataset(Dataset):
    """The sample folder `<data root>/<name>`, as it lies there; the data root is never written to.

    With `bands=a+b` it is a copy in the cache that has these bands alone, in this order; with `pool_mask` one
    whose pools of series hold farmed land alone.
    """

    def folder(self) -> Path:
        """Return the folder, its header checked.

        Raises:
            DatasetMissingError: there is no data root, or it has no such folder; or bands are chosen, and the copy
                may not be made now.
            DataError: it is damaged.
            ParameterError: the option `bands` names what is not there, or no pool can be masked as
                `pool_mask` says.
        """
        path = self._path()
        header = read_header(path)
        text = self.params.get("bands")
        bands = None if text is None else parse_bands(self.name, str(text), header)
        if (mask := self.params.get("pool_mask")) is not None:
            path = masked_pools(path, parse_mask(self.name, str(mask)), self.places.cache)
        return path if bands is None else choose_bands(path, bands, self.places.cache)

    def _path(self) -> Path:
        root = self.places.data
        if root is None:
            raise DatasetMissingError(
                f"data set {self.name!r} lies under the data root, and none is set: set EOBENCH_DATA or --data to "
                f"the folder that holds {self.name}/.{self._source()}"
            )
        path = root / self.name
        if not path.is_dir():
            what = f"has no folder {self.name}" if root.is_dir() else "does not exist"
            if (root / "dataset.json").is_file():
                what = "is itself a sample folder, not the folder above it"
            raise DatasetMissingError(
                f"data set {self.name!r}: the data root {root} {what}: set EOBENCH_DATA or --data to the folder "
                f"that holds {self.name}/.{self._source()}"
            )
        return path

    def _source(self) -> str:
        known = KNOWN.get(self.name)
        if known is None:
            return ""
        return f" Source: {known.source}" if known.converted else f" To get it, {known.get}"
