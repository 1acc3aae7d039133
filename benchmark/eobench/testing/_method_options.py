"""Checks of methods: options do what the card says of them."""

from __future__ import annotations

from eobench.data import EobenchError
from eobench.plugin import Method, Param, Value
from eobench.testing._checks import CheckFailed, NotApplicable
from eobench.testing._method_compare import TOLERANCE, difference
from eobench.testing._method_subject import MethodSubject
from eobench.testing._method_watch import watched_class
from eobench.testing._suite import other_values

_TRIES = 2


def every_option_matters(subject: MethodSubject) -> None:
    """Each option that enters the identity is read, or changes the predictions: none is ignored."""
    params = [p for p in subject.card.params if not p.execution]
    if not params:
        raise NotApplicable("its card has no option that enters the identity")
    read = _options_read(subject)
    quiet = []
    for param in params:
        if _changes_something(subject, param):
            continue
        if param.name in read:
            quiet.append(param.name)
            continue
        tried = (
            ", ".join(repr(v) for v in other_values(param, subject.params[param.name])[:_TRIES])
            or "no other value"
        )
        raise CheckFailed(
            f"option {param.name!r} is never read, and changes no prediction (tried {tried}): its values would be "
            f"cells with different keys and the same numbers; use it, or take it off the card"
        )
    if quiet:
        subject.note(f"read, but without effect on the small data sets: {', '.join(quiet)}")


def _options_read(subject: MethodSubject) -> set[str]:
    """Names of the options that are read while the method is made, pre-trained and fitted."""
    read: set[str] = set()
    kind: type[Method] = watched_class(subject.card.load_object(), read)
    for case in subject.cases:
        stage = subject.stage(case)
        learned = subject.learn(stage, method=kind(dict(subject.params)))
        if subject.card.pretraining is not None:
            learned.method.pretrain(stage.scene.view, subject.context())
        subject.predict(stage, learned)
    return read


def _changes_something(subject: MethodSubject, param: Param) -> bool:
    for case in subject.main:
        for value in other_values(param, subject.params[param.name])[:_TRIES]:
            stage = subject.stage(case)
            try:
                if difference(subject.usual(case), subject.trial(stage, params={param.name: value})):
                    return True
            except EobenchError:
                return True  # refused: it was looked at
            except Exception as error:
                raise CheckFailed(_fails(param, value, error)) from error
    return False


def _fails(param: Param, value: Value, error: Exception) -> str:
    return (
        f"{param.name}={value!r}, which the card allows, ends in {type(error).__name__}: {error}; narrow the "
        f"option (choices, minimum, maximum), or raise an EobenchError that says what is wrong"
    )


def execution_options_change_nothing(subject: MethodSubject) -> None:
    """An option declared `execution` may change speed or memory, never a prediction."""
    params = [p for p in subject.card.params if p.execution]
    if not params:
        raise NotApplicable("its card has no option declared execution")
    for param in params:
        for case in subject.main:
            for value in other_values(param, subject.params[param.name])[:_TRIES]:
                other = subject.trial(subject.stage(case), params={param.name: value})
                if text := difference(subject.usual(case), other, TOLERANCE):
                    raise CheckFailed(
                        f"option {param.name!r} is declared execution, but {param.name}={value!r} changes the "
                        f"predictions ({text}) at {case}; such options stay out of a cell's key: drop "
                        f"execution=True"
                    )
