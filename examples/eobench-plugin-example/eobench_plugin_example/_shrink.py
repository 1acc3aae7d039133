"""The mathematics of shrunken centroids, on plain arrays: nothing here knows of eobench."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What is known of the labelled rows, with D features and P classes that have labels.

    Attributes:
        counts: (P,) rows of each class.
        means: (P, D) of each class.
        mean: (D,) of all rows.
        spread: (D,) s + s0: pooled standard deviation within classes, and its median over features.
    """

    counts: NDArray[np.int64]
    means: Array
    mean: Array
    spread: Array

    @classmethod
    def of(cls, counts: NDArray[np.int64], sums: Array, squares: Array) -> Moments:
        """Return them from (P, D) sums and (D,) sums of squares of values that lie around zero.

        Where no class has two rows nothing is known of the spread within classes: that of all rows stands in, and
        1 for a single row.
        """
        n = int(counts.sum())
        means, mean = sums / counts[:, None], sums.sum(axis=0) / n
        within = squares - (counts[:, None] * means**2).sum(axis=0)
        freedom = n - len(counts)
        if freedom == 0:
            within, freedom = squares - n * mean**2, max(n - 1, 1)
        s = np.sqrt(np.maximum(within, 0) / freedom)
        spread = s + np.median(s)
        return cls(counts, means, mean, np.where(spread > 1e-12, spread, 1.0))

    @property
    def errors(self) -> Array:
        """(P, D) standard errors m_k (s + s0) of the differences between a class's mean and that of all rows."""
        m = np.sqrt(np.maximum(1 / self.counts - 1 / self.counts.sum(), 0))
        errors: Array = m[:, None] * self.spread
        return errors

    @property
    def differences(self) -> Array:
        """(P, D) d: how many standard errors a class's mean lies from the mean of all rows."""
        errors = self.errors
        return np.divide(self.means - self.mean, errors, out=np.zeros_like(errors), where=errors > 0)

    def shrunken(self, threshold: float) -> Array:
        """Return (P, D) class means, each difference drawn towards zero by `threshold` standard errors."""
        d = self.differences
        return self.mean + self.errors * np.sign(d) * np.maximum(np.abs(d) - threshold, 0)


def scores(values: Array, centroids: Array, spread: Array, prior: Array) -> Array:
    """Return (B, P) discriminant scores of (B, D) values: log-probabilities up to a constant for each row."""
    scaled, prototypes = values / spread, centroids / spread
    # |x - c|^2 without the |x|^2 that all classes share; features whose means all agree cancel as well
    distances = (prototypes**2).sum(axis=1) - 2 * scaled @ prototypes.T
    result: Array = np.log(prior) - distances / 2
    return result


def softmax(logits: Array) -> Array:
    """Return probabilities over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Array = powers / powers.sum(axis=-1, keepdims=True)
    return result
