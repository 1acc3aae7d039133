"""The data set under check: prepared, opened and checked once for all the checks that look at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

from eobench.data import DatasetMissingError, EobenchError, Finding, SampleFolder, check_folder, open_folder
from eobench.plugin import Dataset, DatasetCard, Places, Registry, Selector, Value, format_value, make_dataset
from eobench.tasks import DatasetProbe
from eobench.testing._checks import CheckFailed, Contract, NotApplicable

_CHILD: Final = "from eobench.testing._dataset_child import main; main()"
_PATIENCE: Final = 900
"""Seconds after which another process is given up: a large set may take its time."""
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

    def elsewhere(self, cache: str, processes: int = 1) -> list[dict[str, Any]]:
        """Prepare the data set in other processes at once, with another hash seed, in one cache.

        Returns:
            `folder` and `fingerprint` from each.

        Raises:
            CheckFailed: one of them ended otherwise.
        """
        where = self.places(cache)
        job = {
            "name": self.card.name,
            "params": self.params,
            "modules": self.modules,
            "data": None if where.data is None else str(where.data),
            "cache": str(where.cache),
        }
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PYTHONHASHSEED": "7"}
        command = [sys.executable, "-c", _CHILD, json.dumps(job)]
        with ExitStack() as stack:
            # Files, not pipes: one that prints much must not wait for us while we wait for another.
            said = [
                (stack.enter_context(TemporaryFile()), stack.enter_context(TemporaryFile()))
                for _ in range(processes)
            ]
            children = [
                subprocess.Popen(command, stdout=out, stderr=err, env=environment)  # noqa: S603  our own code
                for out, err in said
            ]
            try:
                codes = [child.wait(_PATIENCE) for child in children]
            except subprocess.TimeoutExpired:
                raise CheckFailed(f"in another process it is not prepared within {_PATIENCE} s") from None
            finally:
                for child in children:
                    child.kill()
                    child.wait()
            return [_answer(code, *files) for code, files in zip(codes, said, strict=True)]

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
        """True where the folder lies in the cache: generated, converted, or cut by an option from one at hand."""
        if self.card.origin != "folder":
            return True
        found, cache = self._opened, self.places("first").cache.resolve()
        chosen = self.params != self.card.resolve({})
        return chosen and isinstance(found, SampleFolder) and cache in found.path.resolve().parents

    def require_prepared(self) -> None:
        """Leave a check that is for generated and converted sets only.

        Raises:
            NotApplicable: the folder is at hand, or the data is not here.
        """
        if not self.prepared:
            raise NotApplicable("the folder is taken as it lies under the data root: nothing is prepared")
        self.opened  # noqa: B018  not applicable where the data is missing


def _answer(code: int, out: IO[bytes], err: IO[bytes]) -> dict[str, Any]:
    """The last line that a child printed, as JSON; the last line of its traceback where it failed."""
    out.seek(0)
    err.seek(0)
    if code:
        last = (err.read().decode(errors="replace").strip().splitlines() or [f"exit code {code}"])[-1]
        raise CheckFailed(f"in another process it cannot be prepared: {last}")
    answer: dict[str, Any] = json.loads(out.read().decode().strip().splitlines()[-1])
    return answer


def structure(folder: SampleFolder) -> object:
    """Return all that a header says of its arrays, without what it says in words."""
    return replace(folder.header, name="", title="", meta={})


DATASET: Final[Contract[DatasetSubject]] = Contract()
