"""Simulated sets, made once for all the tests that only read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from eobench.plugin import Places, make_dataset
from eobench_simulated.views._cards import CARDS

SMALL: dict[str, Any] = {"samples": 360, "crops": 4, "regions": 4, "dates": 12}


@dataclass(frozen=True)
class Made:
    """A generated folder, read."""

    path: Path

    @cached_property
    def header(self) -> dict[str, Any]:
        header: dict[str, Any] = json.loads((self.path / "dataset.json").read_text())
        return header

    @cached_property
    def samples(self) -> pd.DataFrame:
        return pd.read_parquet(self.path / "samples.parquet")

    def values(self, modality: str = "s2") -> NDArray[np.int16]:
        """(N, T, C)"""
        return np.load(self.path / self.header["modalities"][modality]["file"], allow_pickle=False)

    @cached_property
    def valid(self) -> NDArray[np.bool_]:
        return np.load(self.path / "valid.npy", allow_pickle=False)

    def table(self, name: str, by: str = "region") -> pd.DataFrame:
        """A region table, regions x classes in the order of the header."""
        table = pd.read_parquet(self.path / self.header["tables"][name]["file"])
        return table.pivot(index=by, columns="class", values="proportion")[self.header["classes"]]

    def counts(self, by: str) -> pd.DataFrame:
        """Labelled rows by some column and class."""
        labelled = self.samples[self.samples.label >= 0]
        counts = labelled.groupby([by, "label"]).size().unstack(fill_value=0)
        return counts.reindex(columns=range(len(self.header["classes"])), fill_value=0)

    def bytes(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in self.path.iterdir()}


def make_set(cache: Path, name: str, options: dict[str, Any]) -> Made:
    card = CARDS[name]
    return Made(make_dataset(card, card.resolve(options), Places(None, cache)).folder())


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("simulated")


@pytest.fixture(scope="session")
def make(shared_cache: Path) -> Callable[..., Made]:
    """Make a small set with some options changed; the same options give the same folder."""

    def call(name: str = "simulated-fields", **options: Any) -> Made:
        known = {param.name for param in CARDS[name].params}
        return make_set(shared_cache, name, {k: v for k, v in SMALL.items() if k in known} | options)

    return call


@pytest.fixture(scope="session")
def small(make: Callable[..., Made]) -> Made:
    return make()


@pytest.fixture(scope="session")
def default(shared_cache: Path) -> Made:
    return make_set(shared_cache, "simulated-fields", {})
