"""What the tests of the documents share: the pages, and the scripts that write some of them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def scripts() -> Iterator[tuple[ModuleType, ModuleType]]:
    """The modules `reference` and `api_reference`."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        yield importlib.import_module("reference"), importlib.import_module("api_reference")
    finally:
        sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture(scope="session")
def reference(scripts: tuple[ModuleType, ModuleType]) -> ModuleType:
    """scripts/reference.py."""
    return scripts[0]


@pytest.fixture(scope="session")
def api_reference(scripts: tuple[ModuleType, ModuleType]) -> ModuleType:
    """scripts/api_reference.py."""
    return scripts[1]


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    """All pages for users: path below the repository -> text."""
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return {str(f.relative_to(ROOT)): f.read_text(encoding="utf-8") for f in files}
