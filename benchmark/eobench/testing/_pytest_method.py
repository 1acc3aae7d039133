"""The contract of methods as a pytest class to subclass."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from eobench.plugin import Places, discover
from eobench.testing._checks import Check
from eobench.testing._method_contract import METHOD_CONTRACT
from eobench.testing._method_subject import MethodSubject
from eobench.testing._pytest_outcome import report


class MethodContract:
    """One test for each clause of the contract; a clause that does not apply is skipped, with its reason.

    Example:
        ```python
        from eobench.testing import MethodContract

        class TestMyMethod(MethodContract):
            method = "my-method[strength=1]"
            plugins = ("my_methods",)  # not needed once the plugin is installed
        ```

    Attributes:
        method: `name`, or `name[option=value]`.
        plugins: further plugin modules by import name.
        base_model: `family[option=value]`, where the method needs one; None: the first family that fits, at its
            smallest.
    """

    method: ClassVar[str]
    plugins: ClassVar[tuple[str, ...]] = ()
    base_model: ClassVar[str | None] = None

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, tmp_path_factory: pytest.TempPathFactory) -> MethodSubject:
        """The method, with its data sets, shared by the checks of the class."""
        scratch = tmp_path_factory.mktemp("method")
        registry = discover(Places(None, scratch / "cache"), cls.plugins)
        data = scratch / "data"
        data.mkdir()
        return MethodSubject(cls.method, registry, data, cls.base_model)

    @pytest.mark.parametrize("check", list(METHOD_CONTRACT), ids=lambda check: check.name)
    def test_contract(
        self, subject: MethodSubject, check: Check[MethodSubject], record_property: Callable[[str, object], None]
    ) -> None:
        """Every check of the suite."""
        report(check, subject, record_property)
