from __future__ import annotations

import pytest

from eobench.tracking._ledger import Ledger


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "tracked.jsonl"


def test_what_was_sent_is_known_later(path):
    first = Ledger(path, "here")
    first.cell("a")
    first.parent("p", "open")
    later = Ledger(path, "here")
    assert later.cells == {"a"}
    assert later.open_parents == {"p"}
    later.parent("p", "closed")
    assert Ledger(path, "here").open_parents == set()


def test_another_server_has_nothing_yet(path):
    Ledger(path, "here").cell("a")
    assert Ledger(path, "there").cells == set()


def test_a_torn_last_line_is_ignored_and_the_next_stands_alone(path):
    Ledger(path, "here").cell("a")
    with path.open("a") as file:
        file.write('{"cell": "b", "ur')
    ledger = Ledger(path, "here")
    assert ledger.cells == {"a"}
    ledger.cell("c")
    assert Ledger(path, "here").cells == {"a", "c"}


def test_nothing_is_written_before_something_was_sent(path):
    Ledger(path, "here")
    assert not path.exists()
