"""Mixed precision: coarse bodies, exact heads and predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from eobench.data import View
from eobench.plugin import BaseModel, Budget, RunContext
from eobench_base_models._supervised import Supervised
from eobench_base_models.training import HeadedNetwork, coarse, mixed_precision

MakeView = Callable[..., View]
MakeRun = Callable[..., RunContext]
Options = Callable[..., Mapping[str, Any]]
CPU = torch.device("cpu")


class Network(HeadedNetwork):
    """Remembers in what precision its parts computed."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head, self.seen = nn.Linear(3, 5), nn.Linear(5, 2), list[torch.dtype]()

    def features(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.body(x)
        self.seen.append(found.dtype)
        return found


def test_every_family_learns_in_mixed_precision_as_in_full(
    any_family: BaseModel, make_view: MakeView, make_run: MakeRun, options: Options
) -> None:
    test, shares = make_view(seed=5), dict[str, np.ndarray]()
    for precision in ("float32", "bfloat16"):
        run = make_run(any_family, Budget(steps=80))
        found = Supervised(options(precision=precision)).fit(make_view(), run).predict(test.inputs)
        assert test.labels is not None
        assert found.probabilities is not None
        assert np.mean(found.classes == test.labels) > 0.95
        shares[precision] = found.probabilities
    assert not np.array_equal(shares["float32"], shares["bfloat16"])


def test_the_body_is_coarse_while_training_and_head_and_gradients_are_not() -> None:
    network = Network()
    with mixed_precision(network, "bfloat16", CPU):
        logits = network.train()(torch.ones(4, 3))
        logits.sum().backward()
        network.eval()(torch.ones(4, 3))
    network.train()(torch.ones(4, 3))
    assert network.seen == [torch.bfloat16, torch.float32, torch.float32]
    assert logits.dtype == torch.float32
    assert network.body.weight.grad is not None
    assert network.body.weight.grad.dtype == torch.float32


def test_a_network_within_another_is_coarse_too() -> None:
    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Network()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.inner(x)
            return logits

    outer = Outer()
    with mixed_precision(outer, "bfloat16", CPU):
        outer(torch.ones(4, 3))
    assert outer.inner.seen == [torch.bfloat16]


def test_a_failure_leaves_the_network_as_it_was() -> None:
    network = Network()
    with pytest.raises(ZeroDivisionError), mixed_precision(network, "bfloat16", CPU):
        raise ZeroDivisionError
    network.train()(torch.ones(1, 3))
    assert network.seen == [torch.float32]


def test_full_precision_changes_nothing() -> None:
    body = nn.Linear(3, 5)
    assert coarse(body, "float32", CPU) is body
