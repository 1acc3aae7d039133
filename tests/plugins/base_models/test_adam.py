from __future__ import annotations

import subprocess
import sys

import numpy as np
import torch
from numpy.testing import assert_allclose

from eobench_base_models._adam import Adam


def test_adam_follows_kingma_and_ba() -> None:
    rng = np.random.default_rng(0)
    values, gradients = rng.normal(size=5), rng.normal(size=(4, 5))
    parameter = torch.nn.Parameter(torch.from_numpy(values.copy()))
    optimiser = Adam([parameter], lr=0.1, weight_decay=0.01)
    mean, square = np.zeros(5), np.zeros(5)
    for t, gradient in enumerate(gradients, 1):
        parameter.grad = torch.from_numpy(gradient.copy())
        optimiser.step()
        penalised = gradient + 0.01 * values
        mean = 0.9 * mean + 0.1 * penalised
        square = 0.999 * square + 0.001 * penalised**2
        values = values - 0.1 * (mean / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
        assert_allclose(parameter.detach().numpy(), values, rtol=1e-6)


def test_a_parameter_without_gradient_stays() -> None:
    moved, still = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    moved.grad = torch.ones(2)
    Adam([still, moved], lr=0.1).step()
    assert_allclose(still.detach(), 1)
    assert_allclose(moved.detach(), 0.9, rtol=1e-5)


def test_training_does_not_import_the_compiler() -> None:
    code = (
        "import sys, torch, eobench_base_models.training\n"
        "from eobench_base_models._adam import Adam\n"
        "p = torch.nn.Parameter(torch.ones(2))\n"
        "p.grad = torch.ones(2)\n"
        "Adam([p], 0.1).step()\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
