from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eobench.tracking._content import content, key

ROW = {
    "cell": "c0ffee",
    "method": "scarf",
    "method_label": "scarf[corruption=0.2]",
    "method_params": '{"corruption": 0.2, "scale": "band"}',
    "dataset_label": "fields[split=zone]",
    "supervision": "few",
    "labels": "5/class",
    "base_model": "bilstm",
    "base_model_params": '{"hidden": 32}',
    "draw": 3,
    "seed": 1,
    "bag_size": None,
    "status": "ok",
    "classes": ["wheat", "corn"],
    "oa": 0.75,
    "kappa": None,
    "recall": [0.5, None],
    "confusion": [[1, 1], [0, 2]],
    "fit_seconds": 2.5,
    "total_seconds": 3.0,
    "started": "2026-01-01T00:00:00+00:00",
    "versions": '{"numpy": "2"}',
}


def test_identity_becomes_parameters_with_every_option_by_name():
    told = content(ROW)
    assert told.params["method"] == "scarf"
    assert told.params["method.corruption"] == "0.2"
    assert told.params["base_model.hidden"] == "32"
    assert told.params["draw"] == "3"
    assert "bag_size" not in told.params


def test_numbers_become_metrics_and_per_class_values_carry_their_class():
    assert content(ROW).metrics == {"oa": 0.75, "recall/wheat": 0.5, "fit_seconds": 2.5, "total_seconds": 3.0}


def test_tables_stay_tables():
    assert content(ROW).tables == {"confusion": [[1, 1], [0, 2]]}


def test_key_status_and_environment_become_tags():
    tags = content(ROW).tags
    assert tags["eobench.cell"] == "c0ffee"
    assert tags["eobench.status"] == "ok"
    assert tags["eobench.versions"] == '{"numpy": "2"}'


def test_the_name_is_readable_and_the_times_are_those_of_the_cell():
    told = content(ROW)
    assert told.name == "scarf[corruption=0.2] fields[split=zone] few(5/class) bilstm#3 seed 1"
    assert told.start == 1767225600000
    assert told.seconds == 3.0


def test_a_row_of_a_failed_cell_needs_no_numbers():
    told = content({"cell": "x", "method_label": "m", "status": "failed", "reason": "why", "started": None})
    assert told.tags["eobench.reason"] == "why"
    assert told.start is None
    assert told.metrics == {}


@given(st.text(max_size=300) | st.text("a./ é", max_size=300))
@example("a//b/./c/../d/")
@example("a" * 249 + "/b")
@settings(deadline=None)  # the first example pays for the import of MLflow
def test_every_name_becomes_one_that_mlflow_accepts(text):
    validation = pytest.importorskip("mlflow.utils.validation")
    validation._validate_metric_name(key(text))
    validation._validate_param_name(key(text))
