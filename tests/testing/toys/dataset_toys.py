"""A tidy data set, and one that breaks each clause of the contract."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eobench.data import DatasetMissingError, ModalityArray, ModalityInfo, SplitInfo, prepare_folder, write_folder
from eobench.plugin import Dataset, DatasetCard, Param, hookimpl

CLASSES = ("wheat", "maize", "rice")
OPTIONS = (
    Param("samples", 48, "rows", minimum=24),
    Param("noise", 0.1, "standard deviation of the noise", minimum=0),
    Param("seed", 0, "draws another set", minimum=0),
    Param("chunk", 8, "rows that are made at once", minimum=1, execution=True),
)


class Tidy(Dataset):
    """Generated as it should be."""

    def recipe(self):
        return {"params": {k: v for k, v in self.params.items() if k != "chunk"}}

    def folder(self) -> Path:
        text = json.dumps(dict(self.recipe() or {}), sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:12]
        return prepare_folder(self.places.cache / "toys" / f"{self.name}-{key}", self.write)

    def write(self, folder: Path) -> None:
        rng = np.random.default_rng(self.params["seed"])
        count = self.params["samples"]
        farm = np.arange(count) // 4
        label = rng.permutation(count) % 3
        values = rng.normal(0, self.params["noise"], (count, 5, 2)) + label[:, None, None]
        values[3, 1] = np.nan
        split = np.array(["train", "train", "val", "test"], object)[farm % 4]
        made = self.change(values.astype(np.float32), label, split, np.array([f"f{i}" for i in farm], object))
        values, label, split, farm_names = made
        info = ModalityInfo("s2", "series", (5, 2), ("red", "nir"))
        write_folder(
            folder,
            name=self.header_name(),
            title="a toy",
            classes=CLASSES,
            modalities={"s2": ModalityArray(info, values, None, np.arange(5, dtype=np.int16))},
            samples={"label": label, "split": split, "farm": farm_names},
            splits={"farm": SplitInfo("farm", "split", "farm", "grouped")},
            default_split="farm",
            groups=("farm",),
            meta={"licence": "MIT"},
        )
        self.spoil(folder)

    def change(self, values, label, split, farm):
        return values, label, split, farm

    def header_name(self) -> str:
        return self.name

    def spoil(self, folder: Path) -> None:
        """Change what was written."""


class NoSplits(Tidy):
    def spoil(self, folder):
        told = json.loads((folder / "dataset.json").read_text())
        del told["splits"]
        (folder / "dataset.json").write_text(json.dumps(told))


class OtherName(Tidy):
    def header_name(self):
        return "somebody-else"


class Infinite(Tidy):
    def change(self, values, label, split, farm):
        values[0, 0, 0] = np.inf
        return values, label, split, farm


class StrangeLabel(Tidy):
    def spoil(self, folder):
        table = pq.read_table(folder / "samples.parquet")
        label = table["label"].to_numpy().copy()
        label[5] = 9
        place = table.schema.get_field_index("label")
        pq.write_table(table.set_column(place, "label", pa.array(label)), folder / "samples.parquet")


class Misspelt(Tidy):
    def change(self, values, label, split, farm):
        split[split == "val"] = "Validation"
        return values, label, split, farm


class CutGroups(Tidy):
    def change(self, values, label, split, farm):
        return values, label, np.array(["train", "val", "test"], object)[np.arange(len(split)) % 3], farm


class Copies(Tidy):
    def change(self, values, label, split, farm):
        train, test, val = (np.flatnonzero(split == name) for name in ("train", "test", "val"))
        values[test[:2]] = values[train[0]]
        values[val[0]] = values[train[1]]
        return values, label, split, farm


class Unseen(Tidy):
    def change(self, values, label, split, farm):
        label[:] = 0
        label[split == "test"] = 2
        return values, label, split, farm


class NoTrain(Tidy):
    def change(self, values, label, split, farm):
        return values, label, np.full(len(split), "test", object), farm


class ProcessRecipe(Tidy):
    def recipe(self):
        return {**super().recipe(), "process": os.getpid()}


class Unseeded(Tidy):
    def change(self, values, label, split, farm):
        return values + np.random.default_rng().random() / 100, label, split, farm


class OwnFolderEachTime(Tidy):
    def folder(self):
        target = self.places.cache / f"toy-{os.getpid()}"
        return prepare_folder(target, self.write)


class Eager(Tidy):
    def __init__(self, params, places, name=""):
        super().__init__(params, places, name)
        places.cache.mkdir(parents=True, exist_ok=True)
        (places.cache / "index").write_text("at once")


class CacheRecipe(Tidy):
    def recipe(self):
        return {**super().recipe(), "cache": str(self.places.cache)}


class IgnoresNoise(Tidy):
    def write(self, folder):
        self.params["noise"] = 0.1
        super().write(folder)


class ForgetsNoise(Tidy):
    def recipe(self):
        return {"params": {k: v for k, v in self.params.items() if k not in ("chunk", "noise")}}

    def folder(self):
        return prepare_folder(self.places.cache / "toys" / f"noise-{self.params}".replace("/", ""), self.write)


class ChunksMatter(Tidy):
    def folder(self):
        return prepare_folder(self.places.cache / "toys" / f"chunk-{self.params}".replace("/", ""), self.write)

    def change(self, values, label, split, farm):
        return values + self.params["chunk"], label, split, farm


class WritesToRoot(Tidy):
    def folder(self):
        (self.places.data / "index.json").write_text("seen")
        return super().folder()


class AsksNetwork(Tidy):
    def folder(self):
        socket.getaddrinfo("localhost", 80)
        return super().folder()


class SeedsAll(Tidy):
    def write(self, folder):
        np.random.seed(3)  # noqa: NPY002
        super().write(folder)

    def folder(self):
        np.random.seed(3)  # noqa: NPY002
        return super().folder()


class Fragile(Tidy):
    def folder(self):
        path = super().folder()
        header = json.loads((path / "dataset.json").read_text())
        assert header["classes"]
        return path


class AtHand(Dataset):
    """Taken from under the data root, as it should be."""

    def folder(self):
        root = self.places.data
        if root is None or not (root / self.name).is_dir():
            raise DatasetMissingError(f"{self.name}: set EOBENCH_DATA to the folder that holds {self.name}/")
        return root / self.name


class Careless(AtHand):
    def folder(self):
        if not (self.places.data / self.name).is_dir():
            raise FileNotFoundError(self.name)
        return self.places.data / self.name


GENERATED = (
    *(Tidy, NoSplits, OtherName, Infinite, StrangeLabel, Misspelt, CutGroups, Copies, Unseen, NoTrain),
    *(ProcessRecipe, Unseeded, OwnFolderEachTime, Eager, CacheRecipe, IgnoresNoise, ForgetsNoise, ChunksMatter),
    *(WritesToRoot, AsksNetwork, SeedsAll, Fragile),
)


@hookimpl
def eobench_datasets(places):
    cards = [
        DatasetCard(
            name=kind.__name__.lower(),
            summary="a toy",
            load=f"dataset_toys:{kind.__name__}",
            params=OPTIONS,
            licence="MIT",
            origin="generated",
        )
        for kind in GENERATED
    ]
    at_hand = [
        DatasetCard(
            name=kind.__name__.lower(), summary="a toy", load=f"dataset_toys:{kind.__name__}", origin="folder"
        )
        for kind in (AtHand, Careless)
    ]
    return cards + at_hand
