from __future__ import annotations

from eobench.leaderboard import markdown, summary_table


def test_methods_stand_down_and_data_sets_across_with_the_best_in_bold(row, frame):
    rows = [
        row("ncc", 0.5),
        row("forest", 0.75),
        row("ncc", 0.25, dataset="b", dataset_label="b[split=x]"),
    ]
    text = markdown(summary_table(frame(rows)))
    lines = text.splitlines()
    assert lines[0].startswith("### full, `oa` %")
    head = next(line for line in lines if line.startswith("| method"))
    assert head.endswith("| b[split=x] |")
    assert next(line for line in lines if line.startswith("| forest")).endswith("| **75.0** |  |")
    assert next(line for line in lines if line.startswith("| ncc")).endswith("| 50.0 | 25.0 |")


def test_a_bar_in_a_name_breaks_no_table(row, frame):
    text = markdown(summary_table(frame([row("a|b", 0.5)])))
    assert "| a\\|b |" in text


def test_an_incomplete_mean_says_on_how_many_cells_it_rests(row, frame):
    rows = [row("ncc", 0.5), row("ncc", None, seed=1, status="failed")]
    assert "50.0 (1/2 (1 failed))" in markdown(summary_table(frame(rows)))
