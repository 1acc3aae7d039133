"""docs/checking.md lists every check of every suite, in its own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from eobench.testing._base_model import BASE_MODEL
from eobench.testing._dataset import DATASET
from eobench.testing._method_suite import METHOD_CONTRACT

PAGE = (Path(__file__).parents[2] / "docs" / "checking.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("title", "suite"), [("Methods", METHOD_CONTRACT), ("Data sets", DATASET), ("Base models", BASE_MODEL)]
)
def test_the_page_lists_the_checks_as_they_are(title, suite):
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    listed = [line for line in section.splitlines() if line.startswith("| `")]
    assert listed == [f"| `{check.name}` | {check.doc} |" for check in suite]
