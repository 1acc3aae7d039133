"""SwAV, the baseline of LLP-Co: the same clustering with equipartition, read out by k-means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from eobench.data import Bags, DataError, EobenchError, Inputs, Partition, UnsupportedError, View
from eobench.plugin import Method, Predictions, Predictor, RunContext
from eobench_base_models.training import (
    NetworkPredictor,
    Preparation,
    Step,
    TrainingOptions,
    fit_network,
    whole,
)
from eobench_proportions._llpco import SwappedObjective, configure, prototypes_over

READOUT_ROWS = 50_000


class SwAV(Method):
    """SwAV (Caron et al. 2020) as La Rosa et al. compare with it: SwAV1-3 of METHODS 1.2.

    30 prototypes of equal mass, soft codes, without labels or proportions; then k-means, one cluster a class, on
    the frozen backbone's features. The paper takes the mean over five seeds of k-means: `readout=0` to `4` are
    they, and share one pre-training. Deviations: two views, no small crops and no queue; else as `llp-co`.
    """

    def pretrain(self, view: View, run: RunContext) -> Mapping[str, NDArray[Any]]:
        """Return the backbone's weights, and what standardises its inputs."""
        size = min(whole(self.params, "batch_size"), max(1, len(view)))
        prototypes = whole(self.params, "prototypes")
        objective = EqualObjective(view, size, prototypes, torch.device(run.device))
        configure(objective, self.params)
        with prototypes_over(run, self.params, prototypes):
            learned = fit_network(view, run, objective, TrainingOptions.of(self.params))
        state = learned.network.encoder.state_dict()  # type: ignore[union-attr]
        arrays = {f"encoder.{name}": value.detach().cpu().numpy() for name, value in state.items()}
        arrays["steps"] = np.asarray(learned.steps or 0)
        return arrays | {"mean": learned.preparation.mean, "deviation": learned.preparation.deviation}

    def fit(self, view: View, run: RunContext) -> ClusteredFeatures:
        """Cluster the features of the view's rows.

        Raises:
            EobenchError: the run has no base model or no pre-training.
            UnsupportedError: there are fewer rows than clusters.
        """
        if run.base_model is None or run.checkpoint is None:
            raise EobenchError("swav: the run has no base model or no pre-training")
        options, checkpoint = TrainingOptions.of(self.params), run.checkpoint
        preparation = Preparation(
            options.fill,
            checkpoint["mean"],
            checkpoint["deviation"],
            options.scaling == "series",
            options.mask == "channel",
        )
        shape, classes = view.inputs.shape, len(view.classes)
        with torch.random.fork_rng(devices=[]):
            network = run.base_model.build(preparation.shape(shape), classes)
        state = {
            name.removeprefix("encoder."): torch.from_numpy(np.array(value))
            for name, value in checkpoint.items()
            if name.startswith("encoder.")
        }
        network.load_state_dict(state, strict=False)  # the classifier's head is not used
        network.to(run.device)
        taken = int(checkpoint["steps"])
        encoder = NetworkPredictor.of(network, run.base_model, shape, classes, preparation, steps=taken)
        clusters = whole(self.params, "clusters") or classes
        if len(view) < clusters:
            raise UnsupportedError(f"swav: {clusters} clusters of {len(view)} samples")
        features = encoder.predict(view.inputs.take(np.arange(min(len(view), READOUT_ROWS)))).embeddings
        assert features is not None  # noqa: S101 - what a network gives
        return ClusteredFeatures(encoder, _centres(features, clusters, whole(self.params, "readout")))


class EqualObjective(SwappedObjective):
    """Random batches, each a bag in which all prototypes have the same mass.

    Args:
        view: any; only its inputs are read.
        size: rows a batch.
        prototypes: their number.
        device: of the network.
    """

    def __init__(self, view: View, size: int, prototypes: int, device: torch.device) -> None:
        rows, batches = np.arange(len(view)), -(-len(view) // size)
        offsets = np.array([0, len(view)], np.int64)
        shares = np.full((1, prototypes), 1 / prototypes, np.float32)
        super().__init__(
            replace(view, validation=None),
            Bags((Partition(rows, offsets, shares),)),
            device=device,
            samples_per_step=size,
            selection="last",
        )
        self._batches, self._shares = batches, torch.from_numpy(shares).to(device)

    def steps(self, epoch: int) -> int:  # noqa: ARG002
        """Return how many batches hold all rows."""
        return self._batches

    def epoch(self, epoch: int, generator: np.random.Generator) -> Iterator[Step]:
        """Yield all rows once, in equal batches."""
        self._epoch = epoch
        for positions in np.array_split(generator.permutation(len(self.rows)), self._batches):
            index = torch.zeros(len(positions), dtype=torch.int64, device=self._shares.device)
            yield Step(positions, (index, self._shares))


class ClusteredFeatures(Predictor):
    """The nearest of some centres of a network's features.

    Args:
        encoder: whose embeddings are clustered.
        centres: (K, D).
    """

    def __init__(self, encoder: NetworkPredictor, centres: NDArray[np.float32]) -> None:
        self.encoder, self.centres = encoder, centres
        self.parameters, self.steps = encoder.parameters + centres.size, encoder.steps

    def flops(self) -> int | None:
        """Return the encoder's."""
        return self.encoder.flops()

    def predict(self, inputs: Inputs) -> Predictions:
        """Return clusters (n,) and the encoder's features (n, D)."""
        features = self.encoder.predict(inputs).embeddings
        assert features is not None  # noqa: S101 - what a network gives
        if not len(features):
            return Predictions(clusters=np.zeros(0, np.int64), embeddings=features)
        distance = np.square(self.centres).sum(axis=1) - 2 * features @ self.centres.T
        return Predictions(clusters=distance.argmin(axis=1), embeddings=features)

    def save(self, folder: Path) -> None:
        """Write the encoder and `centres.safetensors`."""
        self.encoder.save(folder)
        save_file({"centres": np.ascontiguousarray(self.centres)}, folder / "centres.safetensors")

    @classmethod
    def load(cls, folder: Path) -> ClusteredFeatures:
        """Return the predictor that `save` wrote.

        Raises:
            DataError: the folder holds something else.
        """
        try:
            centres = load_file(folder / "centres.safetensors")["centres"]
        except Exception as error:
            raise DataError(f"{folder}: no saved centres ({type(error).__name__}: {error})") from error
        return cls(NetworkPredictor.load(folder), centres)


def _centres(features: NDArray[np.float32], clusters: int, seed: int) -> NDArray[np.float32]:
    from sklearn.cluster import KMeans

    fitted = KMeans(clusters, n_init=1, random_state=seed).fit(features)
    centres: NDArray[np.float32] = fitted.cluster_centers_.astype(np.float32)
    return centres
