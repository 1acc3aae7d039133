"""QKM: density of image patches by kernels on prototypes, each with a class amplitude."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from eobench.plugin import BaseModel, ParameterError
from eobench_base_models._network import DenseNetwork
from eobench_base_models.options import whole

LEAST = 1e-7
"""Probabilities are kept above it, so that their logarithm is finite."""
AMPLITUDE = 0.05
PAIRS = 512
"""Patches whose mean distance is the kernel's first width."""


class QKM(BaseModel):
    """Kernel quantum measurement on patches (Ramos-Pollan and Gonzalez, METHODS 3.2).

    Patches `patch` x `patch` with stride `stride`, flattened; `prototypes` of them, c_x, with amplitudes c_y of
    the classes (unit vectors) and weights w. k = exp(-|x - c_x|^2 / 2 sigma^2); a prototype's share of a patch is
    softmax(w) k^2, normalised over prototypes; a class has the sum of shares times c_y^2. A pixel has the mean
    over the patches that cover it. 3,457 parameters for RGB, 5 classes, 64 prototypes, patch 4, stride 2; 1,153
    with patch 2. c_x starts as patches of the first training batch, sigma as the mean distance of such patches,
    c_y at 0.05 (so all classes begin equal, but for a little noise: exactly equal amplitudes of all prototypes
    would share one gradient).

    Deviations: their first patches and distance are drawn from all train images, here from the first batch, since
    a network sees no data before; it gives logits, whose softmax are the probabilities. sigma is learned
    through its logarithm, so that it stays positive. The variant behind a LeNet is left out: neither paper nor
    METHODS states its layers.
    """

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Return a fresh network for (C, H, W) images and maps of K classes.

        Raises:
            ParameterError: `patch` is no multiple of `stride`, or the images are smaller than a patch.
        """
        patch, stride = whole(self.params, "patch"), whole(self.params, "stride")
        if patch % stride:
            raise ParameterError(f"qkm: patch={patch} must be a multiple of stride={stride}")
        if min(shape[1:]) < patch:
            raise ParameterError(f"qkm: images of {shape[1]} x {shape[2]} pixels are below patch={patch}")
        return QKMNetwork(
            shape[0], outputs, prototypes=whole(self.params, "prototypes"), patch=patch, stride=stride
        )


class QKMNetwork(DenseNetwork):
    """The network of `QKM`.

    Args:
        channels: C.
        outputs: K.
        prototypes: M.
        patch: side of a patch.
        stride: between patches; divides `patch`.
    """

    started: torch.Tensor

    def __init__(self, channels: int, outputs: int, *, prototypes: int, patch: int, stride: int) -> None:
        super().__init__()
        size = channels * patch * patch
        self.patch, self.stride = patch, stride
        self.centres = nn.Parameter(torch.randn(prototypes, size))
        self.log_sigma = nn.Parameter(torch.tensor(0.5 * math.log(2 * size)))
        self.weights = nn.Parameter(torch.zeros(prototypes))
        self.head = Amplitudes(prototypes, outputs)
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        """Return each prototype's share, (B, M, H / stride, W / stride), the mean over the patches of a place."""
        if self.training and not bool(self.started):
            self._start(x)
        shares = self._log_kernel(x).softmax(dim=1)
        over = self.patch // self.stride
        if over == 1:
            return shares
        counted = functional.pad(torch.cat([shares, torch.ones_like(shares[:, :1])], dim=1), [over - 1] * 4)
        mean = functional.avg_pool2d(counted, over, stride=1)
        return mean[:, :-1] / mean[:, -1:]

    def _log_kernel(self, x: torch.Tensor) -> torch.Tensor:
        """(B, M, h, w): log of softmax(w) k^2, up to a constant. Squared distances by convolutions."""
        channels = x.shape[1]
        kernels = self.centres.view(-1, channels, self.patch, self.patch)
        ones = x.new_ones(1, channels, self.patch, self.patch)
        squares = functional.conv2d(x.square(), ones, stride=self.stride)
        products = functional.conv2d(x, kernels, stride=self.stride)
        distance = squares - 2 * products + self.centres.square().sum(dim=1)[:, None, None]
        return self.weights.log_softmax(dim=0)[:, None, None] - distance * torch.exp(-2 * self.log_sigma)

    @torch.no_grad()
    def _start(self, x: torch.Tensor) -> None:
        patches = (
            functional.unfold(x, self.patch, stride=self.stride).transpose(1, 2).reshape(-1, len(self.centres[0]))
        )
        drawn = torch.randint(len(patches), (len(self.centres),), device=patches.device)
        self.centres.copy_(patches[drawn] + 1e-3 * torch.randn_like(self.centres))
        some = patches[torch.randint(len(patches), (PAIRS,), device=patches.device)]
        distance = torch.pdist(some).mean()
        if bool(distance > 0):
            self.log_sigma.copy_(distance.log())
        self.started.fill_(True)


class Amplitudes(nn.Module):
    """Logits of (B, M, h, w) shares: log sum_m share_m c_ym^2, rows of c_y unit vectors, less the classes' mean.

    Args:
        prototypes: M.
        outputs: K.
    """

    def __init__(self, prototypes: int, outputs: int) -> None:
        super().__init__()
        self.values = nn.Parameter(AMPLITUDE * (1 + 0.1 * torch.randn(prototypes, outputs)))

    def forward(self, shares: torch.Tensor) -> torch.Tensor:
        """Return (B, K, h, w)."""
        classes = functional.normalize(self.values, dim=1).square().T[:, :, None, None]
        probabilities: torch.Tensor = functional.conv2d(shares, classes)
        log_p = probabilities.clamp_min(LEAST).log()
        return log_p - log_p.mean(
            dim=1, keepdim=True
        )  # logits, as other families give: no log-softmax to take twice
