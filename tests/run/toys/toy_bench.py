"""A bench to run toy cells on."""

from dataclasses import replace

from toy_cells import PLUGINS, cell, registry, write_toy

from eobench.plugin import Places, Shelf
from eobench.run import RunOptions, run


class Bench:
    """A cache, a toy folder and a way to run cells on it."""

    def __init__(self, tmp_path):
        self.places = Places(None, tmp_path / "cache")
        self.toy = write_toy(tmp_path / "toy")
        self.note = tmp_path / "note.txt"
        self.registry = registry(self.places)
        self.warnings = []

    def cell(self, method, **more):
        return cell(method, **({"folder": self.toy} | more))

    def run(self, cells, name="r", listeners=(), progress=None, work=None, **options):
        chosen = {"jobs": 1, "device": "cpu", "plugins": PLUGINS, "entry_points": False} | options
        shelf = Shelf("listener")
        for card in listeners:
            shelf.add(card, "test")
        found = replace(self.registry, listeners=shelf)
        more = {"progress": progress, "warn": self.warnings.append, "work": work}
        return run(cells, found, self.places, name, RunOptions(**chosen), **more)

    def noted(self):
        return self.note.read_text().splitlines() if self.note.exists() else []
