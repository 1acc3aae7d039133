"""The same arrays as eobench's."""

import os
from pathlib import Path

import numpy as np
from benchopt import BaseDataset


class Dataset(BaseDataset):
    """A folder of the data root."""

    name = "tiny"
    parameters = {"folder": ["tiny"]}  # noqa: RUF012

    def get_data(self):
        """Read the arrays."""
        root = Path(os.environ["OVERHEAD_DATA"])
        inputs = np.load(root / self.folder / "s.npy")
        return {"inputs": inputs, "truth": np.load(root / f"{self.folder}-labels.npy")}
