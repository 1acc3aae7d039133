"""Checks of a method's card, before anything is run."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from eobench.data import EobenchError
from eobench.plugin import Method, MethodCard
from eobench.testing._checks import CheckFailed
from eobench.testing._method_subject import MethodSubject

_STAGE_FIELDS = ("supervision", "labels", "base_model")


def the_card_is_complete(subject: MethodSubject) -> None:
    """The card describes itself and each option; defaults and budgets are allowed, its class is a method."""
    wrong = [*_words(subject.card), *_budgets(subject.card), *_class(subject.card), *_stage(subject.card)]
    if wrong:
        raise CheckFailed("; ".join(wrong))
    tried = {case.level for case in subject.cases}
    if unseen := [level for level in subject.card.levels if level not in tried]:
        subject.note(f"no data of its kinds and targets can be shown at {', '.join(unseen)}")


def _words(card: MethodCard) -> Iterator[str]:
    if not card.summary.strip() or "\n" in card.summary:
        yield "the summary is not one line"
    if not card.outputs:
        yield "it declares no outputs"
    for param in card.params:
        if not param.doc.strip():
            yield f"option {param.name!r} has no description"
        try:
            param.check(param.default, card.name)
        except EobenchError as error:
            yield f"the default of option {param.name!r} is not allowed: {error}"


def _budgets(card: MethodCard) -> Iterator[str]:
    if card.budgets and "quick" not in card.budgets:
        yield "it has budgets, but no 'quick', which task files take unless they say otherwise"
    for name, budget in card.budgets.items():
        numbers = budget.numbers()
        if len(numbers) != 1 or min(numbers.values()) <= 0:
            yield f"budget {name!r} is {numbers}; set exactly one of steps, epochs and seconds, above 0"


def _class(card: MethodCard) -> Iterator[str]:
    kind: Any = card.load_object()
    if not (isinstance(kind, type) and issubclass(kind, Method)):
        yield f"{card.load} is no eobench.plugin.Method"
    elif inspect.isabstract(kind):
        yield f"{card.load} does not define {', '.join(sorted(kind.__abstractmethods__))}"
    elif kind.pretrain is not Method.pretrain and card.pretraining is None:
        yield "it defines pretrain(), but the card declares no pretraining: it would never be called"
    elif kind.pretrain is Method.pretrain and card.pretraining is not None:
        yield "the card declares pretraining, but it defines no pretrain()"


def _stage(card: MethodCard) -> Iterator[str]:
    allowed = {*_STAGE_FIELDS, *(f"params:{param.name}" for param in card.params)}
    for field in card.pretraining.irrelevant if card.pretraining is not None else ():
        if field not in allowed:
            yield f"pretraining.irrelevant names {field!r}; allowed: {', '.join(sorted(allowed))}"
