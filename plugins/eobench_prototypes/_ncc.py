"""Nearest class mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eobench.data import Inputs, UnsupportedError, View
from eobench.plugin import Method, RunContext
from eobench_prototypes._features import Features, chunks, fit_features
from eobench_prototypes._predictor import NearestPrototype


class NearestClassMean(Method):
    """NCC: each class is the mean of its filled, standardised train series; the nearest mean wins.

    Vincent et al., section 4 (their NCC baseline, and the start of their deformable prototypes). `scaling=band`
    standardises each band, as they do; `scaling=feature` each (step, band). `fill=gaussian, distance=masked` is
    theirs; the default fills linearly and weighs all steps the same. Standardisation uses all inputs of the view
    (at `few` the unlabelled ones too, which that level grants); means use the labelled ones. A class without a
    labelled sample has no mean and is never predicted. Means and distances in double precision.
    """

    def fit(self, view: View, run: RunContext) -> NearestPrototype:  # noqa: ARG002
        """Return the class means of a `full` or `few` view.

        Raises:
            UnsupportedError: no row is labelled.
        """
        labels, rows = view.labels, view.labelled
        if labels is None or not len(rows):
            raise UnsupportedError("ncc needs labelled rows, and the view has none")
        features = fit_features(view.inputs, self.params["scaling"], self.params["fill"])
        means, names = class_means(view.inputs, features, labels, rows, len(view.classes))
        return NearestPrototype(features, means, names, masked=self.params["distance"] == "masked")


def class_means(
    inputs: Inputs,
    features: Features,
    labels: NDArray[np.int16],
    rows: NDArray[np.int64],
    classes: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the means (P, C*T) of the labelled rows of each class that has any, and those P classes."""
    channels, steps = inputs.shape
    sums = np.zeros((classes, channels * steps))
    for chunk in chunks(inputs, rows):
        member = labels[chunk][:, None] == np.arange(classes)
        sums += member.astype(np.float64).T @ features.values(inputs, chunk).astype(np.float64)
    counts = np.bincount(labels[rows], minlength=classes)
    names = np.flatnonzero(counts)
    return sums[names] / counts[names, None], names
