"""What pytest is told of a check: passed, failed, or skipped with the reason."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest

from eobench.testing._checks import Check, CheckFailed, NotApplicable
from eobench.testing._suite import S
from eobench.testing._surroundings import kept_state


def report(
    check: Check[S],
    subject: S,
    record_property: Callable[[str, object], None],
    within: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    """Run a check as a test; its notes become properties of the test's report."""
    subject.notes.clear()
    try:
        with kept_state(), within():
            check.run(subject)
    except NotApplicable as error:
        pytest.skip(str(error))
    except CheckFailed as error:
        pytest.fail(f"{check.name}: {check.doc}\n{error}", pytrace=False)
    finally:
        for note in dict.fromkeys(subject.notes):
            record_property("note", note)
