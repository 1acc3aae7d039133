from __future__ import annotations

import numpy as np

from eobench.leaderboard import build_board
from eobench.leaderboard._page_classes import class_data

CLASSES = ["corn", "rice <b>"]


def scored(row, method, counts, **fields):
    return row(method, 0.5, classes=CLASSES, confusion=counts, **fields)


def test_matrices_of_a_method_are_summed_over_seeds_and_stand_by_what_was_given(row, frame):
    rows = [scored(row, "ncc", [[3, 1], [0, 4]], seed=s) for s in (0, 1)]
    rows.append(scored(row, "ncc", [[1, 0], [0, 1]], supervision="few", labels="5/class"))
    full, few = class_data(frame(rows))
    assert full["place"] == "fields[split=zone] · full"
    assert full["names"] == ["ncc"]
    assert full["confusion"] == [[[6, 2], [0, 8]]]
    assert few["place"].endswith("few 5/class")


def test_base_models_are_told_apart_and_texts_are_escaped(row, frame):
    drawn = {"base_model_params": "{}", "draw": 0}
    rows = [scored(row, "supervised", [[1, 0], [0, 1]], base_model=m, **drawn) for m in ("a", "b")]
    (found,) = class_data(frame(rows))
    assert len(found["names"]) == 2
    assert found["classes"] == ["corn", "rice &lt;b&gt;"]


def test_failed_cells_and_tables_of_another_shape_are_left_out(row, frame):
    rows = [
        scored(row, "a", [[1, 0], [0, 1]], status="failed"),
        scored(row, "b", [[1, 0, 2], [0, 1, 2], [0, 0, 0]]),
        scored(row, "c", [[1.0, np.nan], [0, 1]]),
        row("d", 0.5),
    ]
    assert class_data(frame(rows)) == []


def test_the_page_has_the_section_where_there_are_matrices(row, metrics, tmp_path):
    with_them = build_board(tmp_path / "a", "x", [scored(row, "ncc", [[1, 0], [0, 1]])], metrics)
    without = build_board(tmp_path / "b", "x", [row("ncc", 0.5)], metrics)
    assert 'id="classes"' in (with_them.folder / "index.html").read_text()
    assert 'id="classes"' not in (without.folder / "index.html").read_text()
