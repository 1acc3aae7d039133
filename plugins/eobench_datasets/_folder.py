"""A sample folder under the data root."""

from __future__ import annotations

from pathlib import Path

from eobench.data import DatasetMissingError, read_header
from eobench.plugin import Dataset
from eobench_datasets._known import KNOWN


class FolderDataset(Dataset):
    """The sample folder `<data root>/<name>`, as it lies there; the data root is never written to."""

    def folder(self) -> Path:
        """Return the folder, its header checked.

        Raises:
            DatasetMissingError: there is no data root, or it has no such folder.
            DataError: its `dataset.json` is damaged.
        """
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
        read_header(path)
        return path

    def _source(self) -> str:
        known = KNOWN.get(self.name)
        return f" Source: {known.source}" if known is not None else ""
