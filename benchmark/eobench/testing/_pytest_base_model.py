"""The suite of base models for pytest: one test a check."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from eobench.plugin import Places, discover
from eobench.testing._base_model import BASE_MODEL, BaseModelSubject
from eobench.testing._base_model_subject import one_thread
from eobench.testing._checks import Check
from eobench.testing._pytest_outcome import report


class BaseModelContract:
    """Subclass it in a test module, under a name that begins with `Test`:

        class TestMyNet(BaseModelContract):
            base_model = "my-net[hidden=8]"
            plugins = ("my_plugin",)

    Attributes:
        base_model: selector of the base model; choose options that make it small. Its search spaces are checked
            whatever is chosen.
        plugins: modules that give it, where it is not installed.
    """  # noqa: D415

    base_model: ClassVar[str]
    plugins: ClassVar[tuple[str, ...]] = ()

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, tmp_path_factory: pytest.TempPathFactory) -> BaseModelSubject:
        """The base model, for all checks of the class."""
        scratch = tmp_path_factory.mktemp("contract")
        return BaseModelSubject(cls.base_model, discover(Places(None, scratch), cls.plugins), scratch)

    @pytest.mark.parametrize("check", list(BASE_MODEL), ids=lambda check: check.name)
    def test_contract(
        self,
        check: Check[BaseModelSubject],
        subject: BaseModelSubject,
        record_property: Callable[[str, object], None],
    ) -> None:
        """Every check of the suite."""
        report(check, subject, record_property, one_thread)
