from __future__ import annotations

from eobench.leaderboard import identical_predictions


def test_options_that_change_no_prediction_are_flagged(row, frame):
    rows = [row(f"ncc[scaling={s}]", 0.5, params={"scaling": s}, predictions="d1") for s in ("band", "feature")]
    (found,) = identical_predictions(frame(rows))
    assert found.labels == ("ncc[scaling=band]", "ncc[scaling=feature]")
    assert set(found.cells) == {r["cell"] for r in rows}
    assert "ncc[scaling=band] and ncc[scaling=feature] predict the same" in str(found)


def test_draws_that_change_no_prediction_are_flagged(row, frame):
    drawn = [{"base_model": "bilstm", "base_model_params": f'{{"k":{d}}}', "draw": d} for d in (0, 1)]
    (found,) = identical_predictions(frame([row("supervised", 0.5, predictions="d1", **d) for d in drawn]))
    assert found.labels == ("supervised bilstm#0", "supervised bilstm#1")


def test_seeds_of_a_method_without_randomness_are_not_flagged(row, frame):
    assert identical_predictions(frame([row("ncc", 0.5, seed=s, predictions="d1") for s in (0, 1)])) == ()


def test_different_predictions_failed_cells_and_boards_without_digests_are_not_flagged(row, frame):
    assert identical_predictions(frame([row("a", 0.5, predictions="d1"), row("b", 0.5, predictions="d2")])) == ()
    assert identical_predictions(frame([row(m, status="failed", predictions="d1") for m in "ab"])) == ()
    assert identical_predictions(frame([row(m, 0.5) for m in "ab"])) == ()
