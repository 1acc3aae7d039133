import json

import numpy as np
import pytest
from toy_cells import SCORED, cell, write_toy

from eobench.data import Knobs
from eobench.plugin import Places
from eobench.results import COLUMNS, load_predictions, plain
from eobench.run._cell import run_cell


@pytest.fixture
def place(tmp_path):
    return Places(None, tmp_path / "cache")


@pytest.fixture
def toy(tmp_path):
    return write_toy(tmp_path / "toy")


@pytest.fixture
def ran(place, toy, tmp_path):
    """Run one cell in this process, as a worker would."""

    def go(method, **more):
        made = cell(method, folder=more.pop("folder", toy), **more)
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        job = {
            "cell": made.to_json(),
            "stage": None,
            "places": {"data": None, "cache": str(place.cache)},
            "plugins": list(SCORED),
            "entry_points": False,
            "folder": str(folder),
            "device": "cpu",
        }
        return run_cell(json.loads(json.dumps(job)))

    return go


def test_a_cell_fills_every_column(ran):
    row = ran("mean")["row"]
    assert row["status"] == "ok"
    assert {c.name for c in COLUMNS} <= row.keys()
    assert 0 <= row["oa"] <= 1
    assert row["test_rows"] == 15
    assert (row["parameters"], row["steps"], row["device"][:3]) == (1, 3, "cpu")
    assert row["peak_memory"] > 10 * 2**20
    assert row["total_seconds"] >= row["fit_seconds"] >= 0
    assert plain(row) == plain(json.loads(json.dumps(plain(row))))


@pytest.mark.parametrize(
    ("method", "status", "reason"),
    [
        ("raises", "failed", r"ValueError: no learning today \(toy_plugin:\d+\)"),
        ("short", "failed", "PredictionError: classes has 14 rows for 15 samples"),
        ("nan", "failed", "PredictionError: probabilities holds NaN"),
        ("exits", "failed", "SystemExit: 3"),
        ("hungry", "oom", "MemoryError"),
        ("mutates", "failed", "read-only"),
        ("odd", "failed", r"fit\(\) returned str"),
        ("refuses", "unsupported", "one date is too few"),
        ("missing", "skipped", "get it at the shop"),
    ],
)
def test_what_goes_wrong_becomes_a_row_with_its_reason(ran, method, status, reason):
    import re

    row = ran(method)["row"]
    assert row["status"] == status
    assert re.search(reason, row["reason"])
    assert row["method"] == method
    assert row["total_seconds"] > 0


def test_a_failure_keeps_its_traceback_until_the_cell_succeeds(ran, tmp_path):
    row = ran("raises")["row"]
    text = (tmp_path / "run" / "failures" / f"{row['cell']}.txt").read_text()
    assert "toy_plugin.py" in text
    assert "Traceback" in text


def test_absent_data_is_skipped(ran):
    row = ran("mean", folder=None)["row"]
    assert row["status"] == "skipped"
    assert "'toy' is not on this machine" in row["reason"]


def test_a_damaged_folder_fails_with_its_name(ran, toy):
    (toy / "s.npy").write_bytes(b"junk")
    row = ran("mean")["row"]
    assert row["status"] == "failed"
    assert "s.npy" in row["reason"]


def test_curves_and_artifacts_are_kept(ran, tmp_path):
    done = ran("logs")
    assert json.loads((tmp_path / "run" / done["curves"]).read_text()) == {"loss": [[1, 0.5], [2, 0.25]]}
    weights = tmp_path / "run" / done["row"]["artifacts"] / "weights.npy"
    np.testing.assert_array_equal(np.load(weights), [0, 1, 2])


def test_predictions_are_stored_and_their_digest_tells_equal_ones(ran, tmp_path):
    row = ran("mean")["row"]
    test, train = load_predictions(tmp_path / "run" / "predictions" / f"{row['cell']}.npz")
    assert len(test.classes) == row["test_rows"]
    assert train is None
    assert row["predictions"] == ran("mean")["row"]["predictions"]
    assert row["predictions"] != ran("mean", seed=1)["row"]["predictions"]


def test_the_same_cell_gives_the_same_numbers_even_from_global_state(ran):
    first = ran("global-state")["row"]["predictions"]
    np.random.random(5)  # noqa: NPY002
    assert ran("global-state")["row"]["predictions"] == first


def test_scored_classes_are_grouped_in_truth_and_predictions(ran):
    whole = ran("mean")["row"]
    row = ran("mean", knobs=Knobs(score_classes=("a",)))["row"]
    assert row["classes"] == ["a", "others"]
    assert row["oa"] >= whole["oa"]
    table, full = np.array(row["confusion"]), np.array(whole["confusion"])
    assert table.tolist() == [[full[0, 0], full[0, 1:].sum()], [full[1:, 0].sum(), full[1:, 1:].sum()]]
