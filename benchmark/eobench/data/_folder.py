"""A sample folder: header and columns at once, arrays only when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eobench.data._header import Header
from eobench.data._inputs import Inputs, ModalityArray


@dataclass(frozen=True, slots=True, eq=False)
class SampleFolder:
    """A `sample-folder/1`, opened by `open_folder`.

    Attributes:
        path: of the folder.
        header: its checked `dataset.json`.
    """

    path: Path
    header: Header

    def column(self, name: str) -> NDArray[np.generic]:
        """Return one column of samples.parquet, (N,); strings as object arrays."""
        raise NotImplementedError

    def labels(self) -> NDArray[np.int16]:
        """Return class indices, -1 = unlabelled: (N,), or (N, H, W) from the targets file (ignore -> -1)."""
        raise NotImplementedError

    def modality(self, name: str) -> ModalityArray:
        """Return a modality over all N samples, memory-mapped and checked."""
        raise NotImplementedError

    def pool(self, name: str) -> ModalityArray:
        """Return one of the header's pools, memory-mapped."""
        raise NotImplementedError

    def inputs(self, modalities: tuple[str, ...] | None = None) -> Inputs:
        """Return the chosen modalities (default: all) over all N samples."""
        raise NotImplementedError

    def table(self, name: str) -> Mapping[str, NDArray[np.float64]]:
        """Return a region table: region name (as text) -> (K,) proportions in the order of the classes."""
        raise NotImplementedError


def open_folder(path: Path) -> SampleFolder:
    """Open a sample folder: read and check its header; no array is opened.

    Raises:
        DataError: it is not a sample folder, or its header is not what the format says.
    """
    raise NotImplementedError(path)
