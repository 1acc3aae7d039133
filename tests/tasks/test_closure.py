"""The closure: a comment changes nothing, a helper changes everything that uses it, and nothing else counts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from eobench.plugin import PluginError
from eobench.tasks import code_closure

ENTRY = "clo._method:Thing"


@pytest.fixture
def plugin(modules):
    modules("clo/__init__.py", "CARD = 'one line'\n")
    modules(
        "clo/_method.py", '"""A method."""\nfrom clo._helper import add\n\n\nclass Thing:\n    value = add(1, 2)\n'
    )
    modules("clo/_helper.py", "def add(a, b):\n    return a + b\n")
    return modules


def rewritten(write, name: str, text: str) -> str:
    """Return the closure after a file was written; its time of change moves on."""
    path = write(name, text)
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))
    return code_closure(ENTRY)


def test_comments_docstrings_and_blank_lines_change_nothing(plugin):
    before = code_closure(ENTRY)
    text = '"""A."""\n# why\nfrom clo._helper import add\nclass Thing:\n    """B."""\n    value = add(1,\n 2)\n'
    assert rewritten(plugin, "clo/_method.py", text) == before
    text = 'def add(a, b):\n    """Add."""\n    return (a + b)  # the sum\n'
    assert rewritten(plugin, "clo/_helper.py", text) == before


def test_a_changed_number_changes_the_hash(plugin):
    before = code_closure(ENTRY)
    text = "from clo._helper import add\n\nclass Thing:\n    value = add(1, 3)\n"
    assert rewritten(plugin, "clo/_method.py", text) != before


@pytest.mark.parametrize(
    "how",
    [
        "from clo._helper import add",
        "from ._helper import add",
        "from . import _helper",
        "from clo import _helper",
        "import clo._helper",
        "import clo._helper as helper",
        "def late():\n    from clo._helper import add",
        "def late():\n    import importlib\n    return importlib.import_module('clo._helper')",
        "try:\n    import missing_library\nexcept ImportError:\n    from clo._helper import add",
    ],
)
def test_a_helper_counts_however_it_is_imported(plugin, how):
    plugin("clo/_method.py", how + "\nclass Thing: ...\n")
    before = code_closure(ENTRY)
    assert rewritten(plugin, "clo/_helper.py", "def add(a, b):\n    return a - b\n") != before


def test_a_helper_of_a_helper_counts_and_circles_end(plugin):
    plugin("clo/_helper.py", "from clo._deep import one\nadd = one\n")
    plugin("clo/_deep.py", "from clo._helper import add\none = 1\n")
    before = code_closure(ENTRY)
    assert rewritten(plugin, "clo/_deep.py", "from clo._helper import add\none = 2\n") != before


def test_a_helper_in_another_package_beside_counts(plugin):
    plugin("elsewhere_pkg/__init__.py", "")
    plugin("elsewhere_pkg/tools.py", "x = 1\n")
    plugin("clo/_helper.py", "from elsewhere_pkg.tools import x as add\n")
    before = code_closure(ENTRY)
    assert rewritten(plugin, "elsewhere_pkg/tools.py", "x = 2\n") != before


def test_the_cards_of_its_own_package_do_not_count(plugin):
    before = code_closure(ENTRY)
    assert rewritten(plugin, "clo/__init__.py", "CARD = 'another line'\n") == before


def test_a_name_that_an_init_passes_on_is_followed_to_where_it_is_from(plugin):
    plugin("clo/__init__.py", "from clo._helper import add\nCARD = 'one'\n")
    plugin("clo/_method.py", "from clo import add\nclass Thing: ...\n")
    before = code_closure(ENTRY)
    assert rewritten(plugin, "clo/__init__.py", "from clo._helper import add\nCARD = 'two'\n") == before
    assert rewritten(plugin, "clo/_helper.py", "def add(a, b):\n    return a * b\n") != before


def test_a_name_that_an_init_defines_counts(plugin):
    plugin("clo/_method.py", "from clo import CARD\nclass Thing: ...\n")
    before = code_closure(ENTRY)
    assert rewritten(plugin, "clo/__init__.py", "CARD = 'another line'\n") != before


def test_what_only_type_checkers_import_does_not_count(plugin):
    plugin(
        "clo/_method.py",
        "import typing\nif typing.TYPE_CHECKING:\n    from clo._helper import add\nclass Thing: ...\n",
    )
    before = code_closure(ENTRY)
    assert rewritten(plugin, "clo/_helper.py", "add = None\n") == before


def test_a_table_that_a_module_reads_counts(plugin):
    plugin("clo/_helper.py", "TABLE = 'table.csv'\nadd = None\n")
    plugin("clo/table.csv", "1\n")
    before = code_closure(ENTRY)
    plugin("clo/table.csv", "2\n")
    assert rewritten(plugin, "clo/_helper.py", "TABLE = 'table.csv'\nadd = None\n") != before


def test_the_core_and_libraries_do_not_count(plugin):
    from eobench.tasks._closure import _is_plugin

    assert [_is_plugin(top, "clo") for top in ("eobench", "numpy", "json", "yaml", "nothing_of_that_name")] == [
        False
    ] * 5
    assert _is_plugin("clo", "clo")
    assert _is_plugin("eobench_prototypes", "clo")


def test_nothing_is_imported_for_it(plugin):
    plugin("clo/__init__.py", "raise RuntimeError('imported')\n")
    plugin("clo/_method.py", "raise RuntimeError('imported')\n")
    assert len(code_closure(ENTRY)) == 64
    assert "clo" not in sys.modules


def test_what_is_not_there_or_no_python_is_named(plugin):
    with pytest.raises(PluginError, match=r"clo\._nothing"):
        code_closure("clo._nothing:Thing")
    plugin("clo/_helper.py", "def add(:\n")
    with pytest.raises(PluginError, match=r"clo\._helper: not Python"):
        code_closure(ENTRY)


def test_the_hash_is_the_same_in_another_process_and_from_another_place(plugin, tmp_path):
    code = "from eobench.tasks import code_closure; print(code_closure('clo._method:Thing'))"
    moved = tmp_path / "moved"
    (tmp_path / "plugins").rename(moved)
    env = {**os.environ, "PYTHONPATH": str(moved), "PYTHONHASHSEED": "7"}
    there = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    ).stdout
    moved.rename(tmp_path / "plugins")
    assert there.strip() == code_closure(ENTRY)
