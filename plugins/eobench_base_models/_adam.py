"""Adam without the import of torch's compiler."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.optim.adam import adam


class Adam:
    """Adam (Kingma and Ba 2015) with L2 penalty, by torch's own fused kernel.

    `torch.optim.Adam` imports `torch._dynamo` when it is made: over four seconds of CPU in every worker process,
    more than a small network's training, and within the measured time of its first cell. The functional form is
    the same computation and does not.

    Args:
        parameters: to be learned; those without gradient are passed over.
        lr: learning rate; may be set before each step.
        weight_decay: L2 penalty, added to the gradient.
    """

    betas = (0.9, 0.999)
    epsilon = 1e-8

    def __init__(self, parameters: Iterable[torch.nn.Parameter], lr: float, weight_decay: float = 0.0) -> None:
        self.lr, self.weight_decay = lr, weight_decay
        self._parameters = list(parameters)
        self._means = [torch.zeros_like(p) for p in self._parameters]
        self._squares = [torch.zeros_like(p) for p in self._parameters]
        self._steps = [torch.zeros((), device=p.device) for p in self._parameters]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change the parameters by their gradients."""
        known = [i for i, p in enumerate(self._parameters) if p.grad is not None]
        adam(
            [self._parameters[i] for i in known],
            [g for i in known if (g := self._parameters[i].grad) is not None],
            [self._means[i] for i in known],
            [self._squares[i] for i in known],
            [],
            [self._steps[i] for i in known],
            fused=True,
            amsgrad=False,
            beta1=self.betas[0],
            beta2=self.betas[1],
            lr=self.lr,
            weight_decay=self.weight_decay,
            eps=self.epsilon,
            maximize=False,
        )
