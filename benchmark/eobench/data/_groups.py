"""Places (group columns) as codes, and classes grouped into majors and others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eobench.data._errors import DataError, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eobench.data._folder import SampleFolder

OTHERS = "others"


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """A group column as codes.

    Attributes:
        names: of the regions, as text, sorted.
        codes: (N,) int64 index into names; -1 where a row has none.
    """

    names: tuple[str, ...]
    codes: NDArray[np.int64]


def read_regions(folder: SampleFolder, by: str) -> Regions:
    """Return a group column as codes.

    Raises:
        DataError: the data set has no such group.
    """
    if by not in folder.header.groups:
        raise DataError(f"{folder.header.name}: {unknown('group', by, folder.header.groups)}")
    return encode(folder.column(by))


def encode(values: NDArray[Any]) -> Regions:
    """Return any column as codes of its sorted texts; None, NaN and empty texts are in no region."""
    if values.dtype.kind in "iub":
        kept, codes = np.unique(values, return_inverse=True)
        order = np.argsort(np.array([str(v) for v in kept]), kind="stable")
        place = np.empty(len(kept), np.int64)
        place[order] = np.arange(len(kept))
        return Regions(tuple(str(kept[i]) for i in order), place[codes.reshape(-1)])
    texts = ["" if v is None or v != v else str(v) for v in values.tolist()]
    names = sorted(set(texts) - {""})
    index = {name: i for i, name in enumerate(names)} | {"": -1}
    return Regions(tuple(names), np.fromiter((index[t] for t in texts), np.int64, len(texts)))


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Classes grouped into some majors and `others`.

    Attributes:
        names: of the groups.
        index: (K,) int16, group of each class; None: every class stays itself.
    """

    names: tuple[str, ...]
    index: NDArray[np.int16] | None = None

    def labels(self, labels: NDArray[np.int16]) -> NDArray[np.int16]:
        """Return labels of any shape as labels of the groups; -1 stays."""
        if self.index is None:
            return labels
        grouped: NDArray[np.int16] = np.append(self.index, np.int16(-1))[labels]
        return grouped

    def shares(self, shares: NDArray[Any]) -> NDArray[Any]:
        """Return proportions or counts (..., K) summed over each group."""
        if self.index is None:
            return shares
        member = self.index[:, None] == np.arange(len(self.names))
        return np.asarray(shares @ member.astype(shares.dtype))


def group_classes(classes: Sequence[str], majors: Sequence[str], what: str) -> Grouping:
    """Return a grouping: majors in the order of the classes, then `others` where a class is left.

    Args:
        classes: K names.
        majors: to keep; empty keeps all.
        what: the knob, for the message.

    Raises:
        DataError: a major is not among the classes.
    """
    names = tuple(classes)
    for major in majors:
        if major not in names:
            raise DataError(f"{what}: {unknown('class', major, names)}")
    if not majors or set(majors) >= set(names):
        return Grouping(names)
    kept = [name for name in names if name in majors and name != OTHERS]
    place = {name: i for i, name in enumerate(kept)}
    index = np.array([place.get(name, len(kept)) for name in names], np.int16)
    return Grouping((*kept, OTHERS), index)
