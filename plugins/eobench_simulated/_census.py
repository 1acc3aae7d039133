"""The simulated census: a region table that is wrong by a chosen amount."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_LARGEST: Final = 50.0  # standard deviation of a log-normal factor that leaves one class only
_HALVINGS: Final = 60


def true_proportions(region: Int, label: Int, weight: Int, regions: int, classes: int) -> Float:
    """Share of each class in each region, (regions, classes), rows summing to one."""
    areas = np.zeros((regions, classes))
    np.add.at(areas, (region, label), weight)
    shares: Float = areas / areas.sum(axis=1, keepdims=True)
    return shares


def perturb(truth: Float, error: float, generator: np.random.Generator) -> Float:
    """A census whose L1 error is `error` in every region: the classes' |reported - true| add up to it.

    So half of `error` is the share of the region's area that the census puts into a wrong class. Errors are
    relative, as in real censuses (each class is multiplied by a log-normal factor), after a twentieth of the error
    went to the mean over all regions, so that a census can report a class where there is none.

    Args:
        truth: (regions, classes) shares, rows summing to one.
        error: From 0 (the truth) to 0.5.
        generator: Draws the errors' directions.
    """
    if error == 0:
        return truth.copy()
    start = (1 - error / 20) * truth + error / 20 * truth.mean(axis=0)
    direction = generator.normal(size=truth.shape)
    low, high = np.zeros(len(truth)), np.full(len(truth), _LARGEST)
    # A class that is nearly all of a region can hardly be made more: there the errors go the other way.
    direction[_distance(_scaled(start, direction, high), truth) < error] *= -1
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        near = _distance(_scaled(start, direction, middle), truth) < error
        low, high = np.where(near, middle, low), np.where(near, high, middle)
    return _scaled(start, direction, high)


def _scaled(shares: Float, direction: Float, size: Float) -> Float:
    """Each region's shares times log-normal factors of standard deviation `size`, (regions, classes)."""
    logarithm = size[:, None] * direction
    weights: Float = shares * np.exp(logarithm - logarithm.max(axis=1, keepdims=True))
    scaled: Float = weights / weights.sum(axis=1, keepdims=True)
    return scaled


def _distance(first: Float, second: Float) -> Float:
    distances: Float = np.abs(first - second).sum(axis=1)
    return distances
