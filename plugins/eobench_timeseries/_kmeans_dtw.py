"""K-means whose distance is soft-DTW."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from eobench.data import DataError, Inputs, View
from eobench.plugin import Method, Predictions, Predictor, RunContext
from eobench_base_models.training import Preparation, number, whole
from eobench_prototypes.clustering import EMPTY_SHARE, NOISE, Clustering, Rows, lloyd
from eobench_timeseries._loop import Curve, batches
from eobench_timeseries._series import clustered_rows, pack, preparation_of, prepared, tensors, unpack

START_ITERATIONS = 50
"""Of the K-means that gives the first prototypes, at most: they are only a start."""
_ARRAYS, _OPTIONS = "prototypes.safetensors", "prototypes.json"


class KMeansDTW(Method):
    """K-means-DTW of Vincent et al. (Table 3): prototypes trained by gradient on soft-DTW.

    Cuturi and Blondel (2017), Eq 1 and Algorithm 2. Each step gives the series of a batch to their nearest
    prototypes and lowers their mean soft-DTW by Adam; all bands warp together. Not stated in the paper: gamma (1,
    for standardised series), the learning rate, the budget (`paper` is the 100,000 steps after which the code of
    their own model first changes), the start (the centres of Euclidean K-means, or random series). Empty clusters
    become copies of the largest with noise, as their K-means reassigns them. Deviation: the view's rows are
    clustered, and the task says whether the scored inputs are among them (`transductive`); the paper clusters
    train, validation and test.
    """

    def fit(self, view: View, run: RunContext) -> SoftPrototypes:
        """Return the prototypes of a `none` view.

        Raises:
            UnsupportedError: there are fewer rows than clusters.
        """
        count, gamma = whole(self.params, "clusters"), number(self.params, "gamma")
        rows = clustered_rows(view, run, self.params, "kmeans-dtw")
        preparation = preparation_of(view.inputs, self.params)
        series = prepared(view.inputs, preparation, torch.device(run.device), rows)
        prototypes = torch.nn.Parameter(first_prototypes(series, count, str(self.params["init"]), run))
        steps = self._train(series, prototypes, run)
        return SoftPrototypes(prototypes.detach(), gamma, preparation, steps=steps, threads=run.threads)

    def _train(self, series: torch.Tensor, prototypes: torch.nn.Parameter, run: RunContext) -> int:
        from eobench_timeseries._softdtw import soft_dtw, soft_dtw_matrix

        gamma, every = number(self.params, "gamma"), whole(self.params, "reassign_steps")
        optimiser = Rows([prototypes], number(self.params, "lr"))
        curve, noise = Curve(run), torch.Generator().manual_seed(run.number("reassignment"))
        sizes = torch.zeros(len(prototypes), dtype=torch.int64, device=series.device)
        for positions in batches(len(series), whole(self.params, "batch_size"), run):
            x = series[torch.from_numpy(positions).to(series.device)]
            nearest = soft_dtw_matrix(x, prototypes, gamma, run.threads).argmin(dim=1)
            loss = soft_dtw(x, prototypes[nearest], gamma, run.threads).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            curve.add(loss)
            sizes += torch.bincount(nearest, minlength=len(prototypes))
            if curve.steps % every == 0:
                run.log("clusters reassigned", reassign(prototypes, optimiser, sizes, noise), curve.steps)
                sizes.zero_()
        curve.flush()
        return curve.steps


def first_prototypes(series: torch.Tensor, count: int, how: str, run: RunContext) -> torch.Tensor:
    """Return (count, C, T) prototypes to start from.

    Args:
        series: (n, C, T).
        count: K.
        how: `kmeans` (centres of Euclidean K-means) or `random` (series).
        run: whose seed draws.
    """
    if how == "random":
        rows = run.generator("init").choice(len(series), count, replace=False)
        return series[torch.from_numpy(rows).to(series.device)].clone()
    values = series.flatten(1).cpu().numpy()
    centres = lloyd(values, Clustering(clusters=count, iterations=START_ITERATIONS), run)
    return torch.from_numpy(centres.astype(np.float32)).view(count, *series.shape[1:]).to(series.device)


def reassign(prototypes: torch.nn.Parameter, optimiser: Rows, sizes: torch.Tensor, noise: torch.Generator) -> int:
    """Put noisy copies of the largest cluster's prototype, and its moments, in the place of empty ones.

    Args:
        prototypes: (K, C, T), changed.
        optimiser: of the prototypes.
        sizes: (K,) series of each since the last look.
        noise: what tells a copy from its original.

    Returns:
        How many were empty.
    """
    empty = torch.nonzero(sizes < EMPTY_SHARE / len(sizes) * sizes.sum())[:, 0]
    source = sizes.argmax().expand(len(empty))
    optimiser.copy(prototypes, empty, source)
    with torch.no_grad():
        copies = prototypes[source]
        prototypes[empty] = copies + NOISE * torch.randn(copies.shape, generator=noise).to(prototypes.device)
    return len(empty)


class SoftPrototypes(Predictor):
    """Gives each series to the prototype that is nearest under soft-DTW.

    Attributes:
        prototypes: (K, C, T) prepared.
        gamma: softness.
        preparation: how series are filled and scaled.
        threads: they change no number.
    """

    def __init__(
        self,
        prototypes: torch.Tensor,
        gamma: float,
        preparation: Preparation,
        *,
        steps: int | None = None,
        threads: int = 1,
    ) -> None:
        self.prototypes, self.gamma, self.preparation = prototypes, gamma, preparation
        self.steps, self.threads = steps, threads
        self.parameters = prototypes.numel()

    def predict(self, inputs: Inputs) -> Predictions:
        """Return `clusters` of n series."""
        from eobench_timeseries._softdtw import soft_dtw_matrix

        found = [
            soft_dtw_matrix(x, self.prototypes, self.gamma, self.threads).argmin(dim=1).cpu().numpy()
            for x in tensors(inputs, self.preparation, self.prototypes.device)
        ]
        return Predictions(clusters=np.concatenate(found) if found else np.zeros(0, np.int64))

    def save(self, folder: Path) -> None:
        """Write prototypes.safetensors and prototypes.json."""
        from safetensors.torch import save_file

        save_file({"prototypes": self.prototypes.cpu().contiguous()}, folder / _ARRAYS)
        options = {"gamma": self.gamma, "steps": self.steps, "preparation": pack(self.preparation)}
        (folder / _OPTIONS).write_text(json.dumps(options))

    @classmethod
    def load(cls, folder: Path) -> SoftPrototypes:
        """Return the predictor that `save` wrote, on the CPU.

        Raises:
            DataError: the files are not those that `save` writes.
        """
        from safetensors.torch import load_file

        try:
            prototypes = load_file(folder / _ARRAYS)["prototypes"]
            options = json.loads((folder / _OPTIONS).read_text())
            if prototypes.ndim != 3 or prototypes.dtype != torch.float32:
                raise ValueError(f"prototypes {tuple(prototypes.shape)}")
            preparation = unpack(options["preparation"])
            return cls(prototypes, float(options["gamma"]), preparation, steps=options["steps"])
        except Exception as error:
            raise DataError(f"{folder}: no saved prototypes ({type(error).__name__}: {error})") from error
