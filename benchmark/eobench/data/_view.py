"""A view: a sample set reduced to what a supervision level grants, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from eobench.data._inputs import Inputs

Level = Literal["full", "few", "bags", "regions", "global", "census", "none"]
"""A supervision level; docs/supervision.md says what each grants."""
LEVELS: tuple[Level, ...] = get_args(Level)
"""All supervision levels, from most to least."""
BAG_LEVELS: tuple[Level, ...] = ("bags", "regions", "global", "census")
"""The levels that grant proportions of bags and no labels."""


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """One way of cutting (some of) a view's rows into bags.

    Attributes:
        rows: (M,) int64, the bags' rows, bag after bag; indices into the view's inputs.
        offsets: (bags + 1,) int64; bag i holds `rows[offsets[i]:offsets[i + 1]]`.
        proportions: (bags, K) float32, each row on the simplex.
    """

    rows: NDArray[np.int64]
    offsets: NDArray[np.int64]
    proportions: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def bag(self, index: int) -> NDArray[np.int64]:
        """Return the rows of one bag."""
        return self.rows[self.offsets[index] : self.offsets[index + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class Bags:
    """Bags with proportions, in one or more partitions drawn beforehand.

    Attributes:
        partitions: one, or R that a method cycles through (`redraws: R`), one an epoch.
        shared: True where all bags carry one vector (`global`, `census` without regions).
    """

    partitions: tuple[Partition, ...]
    shared: bool = False

    def partition(self, epoch: int) -> Partition:
        """Return the partition of an epoch: they are cycled."""
        return self.partitions[epoch % len(self.partitions)]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a method is given: inputs, and the labels or proportions that its supervision level grants.

    Rows stand in a seeded random order that does not depend on their order in the folder or on any label.
    A view owns its arrays; it holds no ids, no groups, no other rows of the data set and no reference to it.
    docs/supervision.md says which rows each level shows.

    Attributes:
        level: the supervision level.
        inputs: n samples.
        classes: K class names; class k is index k of labels and proportions.
        labels: `full` and `few` only: (n,) int16, or (n, H, W) for dense targets; -1 = not given. At `full` that
            is so only for rows that a knob added (a pool, test inputs) and for ignored pixels of label maps.
        bags: `bags`, `regions`, `global` and `census` only.
        validation: rows kept for model selection, seen at the same level (at `global` and `census` inputs only:
            a view of level `none`). None: there are none.
    """

    level: Level
    inputs: Inputs
    classes: tuple[str, ...]
    labels: NDArray[np.int16] | None = None
    bags: Bags | None = None
    validation: View | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def labelled(self) -> NDArray[np.int64]:
        """Rows that carry a label (for dense targets: at least one labelled pixel)."""
        if self.labels is None:
            return np.zeros(0, np.int64)
        known = self.labels >= 0
        return np.flatnonzero(known.reshape(len(known), -1).any(axis=1))
