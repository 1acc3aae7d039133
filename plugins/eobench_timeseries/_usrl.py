"""USRL: an encoder of series learned from a triplet loss of subseries, then K-means."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from eobench.data import View
from eobench.plugin import Method, RunContext
from eobench_base_models.training import Adam, number, seeded, whole
from eobench_timeseries._encoded import EncodedClusters, Encoder, centres_of, encoded
from eobench_timeseries._loop import Curve, batches
from eobench_timeseries._series import clustered_rows, preparation_of, prepared

CHANNELS, REDUCED, VECTOR, KERNEL = 40, 160, 320, 3
SLOPE = 0.01


class USRLKMeans(Method):
    """USRL + K-means of Vincent et al. (Table 3): Franceschi, Dieuleveut and Jaggi, NeurIPS 2019.

    Causal dilated convolutions (`depth` blocks of two, 40 channels, 3 steps, dilation doubled each block, weight
    normalisation, residual), a last block of 160, the maximum over time, 320 values. The loss of a subseries z is
    -log s(z.z+) - sum over 10 of log s(-z.z-) (their Eq 1): z+ lies within z, each z- within a random series.
    As in their code for series of one length, the lengths are drawn uniformly for a batch together and negatives
    are as long as positives; starts are drawn per series. Their code takes the mean over negatives where Eq 1 has
    the sum: `negative_terms=mean`. Adam 1e-3, batches of 10, 1,500 steps (`paper`); then K-means on the 320 values
    of whole series, without scaling.

    Deviation: the view's rows are learned from, and the task says whether the scored inputs are among them
    (`transductive`); the paper clusters train, validation and test. Gaps are filled linearly by default.
    """

    def fit(self, view: View, run: RunContext) -> USRLPredictor:
        """Return encoder and centres of a `none` view.

        Raises:
            UnsupportedError: there are fewer rows than clusters.
        """
        rows = clustered_rows(view, run, self.params, "usrl-kmeans")
        device = torch.device(run.device)
        preparation = preparation_of(view.inputs, self.params)
        series = prepared(view.inputs, preparation, device, rows)
        with seeded(run.number("torch"), device):
            encoder = CausalEncoder(series.shape[1], whole(self.params, "depth")).to(device)
            steps = self._train(encoder, series, run)
        centres = centres_of(encoded(encoder, series), whole(self.params, "clusters"), run)
        return USRLPredictor(encoder, centres, preparation, steps=steps)

    def _train(self, encoder: CausalEncoder, series: torch.Tensor, run: RunContext) -> int:
        optimiser = Adam(encoder.parameters(), number(self.params, "lr"))
        curve, generator = Curve(run), run.generator("subseries")
        negatives, mean = whole(self.params, "negatives"), self.params["negative_terms"] == "mean"
        encoder.train()
        for positions in batches(len(series), whole(self.params, "batch_size"), run):
            loss = triplet_loss(encoder, series, positions, negatives, generator, mean=mean)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            curve.add(loss)
        curve.flush()
        return curve.steps


def triplet_loss(
    encoder: Encoder,
    series: torch.Tensor,
    positions: NDArray[np.int64],
    negatives: int,
    generator: np.random.Generator,
    *,
    mean: bool = False,
) -> torch.Tensor:
    """Return the mean loss of a batch (their Eq 1).

    Args:
        encoder: of subseries of any length.
        series: (n, C, T), all that negatives are drawn from.
        positions: (B,) rows of the batch.
        negatives: for each series of the batch.
        generator: that draws lengths, starts and negatives.
        mean: take the mean of the negatives' terms instead of their sum.
    """
    count, steps = len(positions), series.shape[2]
    length = int(generator.integers(1, steps + 1))  # of positives and negatives
    anchor_length = int(generator.integers(length, steps + 1))
    starts = generator.integers(0, steps - anchor_length + 1, count)
    inner = starts + generator.integers(0, anchor_length - length + 1, count)
    other = generator.integers(0, len(series), (negatives, count))
    outer = generator.integers(0, steps - length + 1, (negatives, count))
    anchor = encoder.encode(cut(series, positions, starts, anchor_length))
    rows, begins = (np.concatenate([a, b.ravel()]) for a, b in ((positions, other), (inner, outer)))
    found = encoder.encode(cut(series, rows, begins, length))
    near, far = found[:count], found[count:].view(negatives, count, -1)
    apart = -functional.logsigmoid(-(anchor * far).sum(dim=2))
    together = -functional.logsigmoid((anchor * near).sum(dim=1))
    return (together + (apart.mean(dim=0) if mean else apart.sum(dim=0))).mean()


def cut(
    series: torch.Tensor,
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    length: int,
) -> torch.Tensor:
    """Return (B, C, length) subseries that begin at the given steps."""
    index = torch.from_numpy(starts[:, None] + np.arange(length)).to(series.device)
    whole_series = series[torch.from_numpy(rows).to(series.device)]
    return whole_series.gather(2, index[:, None].expand(-1, series.shape[1], -1))


class CausalBlock(nn.Module):
    """Two causal convolutions with a residual connection; no activation after the sum, as in the official code.

    Args:
        width: input channels.
        channels: output channels.
        dilation: steps between two taps.
    """

    def __init__(self, width: int, channels: int, dilation: int) -> None:
        super().__init__()
        self.first = weight_norm(nn.Conv1d(width, channels, KERNEL, dilation=dilation))
        self.second = weight_norm(nn.Conv1d(channels, channels, KERNEL, dilation=dilation))
        self.shortcut = nn.Conv1d(width, channels, 1) if width != channels else nn.Identity()
        self.dilation = dilation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, channels, T); step t depends on steps up to t."""
        seen = functional.leaky_relu(self._causal(self.first, x), SLOPE)
        seen = functional.leaky_relu(self._causal(self.second, seen), SLOPE)
        total: torch.Tensor = seen + self.shortcut(x)
        return total

    def _causal(self, convolution: nn.Conv1d, x: torch.Tensor) -> torch.Tensor:
        """Taps that lie before the series begins see zeros only, and are left out."""
        taps = min(KERNEL, 1 + (x.shape[2] - 1) // self.dilation)
        padded = functional.pad(x, ((taps - 1) * self.dilation, 0))
        return functional.conv1d(padded, convolution.weight[..., -taps:], convolution.bias, dilation=self.dilation)


class CausalEncoder(Encoder):
    """The encoder of Franceschi et al.

    Args:
        channels: C.
        depth: blocks of 40 channels before the last.
    """

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.recipe = {"channels": channels, "depth": depth}
        widths = [channels, *[CHANNELS] * depth]
        self.blocks = nn.Sequential(
            *(CausalBlock(width, CHANNELS, 2**i) for i, width in enumerate(widths[:-1])),
            CausalBlock(widths[-1], REDUCED, 2**depth),
        )
        self.head = nn.Linear(REDUCED, VECTOR)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return (B, 320) of (B, C, T) for any T."""
        vector: torch.Tensor = self.head(self.blocks(x).amax(dim=2))
        return vector


class USRLPredictor(EncodedClusters):
    """Clusters of a causal encoder's vectors."""

    network = CausalEncoder
