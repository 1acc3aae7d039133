"""The simulated landscape: regions on a grid, blocks in them, fields in these, pixels in fields."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated._crops import CROPS
from eobench_simulated._parameters import Parameters

Float = NDArray[np.float64]
Int = NDArray[np.int64]

REGION_SIDE: Final = 10.0  # km
_BLOCKS_A_SIDE: Final = 2  # of a region
_FEWEST_A_REGION: Final = 2
_FEWEST_FIELDS: Final = 4  # of each class, so that every split can hold it


@dataclass(frozen=True)
class Landscape:
    """Who is where: F fields sorted by region and block, their pixels following in the same order.

    Attributes:
        regions: Number of regions.
        climate: (regions,) from about -1 (warm, early) to 1 (cool, late).
        region: (F,) region of each field.
        block: (F,) block within the region, 0 to 3: its quarters.
        position: (F, 2) in km.
        label: (F,) class of each field.
        pixels: (F,) pixels of each field.
        neighbour: (F,) another field of the same block; the field itself where it is alone.
    """

    regions: int
    climate: Float
    region: Int
    block: Int
    position: Float
    label: Int
    pixels: Int
    neighbour: Int

    @property
    def block_of_all(self) -> Int:
        """(F,) block of each field, numbered over all regions."""
        return self.region * _BLOCKS_A_SIDE**2 + self.block

    @property
    def first_pixel(self) -> Int:
        """(F + 1,) where each field's pixels begin, and where the last ones end."""
        return np.concatenate([[0], np.cumsum(self.pixels)])


def class_shares(classes: int, imbalance: float) -> Float:
    """Area share of each class, (classes,): a geometric series whose ends differ by the factor `imbalance`."""
    weights: Float = imbalance ** -np.linspace(0, 1, classes)
    shares: Float = weights / weights.sum()
    return shares


def make_landscape(parameters: Parameters, generator: np.random.Generator) -> Landscape:
    """Draw the landscape that `parameters` describe."""
    regions, count = parameters.regions, parameters.fields
    rows = int(np.sqrt(regions))
    columns = -(-regions // rows)
    corner = np.stack([np.arange(regions) % columns, np.arange(regions) // columns], axis=1)
    climate = 2 * corner[:, 1] / max(rows - 1, 1) - 1 + generator.normal(0, 0.2, regions)
    region = _assign_regions(regions, count, generator)
    inside = generator.uniform(size=(count, 2))
    quarter = (inside * _BLOCKS_A_SIDE).astype(np.int64)
    block = quarter[:, 0] + _BLOCKS_A_SIDE * quarter[:, 1]
    order = np.lexsort([block, region])
    region, block, inside = region[order], block[order], inside[order]
    return Landscape(
        regions=regions,
        climate=climate,
        region=region,
        block=block,
        position=(corner[region] + inside) * REGION_SIDE,
        label=_assign_classes(parameters, climate, region, generator),
        pixels=_field_sizes(parameters.samples, count, generator),
        neighbour=_neighbours(region * _BLOCKS_A_SIDE**2 + block),
    )


def _assign_regions(regions: int, count: int, generator: np.random.Generator) -> Int:
    """Region of each field: regions differ in size."""
    weight = generator.lognormal(0, 0.25, regions)
    rest = generator.choice(regions, size=count - _FEWEST_A_REGION * regions, p=weight / weight.sum())
    return np.concatenate([np.repeat(np.arange(regions), _FEWEST_A_REGION), rest])


def _assign_classes(parameters: Parameters, climate: Float, region: Int, generator: np.random.Generator) -> Int:
    shares = class_shares(parameters.classes, parameters.imbalance)
    northern = np.array([CROPS[name].northern for name in parameters.class_names])
    taste = climate[:, None] * northern + generator.normal(size=(parameters.regions, parameters.classes))
    local = shares * np.exp(parameters.region_contrast * taste)
    # The mean over regions is drawn back to the wanted shares, so that `imbalance` keeps its meaning.
    for _ in range(20):
        local /= local.sum(axis=1, keepdims=True)
        local *= shares / local.mean(axis=0)
    edges = np.cumsum(local / local.sum(axis=1, keepdims=True), axis=1)
    draws = generator.uniform(size=len(region))
    label = np.minimum((draws[:, None] > edges[region]).sum(axis=1), parameters.classes - 1)
    return _complete_rare_classes(label, parameters.classes, generator)


def _complete_rare_classes(label: Int, classes: int, generator: np.random.Generator) -> Int:
    label = label.copy()
    for rare in range(classes):
        counts = np.bincount(label, minlength=classes)
        lacking = _FEWEST_FIELDS - counts[rare]
        if lacking > 0:
            plenty = np.flatnonzero(label == counts.argmax())
            label[generator.choice(plenty, size=lacking, replace=False)] = rare
    return label


def _field_sizes(samples: int, count: int, generator: np.random.Generator) -> Int:
    weight = generator.gamma(3.0, size=count)
    return 1 + generator.multinomial(samples - count, weight / weight.sum()).astype(np.int64)


def _neighbours(block: Int) -> Int:
    """The next field of the same block, in a ring; fields come sorted by block."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(block)) + 1])
    ends = np.append(starts[1:], len(block))
    following = np.arange(1, len(block) + 1)
    following[ends - 1] = starts
    return following
