"""The suite of methods, run without pytest."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from eobench.plugin import Places, Registry
from eobench.testing._checks import Outcome
from eobench.testing._method_contract import METHOD_CONTRACT
from eobench.testing._method_subject import MethodSubject
from eobench.testing._suite import choose, run_noted

__all__ = ["METHOD_CONTRACT", "check_method"]


def check_method(
    selector: str,
    registry: Registry,
    places: Places,  # noqa: ARG001  the same for all suites; methods are tried on data of our own
    *,
    base_model: str | None = None,
    only: Sequence[str] = (),
) -> Iterator[Outcome]:
    """Check a method on small data sets made for it, on the CPU, without network.

    Args:
        selector: `name`, or `name[option=value]`.
        registry: that has its card.
        places: where things lie; nothing there is touched.
        base_model: `family[option=value]`, where the method needs one; None: the first family that fits, at its
            smallest.
        only: names of checks; empty: all.

    Returns:
        The outcome of each check, as it comes. What the method was found to do beside the contract is the reason
        of a check that passed.

    Raises:
        EobenchError: an unknown name, option or check; no base model that fits.
    """
    checks = choose(METHOD_CONTRACT, only)
    scratch = tempfile.TemporaryDirectory(prefix="eobench-check-")
    try:
        subject = MethodSubject(selector, registry, Path(scratch.name), base_model)
    except BaseException:
        scratch.cleanup()
        raise

    def outcomes() -> Iterator[Outcome]:
        with scratch:
            yield from run_noted(checks, subject)

    return outcomes()
