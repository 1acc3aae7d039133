"""One small and one default set, made once for all the tests that only read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from eobench_simulated._generate import generate

SMALL: dict[str, object] = {"samples": 600, "classes": 4, "regions": 6, "field_pixels": 4, "dates": 12}


@dataclass(frozen=True)
class Made:
    """A generated folder, read."""

    path: Path
    header: dict[str, Any]
    samples: pd.DataFrame
    values: NDArray[np.int16]
    valid: NDArray[np.bool_]

    def table(self, name: str) -> pd.DataFrame:
        """A region table, regions x classes in the order of the header."""
        table = pd.read_parquet(self.path / self.header["tables"][name]["file"])
        return table.pivot(index="region", columns="class", values="proportion")[self.header["classes"]]

    def shares(self) -> NDArray[np.float64]:
        return np.bincount(self.samples.label, minlength=len(self.header["classes"])) / len(self.samples)

    def ndvi(self) -> NDArray[np.float64]:
        """(N, T), NaN where there is no observation."""
        red, infrared = (
            self.values[..., self.header["modalities"]["s2"]["bands"].index(b)] for b in ("B04", "B08")
        )
        total = np.where(self.valid, red.astype(float) + infrared, np.nan)
        return (infrared.astype(float) - red) / total


def _make(folder: Path, parameters: dict[str, object]) -> Made:
    folder.mkdir()
    generate(parameters, folder)
    return Made(
        path=folder,
        header=json.loads((folder / "dataset.json").read_text()),
        samples=pd.read_parquet(folder / "samples.parquet"),
        values=np.load(folder / "s2.npy", allow_pickle=False),
        valid=np.load(folder / "s2_valid.npy", allow_pickle=False),
    )


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return _make(tmp_path_factory.mktemp("simulated") / "small", SMALL)


@pytest.fixture(scope="session")
def default(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return _make(tmp_path_factory.mktemp("simulated") / "default", {})


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Made]:
    """Make a small set with some parameters changed."""
    counter = iter(range(100))
    return lambda **parameters: _make(tmp_path / str(next(counter)), SMALL | parameters)
