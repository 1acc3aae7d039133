from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eobench.data import DataError, Inputs, View
from eobench.plugin import BaseModel, Budget, RunContext
from eobench_base_models._supervised import Supervised
from eobench_base_models.training import NetworkPredictor

MakeView = Callable[..., View]


@pytest.fixture
def fitted(
    any_family: BaseModel,
    make_view: MakeView,
    make_run: Callable[..., RunContext],
    options: Callable[..., Mapping[str, Any]],
) -> NetworkPredictor:
    return Supervised(options()).fit(make_view(), make_run(any_family, Budget(steps=5)))


def test_a_loaded_predictor_predicts_the_same(fitted: NetworkPredictor, make_view: MakeView, empty: Path) -> None:
    inputs = make_view(count=33, seed=4).inputs
    expected = fitted.predict(inputs)
    fitted.save(empty)
    loaded = NetworkPredictor.load(empty)
    for name, values in loaded.predict(inputs).given().items():
        assert_array_equal(values, expected.given()[name], err_msg=name)
    assert (loaded.parameters, loaded.steps) == (fitted.parameters, fitted.steps)


def test_only_safetensors_and_json_are_written(fitted: NetworkPredictor, empty: Path) -> None:
    fitted.save(empty)
    assert sorted(p.name for p in empty.iterdir()) == ["network.json", "network.safetensors"]


def test_probabilities_sum_to_one_and_classes_are_their_largest(
    fitted: NetworkPredictor, make_view: MakeView
) -> None:
    found = fitted.predict(make_view(seed=2).inputs)
    assert found.probabilities is not None
    assert found.embeddings is not None
    np.testing.assert_allclose(found.probabilities.sum(1), 1, rtol=1e-5)
    assert_array_equal(found.classes, found.probabilities.argmax(1))
    assert found.probabilities.dtype == found.embeddings.dtype == np.float32
    assert len(found.embeddings) == 120


def test_predicting_learns_nothing(fitted: NetworkPredictor, make_view: MakeView) -> None:
    view = make_view(seed=2)
    first = fitted.predict(view.inputs)
    assert_array_equal(first.probabilities, fitted.predict(view.inputs).probabilities)
    alone = fitted.predict(view.inputs.take(slice(0, 1)))
    np.testing.assert_allclose(alone.probabilities, first.probabilities[:1], atol=1e-5)  # type: ignore[index]


def test_no_samples_give_no_predictions(fitted: NetworkPredictor, make_view: MakeView) -> None:
    found = fitted.predict(make_view().inputs.take(slice(0, 0)))
    assert all(len(values) == 0 for values in found.given().values())


def test_gaps_are_filled_before_predicting(
    fitted: NetworkPredictor, make_view: MakeView, make_inputs: Callable[..., Inputs]
) -> None:
    values = np.array(make_view(seed=2).inputs.modalities[0].values)
    valid = np.random.default_rng(0).random(values.shape[:2]) > 0.5
    valid[0] = False
    found = fitted.predict(make_inputs(values, valid))
    assert np.isfinite(found.probabilities).all()  # type: ignore[call-overload]


def test_samples_of_another_shape_are_refused(fitted: NetworkPredictor, make_view: MakeView) -> None:
    with pytest.raises(DataError, match=r"shape \(4, 12\)"):
        fitted.predict(make_view(channels=5).inputs)


@pytest.mark.parametrize("load", ["os:system", "no_such_module:Thing", "builtins:dict", ""])
def test_a_file_that_names_no_family_is_refused(fitted: NetworkPredictor, empty: Path, load: str) -> None:
    fitted.save(empty)
    path = empty / "network.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"base_model": load}))
    with pytest.raises(DataError):
        NetworkPredictor.load(empty)


def test_a_foreign_file_is_refused(fitted: NetworkPredictor, empty: Path) -> None:
    fitted.save(empty)
    (empty / "network.json").write_text('{"format": "other/1"}')
    with pytest.raises(DataError, match="eobench-network/1"):
        NetworkPredictor.load(empty)
