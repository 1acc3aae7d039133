"""The suite of data sets for pytest: one test a check."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from eobench.plugin import Places, discover
from eobench.testing._checks import Check
from eobench.testing._dataset import DATASET, DatasetSubject
from eobench.testing._pytest_outcome import report


class DatasetContract:
    """Subclass it in a test module, under a name that begins with `Test`:

        class TestMyFields(DatasetContract):
            dataset = "my-fields[samples=200]"
            plugins = ("my_plugin",)

    Data is looked for under `EOBENCH_DATA`; where it is absent, checks are skipped with how to get it.

    Attributes:
        dataset: selector of the data set; choose options that make it small.
        plugins: modules that give it, where it is not installed.
    """  # noqa: D415

    dataset: ClassVar[str]
    plugins: ClassVar[tuple[str, ...]] = ()

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, tmp_path_factory: pytest.TempPathFactory) -> DatasetSubject:
        """The data set, prepared once for all checks of the class."""
        root = os.environ.get("EOBENCH_DATA")
        scratch = tmp_path_factory.mktemp("contract")
        places = Places(Path(root) if root else None, scratch)
        return DatasetSubject(cls.dataset, discover(places, cls.plugins), places, scratch)

    @pytest.mark.parametrize("check", list(DATASET), ids=lambda check: check.name)
    def test_contract(
        self, check: Check[DatasetSubject], subject: DatasetSubject, record_property: Callable[[str, object], None]
    ) -> None:
        """Every check of the suite."""
        report(check, subject, record_property)
