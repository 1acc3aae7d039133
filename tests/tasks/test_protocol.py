"""The protocol version stands for the code of `data/` and `scoring/`: neither changes without the other."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from eobench.tasks import PROTOCOL
from eobench.tasks._closure import package_hash

HERE = Path(__file__).parent
COMMAND = "python tests/tasks/refresh.py"


def refresh():
    spec = importlib.util.spec_from_file_location("refresh", HERE / "refresh.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_core_changes_only_with_the_protocol_version():
    known = json.loads((HERE / "protocol.json").read_text())
    assert known.get(str(PROTOCOL)) == refresh().core_hash(), (
        f"data/ or scoring/ changed, and PROTOCOL is still {PROTOCOL}. Could any number differ? Then raise it in "
        f"eobench/tasks/_identity.py and run `{COMMAND}`. If none can: `{COMMAND} --same-numbers`."
    )


def test_the_published_schema_is_that_of_the_models():
    module = refresh()
    assert module.SCHEMA_FILE.read_text(encoding="utf-8") == module.schema_text(), f"run `{COMMAND}`"


def test_a_comment_in_the_core_changes_nothing_and_a_number_does(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    before = package_hash(tmp_path)
    (tmp_path / "a.py").write_text('"""Docs."""\n# why\nx = 1\n')
    assert package_hash(tmp_path) == before
    (tmp_path / "a.py").write_text("x = 1.5\n")
    assert package_hash(tmp_path) != before
