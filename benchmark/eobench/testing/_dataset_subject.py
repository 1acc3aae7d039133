"""The data set under check: prepared, opened and checked once for all the checks that look at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from eobench.data import DatasetMissingError, EobenchError, Finding, SampleFolder, check_folder, open_folder
from eobench.plugin import Dataset, DatasetCard, Places, Registry, Selector, Value, format_value, make_dataset
from eobench.tasks import DatasetProbe
from eobench.testing._checks import CheckFailed, Contract, NotApplicable

ROOT_CHANGED: Final = "files of the data root"
Files = Mapping[str, tuple[int, int]]


class DatasetSubject:
    """A data set with its options, and a scratch folder to prepare it in.

    Args:
        selector: `name[option=value,split=name,modalities=a+b]`.
        registry: that has its card.
        places: whose data root is read; nothing is written outside `scratch`.
        scratch: an empty folder.

    Raises:
        EobenchError: an unknown name or option.
    """

    def __init__(self, selector: str, registry: Registry, places: Places, scratch: Path) -> None:
        parsed = Selector.parse(selector)
        given = dict(parsed.params)
        split, modalities = given.pop("split", None), given.pop("modalities", None)
        self.card: DatasetCard = registry.datasets[parsed.name]
        self.params: dict[str, Value] = self.card.resolve(given)
        self.split = None if split is None else format_value(split)
        self.modalities = tuple(m.strip() for m in format_value(modalities).split("+")) if modalities else ()
        self.modules = tuple(plugin.module for plugin in registry.plugins)
        self.data = places.data
        self.scratch = scratch
        self.notes: list[str] = []
        self.root_before = self.root_files()

    def places(self, cache: str) -> Places:
        """Return the data root with a cache of its own for each name."""
        return Places(self.data, self.scratch / cache)

    def make(self, cache: str = "first", **changed: Value) -> Dataset:
        """Return the data set, with some options changed."""
        return make_dataset(self.card, self.params | changed, self.places(cache))

    def note(self, text: str) -> None:
        """Leave a note on the outcome of the running check."""
        self.notes.append(text)

    @cached_property
    def _opened(self) -> SampleFolder | EobenchError:
        try:
            return open_folder(self.make().folder())
        except EobenchError as error:
            return error

    @property
    def opened(self) -> SampleFolder:
        """The sample folder, prepared and opened.

        Raises:
            NotApplicable: the data is not on this machine, or the folder does not open (which is another check's).
        """
        found = self._opened
        if isinstance(found, DatasetMissingError):
            raise NotApplicable(f"the data is not here: {found}")
        if isinstance(found, EobenchError):
            raise NotApplicable(f"the folder does not open: {found}")
        return found

    def open(self) -> SampleFolder:
        """Return the opened folder.

        Raises:
            CheckFailed: it does not open.
            NotApplicable: the data is not on this machine.
        """
        found = self._opened
        if isinstance(found, EobenchError) and not isinstance(found, DatasetMissingError):
            raise CheckFailed(str(found))
        return self.opened

    @cached_property
    def _findings(self) -> list[Finding]:
        return check_folder(self.opened.path)

    def findings(self, *about: str) -> list[Finding]:
        """Return what `check_folder` found about some topics; of the chosen split, where one was chosen."""
        self.opened  # noqa: B018  not applicable where there is no folder
        others = [f"split {name}: " for name in self.opened.header.splits if self.split not in (None, name)]
        return [f for f in self._findings if f.about in about and not f.text.startswith(tuple(others))]

    def require(self, *about: str, noted: tuple[str, ...] = ("warning",)) -> None:
        """Note the findings of some levels about some topics.

        Raises:
            CheckFailed: one of them is an error.
        """
        found = self.findings(*about)
        for finding in found:
            if finding.level in noted:
                self.note(finding.text)
        errors = [f.text for f in found if f.level == "error"]
        if errors:
            raise CheckFailed("; ".join(errors))

    def fingerprint(self, cache: str = "first", **changed: Value) -> str:
        """Return the fingerprint as planning takes it, in a cache of its own for each name."""
        return DatasetProbe(self.places(cache))(self.card, self.params | changed).fingerprint

    def elsewhere(self, cache: str) -> subprocess.Popen[str]:
        """Begin to prepare the data set in another process, with another hash seed; `heard` gives its answer."""
        where = self.places(cache)
        job = {
            "name": self.card.name,
            "params": self.params,
            "modules": self.modules,
            "data": None if where.data is None else str(where.data),
            "cache": str(where.cache),
        }
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PYTHONHASHSEED": "7"}
        child = subprocess.Popen(
            [sys.executable, "-c", "from eobench.testing._dataset_child import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        if child.stdin is not None:
            child.stdin.write(json.dumps(job))
            child.stdin.close()
            child.stdin = None
        return child

    def heard(self, child: subprocess.Popen[str]) -> dict[str, Any]:
        """Return `folder` and `fingerprint` of a data set prepared in another process.

        Raises:
            CheckFailed: it ended otherwise.
        """
        out, err = child.communicate()
        if child.returncode:
            last = (err.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
            raise CheckFailed(f"in another process it cannot be prepared: {last}")
        answer: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
        return answer

    def root_files(self) -> Files:
        """Return size and time of the data root's own entries and of this set's files there, by name."""
        if self.data is None or not self.data.is_dir():
            return {}
        own = self.data / self.card.name
        found = [*self.data.iterdir(), *(own.rglob("*") if own.is_dir() else ())]
        files = {str(f.relative_to(self.data)): f.lstat() for f in found}
        return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in files.items()}

    @property
    def prepared(self) -> bool:
        """True where the folder is generated or converted, False where it lies under the data root."""
        return self.card.origin != "folder"

    def require_prepared(self) -> None:
        """Leave a check that is for generated and converted sets only.

        Raises:
            NotApplicable: the folder is at hand, or the data is not here.
        """
        if not self.prepared:
            raise NotApplicable("the folder is taken as it lies under the data root: nothing is prepared")
        self.opened  # noqa: B018  not applicable where the data is missing


def structure(folder: SampleFolder) -> object:
    """Return all that a header says of its arrays, without what it says in words."""
    return replace(folder.header, name="", title="", meta={})


DATASET: Final[Contract[DatasetSubject]] = Contract()
