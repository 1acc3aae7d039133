from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from eobench.data import View
from eobench_base_models.training import LabelObjective, balanced_weights, label_validation

CPU = torch.device("cpu")
MakeView = Callable[..., View]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_balanced_weights_give_every_class_present_the_same_say(labels: list[int]) -> None:
    found = np.array(labels)
    weights = balanced_weights(found, 7)
    say = weights * np.bincount(found, minlength=7)
    assert_allclose(say[say > 0], say.max(), rtol=1e-5)
    assert weights[found].mean() == pytest.approx(1, rel=1e-5)
    assert weights[6] == 0


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 70), st.integers(1, 40))
def test_an_epoch_shows_every_labelled_row_once(count: int, size: int) -> None:
    labels = np.where(np.arange(count + 9) < count, 0, -1).astype(np.int16)
    view = View("few", [], ("a",), labels)  # type: ignore[arg-type]
    objective = LabelObjective(view, labels, device=CPU, batch_size=size)
    batches = [step.positions for step in objective.epoch(0, np.random.default_rng(0))]
    assert sorted(np.concatenate(batches)) == list(range(count))
    assert len(batches) == objective.steps(0)
    assert max(map(len, batches)) <= size
    assert max(map(len, batches)) - min(map(len, batches)) <= 1


def test_validation_scores_are_mean_accuracy_or_negative_loss(make_view: MakeView) -> None:
    view = make_view(count=4, classes=3, labels=np.array([0, 0, 0, 2], np.int16))
    logits = torch.log(torch.tensor([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]))
    by_accuracy, by_loss = (label_validation(view, how, CPU) for how in ("ma", "loss"))
    assert by_accuracy is not None
    assert by_loss is not None
    assert by_accuracy.score(logits) == pytest.approx((2 / 3 + 1) / 2)
    assert by_loss.score(logits) == pytest.approx((3 * np.log(0.8) + np.log(0.1)) / 4)


def test_a_validation_view_without_labels_chooses_nothing(make_view: MakeView) -> None:
    assert label_validation(make_view(count=4, labels=np.full(4, -1, np.int16)), "ma", CPU) is None
