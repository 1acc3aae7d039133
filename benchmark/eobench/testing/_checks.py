"""What a check is, and how checks are run: by `eobench check`, and by pytest through the contract classes.

A check is a function of one subject (a method, a data set or a base model, with what it needs to be tried). It
returns nothing where all is well, raises `CheckFailed` with what was seen, and `NotApplicable` where the subject
claims nothing that it could try. Any other exception is a failure too.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Subject = TypeVar("Subject")
Status = Literal["passed", "failed", "not applicable"]


class CheckFailed(AssertionError):  # noqa: N818  it reads as what happened
    """The subject does not keep the contract; the message says what was seen and what to do."""


class NotApplicable(Exception):  # noqa: N818
    """The subject claims nothing that this check could try; the message says why."""


@dataclass(frozen=True, slots=True)
class Check(Generic[Subject]):
    """One clause of a contract.

    Attributes:
        name: of its function, with dashes: `reordered-rows-change-nothing`.
        doc: one line: what holds where it passes.
        run: the function.
    """

    name: str
    doc: str
    run: Callable[[Subject], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check said of a subject.

    Attributes:
        check: its name.
        doc: what holds where it passes.
        status: of the check.
        reason: why it failed or does not apply; empty where it passed.
        seconds: that it took.
        trace: the traceback of a failure that was not foreseen (anything but `CheckFailed`).
    """

    check: str
    doc: str
    status: Status
    reason: str
    seconds: float
    trace: str = ""


class Contract(Generic[Subject]):
    """An ordered list of checks; `@CONTRACT.check` adds a function, its docstring's first line is the clause."""

    def __init__(self) -> None:
        self._checks: dict[str, Check[Subject]] = {}

    def check(self, function: Callable[[Subject], None]) -> Callable[[Subject], None]:
        """Add a function to the contract and return it."""
        name = function.__name__.replace("_", "-")
        if name in self._checks:
            raise ValueError(f"two checks are called {name!r}")
        doc = (function.__doc__ or "").strip().partition("\n")[0]
        if not doc:
            raise ValueError(f"check {name!r} has no docstring: it is what users read")
        self._checks[name] = Check(name, doc, function)
        return function

    def __iter__(self) -> Iterator[Check[Subject]]:
        return iter(self._checks.values())

    def __getitem__(self, name: str) -> Check[Subject]:
        return self._checks[name]

    def __len__(self) -> int:
        return len(self._checks)


def run_checks(checks: Iterable[Check[Subject]], subject: Subject) -> Iterator[Outcome]:
    """Run checks one after another, yielding each outcome as it comes; a check never ends the others."""
    for check in checks:
        began = time.perf_counter()
        status: Status = "passed"
        reason = trace = ""
        try:
            check.run(subject)
        except CheckFailed as error:
            status, reason = "failed", str(error)
        except NotApplicable as error:
            status, reason = "not applicable", str(error)
        except Exception as error:
            text = " ".join(str(error).split())
            status, reason = "failed", f"{type(error).__name__}: {text}" if text else type(error).__name__
            trace = traceback.format_exc()
        yield Outcome(check.name, check.doc, status, reason, time.perf_counter() - began, trace)
