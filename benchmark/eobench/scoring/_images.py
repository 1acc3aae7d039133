"""What of an image's classes was found, image by image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eobench.plugin import Metric, Scoring

IMAGES_AT_ONCE = 256


class ImageShares(Metric):
    """The chip metrics of Ramos-Pollan and Gonzalez (METHODS 3.3).

    `image_mae` takes the shares of the predicted classes' map, as their default does; `image_mae_soft` the mean of
    the probability maps. Both over the scored pixels of an image, averaged over classes, then over images (theirs:
    over batches; the same but for the last batch). `image_iou` averages over the classes present in an image's
    truth. Images without a scored pixel are left out. Their pixel F1 is `oa`: micro-averaged over all pixels.
    """

    def compute(self, scoring: Scoring) -> Mapping[str, object]:
        """Return the three columns; None where nothing is scored or given."""
        classes = scoring.predictions.classes
        if classes is None or scoring.truth.ndim != 3 or not (scoring.truth >= 0).any():
            return {"image_mae": None, "image_mae_soft": None, "image_iou": None}
        count, probabilities = len(scoring.classes), scoring.predictions.probabilities
        hard, soft, iou = [], [], []
        for start in range(0, len(scoring.truth), IMAGES_AT_ONCE):
            some = slice(start, start + IMAGES_AT_ONCE)
            truth = scoring.truth[some]
            table = _tables(truth, classes[some], count)
            seen = table.sum(axis=(1, 2)) > 0
            pixels = table.sum(axis=(1, 2))[seen, None]
            true, predicted = table.sum(axis=2)[seen], table.sum(axis=1)[seen]
            hard.append(np.abs(predicted - true) / pixels)
            if probabilities is not None:
                known = (truth >= 0)[:, None]
                shares = np.where(known, probabilities[some], 0).sum(axis=(2, 3), dtype=np.float64)[seen]
                soft.append(np.abs(shares - true) / pixels)
            both = np.einsum("nkk->nk", table)[seen]
            union = true + predicted - both
            rates = np.divide(both, union, out=np.full_like(both, np.nan), where=true > 0)
            iou.append(np.nanmean(rates, axis=1))
        return {
            "image_mae": float(np.concatenate(hard).mean()),
            "image_mae_soft": float(np.concatenate(soft).mean()) if soft else None,
            "image_iou": float(np.concatenate(iou).mean()),
        }


def _tables(truth: NDArray[np.integer], classes: NDArray[np.integer], count: int) -> NDArray[np.float64]:
    """(n, K, K) scored pixels of each image by true and predicted class."""
    images = len(truth)
    image, row, column = np.nonzero(truth >= 0)
    true, predicted = truth[image, row, column].astype(np.int64), classes[image, row, column].astype(np.int64)
    flat = np.bincount((image * count + true) * count + predicted, minlength=images * count * count)
    return flat.reshape(images, count, count).astype(np.float64)
