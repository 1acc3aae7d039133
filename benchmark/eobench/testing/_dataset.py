"""The suite of data sets, run without pytest."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from eobench.plugin import Places, Registry
from eobench.testing import _dataset_content, _dataset_damage, _dataset_identity
from eobench.testing._checks import Outcome
from eobench.testing._dataset_subject import DATASET, DatasetSubject
from eobench.testing._suite import choose, run_noted

__all__ = ["DATASET", "DatasetSubject", "check_dataset"]
_MODULES = (_dataset_content, _dataset_identity, _dataset_damage)  # they add their checks to the suite


def check_dataset(
    selector: str, registry: Registry, places: Places, *, only: Sequence[str] = ()
) -> Iterator[Outcome]:
    """Check a data set, yielding each outcome as it comes.

    Everything is prepared in a scratch folder within the cache, which is removed at the end. A passed check's
    `reason` holds what is worth knowing: copies that were counted, levels that the header supports, rows that were
    sampled.

    Args:
        selector: `name[option=value,...]`; `split` and `modalities` limit the views that are built.
        registry: that has its card.
        places: whose data root is read.
        only: names of checks; empty: all.

    Raises:
        EobenchError: an unknown name, option or check.
    """
    checks = choose(DATASET, only)
    places.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="check-", dir=places.cache) as scratch:
        yield from run_noted(checks, DatasetSubject(selector, registry, places, Path(scratch)))
