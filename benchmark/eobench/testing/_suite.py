"""What the suites of data sets and base models share: choosing checks, notes, other values of options."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Protocol, TypeVar

from eobench.data import EobenchError, unknown
from eobench.plugin import Param, ParameterError, Value
from eobench.testing._checks import Check, Contract, Outcome, run_checks
from eobench.testing._surroundings import kept_state


class UnknownCheckError(EobenchError):
    """`--only` names a check that the suite does not have."""


class Noted(Protocol):
    """A subject that checks may leave notes on."""

    notes: list[str]


S = TypeVar("S", bound=Noted)


def choose(contract: Contract[S], only: Sequence[str]) -> list[Check[S]]:
    """Return the checks of these names in the contract's order; all where none is named.

    Raises:
        UnknownCheckError: there is no such check; the message names the nearest.
    """
    names = [check.name for check in contract]
    for name in only:
        if name not in names:
            raise UnknownCheckError(unknown("check", name, names))
    return [check for check in contract if not only or check.name in only]


def run_noted(
    checks: Sequence[Check[S]], subject: S, within: Callable[[], AbstractContextManager[None]] = nullcontext
) -> Iterator[Outcome]:
    """Run checks; what they noted is the reason of those that passed, and follows the reason of the others.

    Args:
        checks: to run.
        subject: of the checks.
        within: entered around each check, so that nothing of it is in force between two outcomes.
    """
    for check in checks:
        subject.notes.clear()
        with kept_state(), within():
            outcomes = list(run_checks([check], subject))
        for outcome in outcomes:
            said = "; ".join(dict.fromkeys(subject.notes))
            if outcome.status == "passed":
                yield replace(outcome, reason=said)
            else:
                yield replace(outcome, reason=f"{outcome.reason} ({said})") if said else outcome


def other_values(param: Param, current: Value) -> list[Value]:
    """Return allowed values of an option other than the current one, the most ordinary first; maybe none."""
    found: list[Value] = []
    for candidate in _candidates(param, current):
        try:
            value = param.check(candidate, param.name)
        except ParameterError:
            continue
        if value != current and value not in found:
            found.append(value)
    return found


def _candidates(param: Param, current: Value) -> list[Value]:
    if param.choices:
        return list(param.choices)
    kind = param.type
    if kind is bool:
        return [not current]
    if kind is str:
        return []
    number = float(current) if isinstance(current, int | float) else 0.0
    bounds = [b for b in (param.minimum, param.maximum) if b is not None]
    wanted = [number / 2, number * 2, number + 1, number - 1, *bounds, sum(bounds) / 2 if bounds else 0.5]
    return [int(w) for w in wanted] if kind is int else list(wanted)
