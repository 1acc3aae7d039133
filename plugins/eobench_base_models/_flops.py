"""Floating-point operations of a network, counted while it runs."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.hooks import RemovableHandle

_GATES = {nn.LSTM: 4, nn.GRU: 3, nn.RNN: 1}


def count_flops(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Return the operations of a forward pass of one sample, in evaluation mode; a multiply-add is two.

    Matrix products, convolutions and attention are counted by torch; recurrent layers, which some devices run
    as one fused call that it does not see into, by their formula. Element-wise operations are not counted.

    Args:
        network: on any device; left as it was.
        shape: of one sample of a batch.
    """
    device = next(network.parameters()).device
    counter, correction = FlopCounterMode(display=False), _Recurrent()
    hooks = correction.watch(network, counter)
    training, fast = network.training, torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)  # a fused encoder layer hides its products from the counter
        network.eval()
        with counter, torch.no_grad():
            network(torch.zeros(1, *shape, device=device))
        return int(counter.get_total_flops()) + correction.operations
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        network.train(training)
        for hook in hooks:
            hook.remove()


class _Recurrent:
    """What the counter misses in recurrent layers: all of it where a device fuses them, nothing where not."""

    def __init__(self) -> None:
        self.operations = 0

    def watch(self, network: nn.Module, counter: FlopCounterMode) -> list[RemovableHandle]:
        def before(_module: nn.Module, _given: Any) -> None:
            self.operations += int(counter.get_total_flops())

        def after(module: nn.Module, given: Any, _result: Any) -> None:
            assert isinstance(module, nn.RNNBase)  # noqa: S101 - only those are hooked
            self.operations += _of_recurrent(module, given[0]) - int(counter.get_total_flops())

        found = [m for m in network.modules() if isinstance(m, tuple(_GATES))]
        return [h for m in found for h in (m.register_forward_pre_hook(before), m.register_forward_hook(after))]


def _of_recurrent(module: nn.RNNBase, given: torch.Tensor) -> int:
    """2 (inputs + state) gates state, a step, layer and direction."""
    steps = given.shape[1] if module.batch_first else given.shape[0]
    directions = 2 if module.bidirectional else 1
    gates = next(count for kind, count in _GATES.items() if isinstance(module, kind))
    total = 0
    for layer in range(module.num_layers):
        inputs = module.input_size if layer == 0 else module.hidden_size * directions
        total += 2 * (inputs + module.hidden_size) * gates * module.hidden_size * directions * steps
    return total
