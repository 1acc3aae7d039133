from __future__ import annotations

import errno
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from eobench.data import EobenchError
from eobench.leaderboard import as_matrix, build_board, read_results

FILES = {"results.parquet", "win_matrix.parquet", "gains.parquet", "index.html", "plotly.min.js"}
HOSTILE = "</script><script>alert('x')</script>"


@pytest.fixture
def rows(row):
    made = [row(m, oa, seed=s, ma=oa) for m, oa in (("ncc", 0.5), ("random-forest", 0.7)) for s in (0, 1)]
    return [*made, row("dllp", status="failed", reason=f"ValueError: {HOSTILE}", supervision="bags", bag_size=32)]


@pytest.fixture
def board(tmp_path, rows, metrics):
    return build_board(tmp_path / "board", "example", rows, metrics)


def test_a_board_is_four_files_and_their_script_and_nothing_else(board):
    assert {p.name for p in board.folder.iterdir()} == FILES


def test_the_stored_tables_are_what_the_board_holds(board):
    stored = read_results(board.folder / "results.parquet")
    pd.testing.assert_frame_equal(stored, board.results)
    wins = pd.read_parquet(board.folder / "win_matrix.parquet")
    assert as_matrix(wins, "oa").wins.tolist() == as_matrix(board.wins, "oa").wins.tolist() == [[0, 2], [0, 0]]
    gains = pd.read_parquet(board.folder / "gains.parquet")
    assert list(gains["ratio"]) == pytest.approx(list(board.gains["ratio"]))
    assert board.baseline == "random-forest"


def test_building_twice_gives_the_same_bytes(board, rows, metrics):
    names = ("results.parquet", "win_matrix.parquet", "gains.parquet")
    before = [(board.folder / n).read_bytes() for n in names]
    build_board(board.folder, "example", rows, metrics)
    assert [(board.folder / n).read_bytes() for n in names] == before


def test_the_order_of_rows_is_the_order_of_the_plan(board, rows):
    assert list(board.results["cell"]) == [r["cell"] for r in rows]


def test_win_matrix_and_gains_have_fixed_types_even_when_empty(tmp_path, row, metrics):
    full = build_board(tmp_path / "full", "x", [row("a", 0.5), row("b", 0.6)], metrics)
    empty = build_board(tmp_path / "empty", "x", [row("a", status="failed", reason="no")], metrics)
    for name in ("win_matrix.parquet", "gains.parquet"):
        assert pq.read_schema(full.folder / name).equals(pq.read_schema(empty.folder / name))


def test_an_empty_plan_still_makes_a_board(tmp_path, metrics):
    assert build_board(tmp_path, "nothing", [], metrics).statuses == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_an_error(tmp_path, rows, metrics):
    tmp_path.chmod(0o500)
    with pytest.raises(EobenchError, match="cannot be written"):
        build_board(tmp_path / "board", "example", rows, metrics)


def test_a_file_in_the_way_is_an_error_and_stays(tmp_path, rows, metrics):
    (tmp_path / "board").write_text("mine")
    with pytest.raises(EobenchError, match=r"leaderboard folder '.*board' cannot be written"):
        build_board(tmp_path / "board", "example", rows, metrics)
    assert (tmp_path / "board").read_text() == "mine"


def test_a_row_that_does_not_fit_writes_nothing(tmp_path, row, metrics):
    with pytest.raises(EobenchError):
        build_board(tmp_path / "board", "example", [row("a", 0.5, seed="zero")], metrics)
    assert not (tmp_path / "board").exists()


def test_an_unknown_baseline_leaves_the_old_board_as_it_was(board, rows, metrics):
    before = (board.folder / "results.parquet").read_bytes()
    with pytest.raises(EobenchError, match="unknown baseline"):
        build_board(board.folder, "example", rows[:1], metrics, baseline="nobody")
    assert {p.name for p in board.folder.iterdir()} == FILES
    assert (board.folder / "results.parquet").read_bytes() == before


def test_a_disk_that_fills_up_leaves_the_old_board_as_it_was(board, rows, metrics, monkeypatch):
    before = {p.name: p.read_bytes() for p in board.folder.iterdir()}

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(EobenchError, match="No space left on device"):
        build_board(board.folder, "example", rows[:2], metrics)
    assert {p.name: p.read_bytes() for p in board.folder.iterdir()} == before


class _Page(HTMLParser):
    """Collects tags, script addresses and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [v for k, v in attrs if k in ("src", "href")]

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_shows_every_cell_and_why_one_failed(board):
    text = (board.folder / "index.html").read_text()
    page = _Page(text)
    assert page.tags.count("tr") > 5
    said = " ".join(page.text)
    assert "random-forest" in said
    assert f"ValueError: {HOSTILE}" in said  # as text, not as a tag


def test_methods_that_share_no_column_stand_in_tables_apart(tmp_path, row, metrics):
    rows = [row(m, 0.5, supervision=level) for m, level in (("ncc", "full"), ("ncc", "few"), ("forest", "few"))]
    rows.append(row("dllp", 0.4, supervision="bags", bag_size=32))
    text = (build_board(tmp_path, "x", rows, metrics).folder / "index.html").read_text()
    standings = re.findall(r'<table class="standing">.*?</table>', text, re.DOTALL)
    assert [("ncc" in s, "forest" in s, "dllp" in s) for s in standings] == [
        (True, True, False),
        (False, False, True),
    ]


def test_a_method_without_the_main_metric_stands_under_the_one_that_it_has(tmp_path, row, metrics):
    rows = [row("ncc", 0.5), row("kmeans", None, supervision="none", macro_f1=0.375)]
    text = (build_board(tmp_path, "x", rows, metrics).folder / "index.html").read_text()
    standing = re.findall(r'<table class="standing">.*?</table>', text, re.DOTALL)[-1]
    assert "kmeans" in standing
    assert "0.375" in standing
    assert "<i>F1</i>" in standing


def test_texts_of_strangers_make_no_tags(tmp_path, row, metrics):
    plain = build_board(tmp_path / "a", "a", [row("a", 0.5), row("b", 0.6, status="failed", reason="x")], metrics)
    hostile = [
        row("a", 0.5, dataset_label=HOSTILE, base_model=HOSTILE, base_model_params=HOSTILE, warning=HOSTILE),
        row("b", 0.6, status="failed", reason=HOSTILE, dataset_label=HOSTILE),
    ]
    evil = build_board(tmp_path / "b", HOSTILE, hostile, metrics)
    pages = [(b.folder / "index.html").read_text() for b in (plain, evil)]
    assert [len(re.findall(r"<script[ >]", p)) for p in pages] == [3, 3]
    assert "alert('x')</script>" not in pages[1]


def test_the_page_needs_no_network(board):
    page = _Page((board.folder / "index.html").read_text())
    assert set(page.addresses) == FILES - {"index.html"}


def test_the_data_of_the_figures_is_valid_json_without_nan(board):
    text = (board.folder / "index.html").read_text()
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    data = json.loads(found.group(1), parse_constant=pytest.fail)
    assert data["wins"][0]["names"] == ["random-forest", "ncc"]
    assert data["wins"][0]["share"] == [[0.0, 100.0], [0.0, 0.0]]
    assert {g["method"] for g in data["gains"]} == {"ncc"}
    assert data["scores"][0]["traces"][0]["y"] == [0.5]
