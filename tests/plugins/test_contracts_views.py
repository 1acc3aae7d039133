"""The image views of the simulated world keep the contract of data sets."""

from __future__ import annotations

from eobench.testing import DatasetContract


class TestSimulatedPatches(DatasetContract):
    dataset = "simulated-patches[samples=160,crops=4,regions=4,dates=4,cloud_fraction=0.6,haze=0.2]"


class TestSimulatedChips(DatasetContract):
    dataset = "simulated-chips[samples=16,crops=4,regions=4,cloud_fraction=0.6,haze=0.2]"


class TestSimulatedSeriesImages(DatasetContract):
    dataset = "simulated-series-images[samples=10,crops=4,regions=5,dates=4,size=32]"


class TestSimulatedScenes(DatasetContract):
    dataset = "simulated-scenes[samples=8,pool=4,crops=4,regions=4,size=64,cloud_fraction=0.6,haze=0.2]"
