"""What a worker keeps between cells: the registry, and the scenes that it built last."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eobench.data import DatasetMissingError, Kind, SampleFolder, Scene, TestOn, build_scene
from eobench.data import open_folder as _open
from eobench.plugin import Places, Registry, Target, discover
from eobench.tasks import Cell, DatasetRef, data_seed

SCENES = 3
_shops: dict[str, Workshop] = {}


class Workshop:
    """The registry of one set of plugins, with opened folders and the scenes built last.

    Args:
        places: where things lie.
        plugins: further plugin modules.
        entry_points: False leaves installed plugins out.
    """

    def __init__(self, places: Places, plugins: tuple[str, ...], *, entry_points: bool) -> None:
        self.places = places
        self.registry: Registry = discover(places, plugins, entry_points=entry_points)
        self._folders: dict[str, SampleFolder] = {}
        self._scenes: OrderedDict[str, Scene] = OrderedDict()

    def folder(self, ref: DatasetRef) -> SampleFolder:
        """Return the opened folder of a data set.

        Raises:
            DatasetMissingError: the data is not here.
        """
        if ref.folder is None:
            how = self.registry.datasets[ref.name].get if ref.name in self.registry.datasets else ""
            raise DatasetMissingError(f"data set {ref.name!r} is not on this machine. {how}".strip())
        if ref.folder not in self._folders:
            self._folders[ref.folder] = _open(Path(ref.folder))
        return self._folders[ref.folder]

    def scene(self, cell: Cell) -> Scene:
        """Return what a cell sees and is scored on; the same object while it is kept.

        Raises:
            DatasetMissingError: its data, or that of `test_on`, is not here.
            UnsupportedError: the combination cannot be.
        """
        ref, other = cell.dataset, cell.test_on
        folder = self.folder(ref)
        elsewhere = None
        if other is not None:
            elsewhere = TestOn(
                there := self.folder(other), other.split or there.header.default_split, other.modalities
            )
        flatten, seed = self.flattens(cell), data_seed(cell)
        places = [(r.folder, r.split, r.modalities) for r in (ref, other) if r is not None]
        key = repr((places, cell.supervision, cell.knobs, seed, flatten))
        if key not in self._scenes:
            while len(self._scenes) >= SCENES:
                self._scenes.popitem(last=False)
            self._scenes[key] = frozen(
                build_scene(
                    folder,
                    split=ref.split or folder.header.default_split,
                    modalities=ref.modalities,
                    supervision=cell.supervision,
                    knobs=cell.knobs,
                    seed=seed,
                    flatten=flatten,
                    test_on=elsewhere,
                )
            )
        self._scenes.move_to_end(key)
        return self._scenes[key]

    def kind(self, ref: DatasetRef) -> Kind:
        """Return the kind of a data set's inputs."""
        modalities = self.folder(ref).header.modalities
        name = ref.modalities[0] if ref.modalities else next(iter(modalities))
        return modalities[name].info.kind

    def flattens(self, cell: Cell) -> bool:
        """True where images become pixel series, as neither method nor base model takes images."""
        kinds = set(self.registry.methods[cell.method].kinds)
        if cell.base_model is not None:
            kinds &= {self.registry.base_models[cell.base_model.family].takes}
        kind = self.kind(cell.dataset)
        return kind != "series" and kind not in kinds and "series" in kinds

    def target(self, cell: Cell) -> Target:
        """Return the shape of the data set's targets."""
        return "dense" if self.folder(cell.dataset).header.targets is not None else "class"


def workshop(job: Mapping[str, Any]) -> Workshop:
    """Return this worker's workshop for a job's places and plugins, made at first use."""
    key = json.dumps([job["places"], job["plugins"], job["entry_points"]])
    if key not in _shops:
        data, cache = job["places"]["data"], job["places"]["cache"]
        places = Places(None if data is None else Path(data), Path(cache))
        _shops[key] = Workshop(places, tuple(job["plugins"]), entry_points=job["entry_points"])
    return _shops[key]


def frozen(thing: Any) -> Any:
    """Make every array in a tree of dataclasses read-only, so that no method changes another cell's view."""
    if isinstance(thing, np.ndarray):
        if thing.flags.writeable:
            thing.setflags(write=False)
    elif is_dataclass(thing) and not isinstance(thing, type):
        for field in fields(thing):
            frozen(getattr(thing, field.name))
    elif isinstance(thing, tuple):
        for part in thing:
            frozen(part)
    return thing
