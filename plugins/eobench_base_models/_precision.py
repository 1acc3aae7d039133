"""Training in mixed precision: where numbers may be coarse, and where they may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from eobench_base_models._network import DenseNetwork
from eobench_base_models.options import Precision

Body = Callable[[torch.Tensor], torch.Tensor]


def coarse(body: Body, precision: Precision, device: torch.device) -> Body:
    """Return a function of one batch that computes in mixed precision and gives float32.

    Weights stay float32 and are cast as torch's autocast sees fit: products and convolutions in bfloat16, whose
    range is float32's, so that losses need no scaling; sums, norms and softmax in float32.

    Args:
        body: of a network, from a float32 batch to features.
        precision: `float32` returns `body` itself.
        device: where it runs.
    """
    if precision == "float32":
        return body

    def run(x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            found = body(x)
        return found.float()

    return run


@contextmanager
def mixed_precision(network: nn.Module, precision: Precision, device: torch.device) -> Iterator[None]:
    """Train a network's body (`features`, or `maps` where it gives maps) in mixed precision meanwhile.

    In evaluation mode, so for validation and prediction, it computes in float32. Heads (whose logits or unit
    vectors become probabilities), losses, gradients of weights and the optimiser are float32 always.

    Args:
        network: it, or networks in it, with a method `maps` (a `DenseNetwork`) or `features`.
        precision: `float32` changes nothing.
        device: where it runs.
    """
    replaced = [] if precision == "float32" else list(_bodies(network))
    for module, name in replaced:
        setattr(module, name, _body(module, getattr(module, name), precision, device))
    try:
        yield
    finally:
        for module, name in replaced:
            delattr(module, name)


def _bodies(network: nn.Module) -> Iterator[tuple[nn.Module, str]]:
    for module in network.modules():
        name = "maps" if isinstance(module, DenseNetwork) else "features"
        if callable(getattr(type(module), name, None)):
            yield module, name


def _body(module: nn.Module, exact: Body, precision: Precision, device: torch.device) -> Body:
    inexact = coarse(exact, precision, device)
    return lambda x: inexact(x) if module.training else exact(x)
