"""Checks of methods: awkward data is learned from, or refused in clear words."""

from __future__ import annotations

from collections.abc import Callable

from eobench.data import EobenchError, UnsupportedError
from eobench.testing._checks import CheckFailed, NotApplicable
from eobench.testing._method_data import World, gappy, one_class, one_date, one_each, unobserved
from eobench.testing._method_subject import MethodSubject

_FEWEST_LETTERS = 15


def _survives(subject: MethodSubject, change: Callable[[World], World], what: str, *, dates: bool = False) -> None:
    """Try every case with changed data.

    Raises:
        CheckFailed: the method neither learned nor refused clearly.
        NotApplicable: no case has dates, and they are what is changed.
    """
    cases = [case for case in subject.cases if not dates or case.kind != "image"]
    if not cases:
        raise NotApplicable("it takes images of a single date")
    changed = {(case.kind, case.target): change(subject.world(case)) for case in cases}
    for case in cases:
        try:
            stage = subject.stage(case, changed[case.kind, case.target])
        except UnsupportedError:
            continue
        try:
            subject.trial(stage)
        except CheckFailed:
            raise
        except EobenchError as error:
            _refused_clearly(subject, error, what, str(case))
        except Exception as error:
            text = " ".join(str(error).split())
            raise CheckFailed(
                f"{what} ({case}) ends in {type(error).__name__}: {text}; learn from it, or raise "
                f"eobench.data.UnsupportedError saying what is missing"
            ) from error


def _refused_clearly(subject: MethodSubject, error: EobenchError, what: str, case: str) -> None:
    from eobench.scoring._check import PredictionError

    text = " ".join(str(error).split())
    if isinstance(error, PredictionError):
        raise CheckFailed(f"{what} ({case}) gives a wrong prediction: {text}") from error
    if len(text) < _FEWEST_LETTERS:
        raise CheckFailed(f"{what} ({case}) is refused with {text!r}; say what was found and what is needed")
    subject.note(f"refuses {what} ({case}): {text}")


def survives_missing_dates(subject: MethodSubject) -> None:
    """A date that no sample has, and samples that lack most dates, are learned from or refused clearly."""
    _survives(subject, gappy, "a data set with many missing dates", dates=True)


def survives_nan(subject: MethodSubject) -> None:
    """Samples that hold NaN, or no observation at all, are learned from and predicted, or refused clearly."""
    _survives(subject, unobserved, "a data set with NaN and samples without any observation")


def survives_one_class(subject: MethodSubject) -> None:
    """Data of a single class is learned from or refused clearly."""
    _survives(subject, one_class, "a data set of a single class")


def survives_one_sample_per_class(subject: MethodSubject) -> None:
    """One sample of each class is learned from or refused clearly."""
    _survives(subject, one_each, "a data set with one sample of each class")


def survives_one_date(subject: MethodSubject) -> None:
    """A series of a single date is learned from or refused clearly."""
    _survives(subject, one_date, "a data set of a single date", dates=True)
