"""The suite of base models, run without pytest. Imports torch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from eobench.plugin import Places, Registry
from eobench.testing import _base_model_network, _base_model_options, _base_model_weights
from eobench.testing._base_model_subject import BASE_MODEL, BaseModelSubject, one_thread
from eobench.testing._checks import Outcome
from eobench.testing._suite import choose, run_noted

__all__ = ["BASE_MODEL", "BaseModelSubject", "check_base_model"]
_MODULES = (_base_model_options, _base_model_network, _base_model_weights)  # they add their checks to the suite


def check_base_model(
    selector: str, registry: Registry, places: Places, *, only: Sequence[str] = ()
) -> Iterator[Outcome]:
    """Check a base model on the CPU, yielding each outcome as it comes.

    A passed check's `reason` holds what is worth knowing, such as shapes that are refused.

    Args:
        selector: `name[option=value,...]`, the configuration that is checked; spaces are checked besides.
        registry: that has its card.
        places: not read; every suite takes them.
        only: names of checks; empty: all.

    Raises:
        EobenchError: an unknown name, option or check.
    """
    del places
    checks = choose(BASE_MODEL, only)
    with tempfile.TemporaryDirectory(prefix="eobench-check-") as scratch:
        yield from run_noted(checks, BaseModelSubject(selector, registry, Path(scratch)), one_thread)
