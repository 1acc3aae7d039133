"""The reference pages are what the code says now, and a name without a docstring cannot hide."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def old(written: dict[str, str], folder: Path) -> list[str]:
    return [n for n, text in written.items() if not (folder / n).exists() or (folder / n).read_text() != text]


def test_the_api_reference_is_what_the_docstrings_say(api_reference):
    found = old(api_reference.reference(), DOCS / "api")
    assert not found, f"docs/api: {', '.join(found)}: run scripts/api_reference.py"


@pytest.mark.parametrize("page", ["commands", "columns", "plugins"])
def test_a_reference_page_is_what_the_code_says(reference, page):
    found = old({f"{page}.md": getattr(reference, page)()}, DOCS)
    assert not found, f"docs: {', '.join(found)}: run scripts/reference.py"


def test_the_reference_has_no_page_that_nothing_writes(api_reference):
    assert {p.stem for p in (DOCS / "api").iterdir()} == set(api_reference.MODULES)


PACKAGE = '''"""A package."""

from toy._inside import Thing, WrongError, count, Words

__all__ = ["Thing", "Words", "WrongError", "count"]
'''
INSIDE = '''"""What is inside."""

from collections.abc import Mapping
from dataclasses import dataclass

Words = Mapping[str, int]
"""How often each word was seen."""


class WrongError(ValueError):
    """Something is wrong, a < b say."""


@dataclass(frozen=True)
class Thing:
    """A thing; `count` makes one.

    Attributes:
        size: in metres | feet.
        words: of it.
    """

    size: float
    words: Words | None = None

    @property
    def volume(self) -> float:
        """In litres."""
        return self.size**3

    def grow(self, by: float = 1.0, *, slowly: bool = False) -> "Thing":
        """Return a larger thing.

        Args:
            by: how much.
            slowly: or at once.

        Returns:
            A new one.

        Raises:
            WrongError: `by` is negative.
        """


def count(*texts: str) -> Thing:
    """Count words."""
'''


@pytest.fixture
def written(tmp_path, api_reference):
    """The page of a toy package, after changes to its source."""

    def write(*changes: tuple[str, str]) -> str:
        inside = INSIDE
        for before, after in changes:
            assert before in inside
            inside = inside.replace(before, after)
        package = tmp_path / "toy"
        package.mkdir()
        (package / "__init__.py").write_text(PACKAGE)
        (package / "_inside.py").write_text(inside)
        return api_reference.reference({"toy": "toy"}, tmp_path)["toy.md"]

    return write


def test_an_entry_has_signature_attributes_and_what_is_raised(written):
    page = written()
    assert "class Thing(size: float, words: Words | None = None)" in page
    assert "def grow(by: float = 1.0, *, slowly: bool = False) -> 'Thing'" in page or "-> Thing" in page
    assert "| `size` | `float` | in metres \\| feet. |" in page
    assert "| `volume` | `float` | In litres. |" in page
    assert "- `slowly`: or at once." in page
    assert "**Returns** A new one." in page
    assert "- [`WrongError`](#wrongerror): `by` is negative." in page


def test_names_are_linked_in_text_types_and_signatures(written):
    page = written()
    assert "A thing; [`count`](#count) makes one." in page
    assert '<code><a href="#words">Words</a> &#124; None</code>' in page
    assert "See [`Thing`](#thing)." in page  # of count(), whose code block cannot hold a link


def test_names_stand_under_what_they_are(written):
    page = written()
    assert (
        page.index("## Classes") < page.index("### Thing") < page.index("## Functions") < page.index("### count")
    )
    assert page.index("## Errors") < page.index("### WrongError") < page.index("## Types and constants")


@pytest.mark.parametrize(
    ("docstring", "name"),
    [
        ('    """Something is wrong, a < b say."""\n', "WrongError"),
        ('    """Count words."""\n', "count"),
        ('"""How often each word was seen."""\n', "Words"),
        ('        """In litres."""\n', "volume"),
        ("        words: of it.\n", "words"),
    ],
)
def test_a_public_name_without_a_docstring_is_an_error(written, api_reference, docstring, name):
    kept = "    pass\n" if name in ("WrongError", "count") else ""
    with pytest.raises(api_reference.DocstringError, match=name):
        written((docstring, kept))


def test_a_docstring_that_names_a_parameter_that_is_not_there_is_an_error(written, api_reference):
    with pytest.raises(api_reference.DocstringError, match="speed"):
        written(("            by: how much.\n", "            speed: how much.\n"))
