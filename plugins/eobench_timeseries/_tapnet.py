"""TapNet: attention over a class's training series gives its prototype."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch.nn import functional

from eobench.data import DataError, Inputs, View
from eobench.plugin import Method, Predictions, Predictor, RunContext
from eobench_base_models.training import (
    Adam,
    Precision,
    Preparation,
    balanced_weights,
    mixed_precision,
    number,
    seeded,
    whole,
)
from eobench_timeseries._loop import Curve, batches
from eobench_timeseries._series import labelled_rows, pack, preparation_of, prepared, tensors, unpack
from eobench_timeseries._tapnet_network import EMBEDDING, ROWS_AT_ONCE, TapNetwork, as_logits, random_groups

_ARRAYS, _OPTIONS = "tapnet.safetensors", "tapnet.json"


class TapNet(Method):
    """TapNet (Zhang et al., AAAI 2020) as in Vincent et al., Table 2.

    Three random groups of int(C / 1.5) bands each go through convolutions of 256, 256 and 128 channels (8, 5 and 3
    steps; the first is the group's own, the others are shared) and their means over time; an LSTM of 128 reads the
    bands one after the other, each as a vector of its T values, and its outputs are averaged. These 512 values are
    mapped to 500 and 300. A class's prototype is the mean of its training embeddings, weighted by an attention of
    its own (tanh of 128, softmax over its series). Logits are minus the squared distances; `logits=kernel` are
    exp(-d^2 / 2), as the comparison fed them. 1,881,995 parameters on PASTIS, the published 1,882 thousand.

    Deviations: the official LSTM runs over the series of a batch, whose neighbours then matter to a prediction
    (an axis is taken for another); ours over the bands of one series, with as many parameters. Convolutions are
    padded, so that series of a few dates have outputs. In a step the prototypes are those of the batch's series,
    as in the comparison, and classes that the batch lacks have none; to predict, they are those of all training
    rows (at most `fit_rows`). In training a series takes no part in the prototype that it is compared with where
    its class has others in the batch, as it would not in a test (`leave_out=false`: it does). The comparison's
    rate is 1e-4 for 12,000 steps of 1,024 series (`paper`; give `lr=0.0001,batch_size=1024`). Gaps are filled
    linearly by default; `fill=zero` is what the paper feeds its networks. Validation rows are not used: the last
    state is kept.
    """

    def fit(self, view: View, run: RunContext) -> TapNetPredictor:
        """Learn from the labelled rows of a `full` or `few` view.

        Raises:
            UnsupportedError: no row is labelled.
        """
        device = torch.device(run.device)
        rows = labelled_rows(view, run, self.params, "tapnet")
        assert view.labels is not None  # noqa: S101  labelled_rows saw them
        preparation = preparation_of(view.inputs, self.params)
        series = prepared(view.inputs, preparation, device, rows)
        labels = torch.from_numpy(view.labels[rows].astype(np.int64)).to(device)
        kernel = self.params["logits"] == "kernel"
        with seeded(run.number("torch"), device):
            groups = random_groups(view.inputs.channels, run.generator("groups"))
            network = TapNetwork(series.shape[2], len(view.classes), groups).to(device)
            with mixed_precision(network, cast("Precision", self.params["precision"]), device):
                steps = self._train(network, series, labels, run, kernel)
        prototypes, present = network.eval().class_prototypes(series, labels)
        return TapNetPredictor(network, prototypes, present, preparation, kernel=kernel, steps=steps)

    def _train(
        self, network: TapNetwork, series: torch.Tensor, labels: torch.Tensor, run: RunContext, kernel: bool
    ) -> int:
        optimiser = Adam(network.parameters(), number(self.params, "lr"), number(self.params, "weight_decay"))
        curve, apart = Curve(run), bool(self.params["leave_out"])
        weights = torch.ones(len(network.attention), device=series.device)
        if self.params["class_weight"] == "balanced":
            weights = torch.from_numpy(balanced_weights(labels.cpu().numpy(), len(weights))).to(series.device)
        network.train()
        for positions in batches(len(series), whole(self.params, "batch_size"), run):
            index = torch.from_numpy(positions).to(series.device)
            if len(index) == 1:  # batch normalisation needs two
                index = index.repeat(2)
            logits, targets = network.batch_logits(series[index], labels[index], kernel=kernel, apart=apart)
            loss = functional.cross_entropy(logits, targets, weight=weights[torch.unique(labels[index])])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            curve.add(loss)
        curve.flush()
        return curve.steps


class TapNetPredictor(Predictor):
    """The embedding with the prototypes of all training series.

    Attributes:
        network: in evaluation mode.
        prototypes: (k, 300).
        names: (k,) their classes; the others have probability 0.
        preparation: how series are filled and scaled.
        kernel: what the logits are.
    """

    def __init__(
        self,
        network: TapNetwork,
        prototypes: torch.Tensor,
        names: torch.Tensor,
        preparation: Preparation,
        *,
        kernel: bool,
        steps: int,
    ) -> None:
        self.network, self.prototypes, self.names = network.eval(), prototypes, names
        self.preparation, self.kernel, self.steps = preparation, kernel, steps
        self.parameters = sum(p.numel() for p in network.parameters())

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> Predictions:
        """Return `classes`, `probabilities` and `embeddings` of n series."""
        shares = [np.zeros((0, len(self.network.attention)), np.float32)]
        embedded = [np.zeros((0, EMBEDDING), np.float32)]
        for chunk in tensors(inputs, self.preparation, self.prototypes.device):
            for x in torch.split(chunk, ROWS_AT_ONCE):
                seen = self.network.features(x)
                squares = (seen[:, None] - self.prototypes).square().sum(dim=2)
                part = seen.new_zeros((len(x), len(self.network.attention)))
                part[:, self.names] = as_logits(squares, kernel=self.kernel).softmax(dim=1)
                shares.append(part.cpu().numpy())
                embedded.append(seen.cpu().numpy())
        probabilities = np.concatenate(shares)
        return Predictions(
            classes=probabilities.argmax(axis=1), probabilities=probabilities, embeddings=np.concatenate(embedded)
        )

    def save(self, folder: Path) -> None:
        """Write tapnet.safetensors and tapnet.json."""
        from safetensors.torch import save_file

        state: dict[str, torch.Tensor] = {f"network.{name}": v for name, v in self.network.state_dict().items()}
        state |= {"prototypes": self.prototypes, "names": self.names}
        save_file({name: value.cpu().contiguous() for name, value in state.items()}, folder / _ARRAYS)
        options = {
            "length": self.network.recurrent.input_size,
            "classes": len(self.network.attention),
            "kernel": self.kernel,
            "steps": self.steps,
            "preparation": pack(self.preparation),
        }
        (folder / _OPTIONS).write_text(json.dumps(options))

    @classmethod
    def load(cls, folder: Path) -> TapNetPredictor:
        """Return the predictor that `save` wrote, on the CPU.

        Raises:
            DataError: the files are not those that `save` writes.
        """
        from safetensors.torch import load_file

        try:
            arrays: Mapping[str, torch.Tensor] = load_file(folder / _ARRAYS)
            options: dict[str, Any] = json.loads((folder / _OPTIONS).read_text())
            start = "network."
            state = {name.removeprefix(start): v for name, v in arrays.items() if name.startswith(start)}
            with torch.random.fork_rng(devices=[]):
                network = TapNetwork(options["length"], options["classes"], state["groups"].numpy())
            network.load_state_dict(state)
            return cls(
                network,
                arrays["prototypes"],
                arrays["names"],
                unpack(options["preparation"]),
                kernel=bool(options["kernel"]),
                steps=options["steps"],
            )
        except Exception as error:
            raise DataError(f"{folder}: no saved TapNet ({type(error).__name__}: {error})") from error
