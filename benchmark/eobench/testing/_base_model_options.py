"""Checks of a base model's card: options, search spaces, the learning rate."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import torch

from eobench.data import EobenchError
from eobench.plugin import Param, Value
from eobench.tasks import draw
from eobench.testing._base_model_subject import (
    BASE_MODEL,
    BaseModelSubject,
    Trainer,
    batch,
    quiet,
    seeded,
    task,
)
from eobench.testing._checks import CheckFailed, NotApplicable
from eobench.testing._suite import other_values

_DRAWS = 10
_SECONDS = 30.0
_LARGE = 5_000_000
Params = dict[str, Value]


@BASE_MODEL.check
def the_card_is_complete(model: BaseModelSubject) -> None:
    """The card has a summary of one line, describes every option, and its spaces name options only."""
    card, wrong = model.card, []
    if not card.summary.strip() or "\n" in card.summary:
        wrong.append("the summary is not one line")
    known = {p.name for p in card.params}
    wrong += [f"option {p.name!r} has no description" for p in card.params if not p.doc.strip()]
    for name, space in card.spaces.items():
        wrong += [f"space {name!r} draws {axis!r}, which is no option" for axis in space if axis not in known]
    if card.spaces and "small" not in card.spaces:
        wrong.append("there is no search space 'small', which is for two cores")
    if wrong:
        raise CheckFailed("; ".join(wrong))


@BASE_MODEL.check
def lr_is_for_the_training_method(model: BaseModelSubject) -> None:
    """An option `lr` is a learning rate above 0, for training methods only: it leaves the network as it is."""
    option = next((p for p in model.card.params if p.name == "lr"), None)
    if option is None:
        raise NotApplicable("no option `lr`: training methods take 0.001")
    value = model.params["lr"]
    if option.type is not float or not isinstance(value, float) or not 0 < value <= 1:
        raise CheckFailed(f"lr is {value!r}, an option of type {option.type.__name__}: a number above 0, up to 1")
    plain = model.build().state_dict()
    other = model.build(params=model.params | {"lr": other_values(option, value)[0]}).state_dict()
    if plain.keys() != other.keys() or not all(torch.equal(v, other[k]) for k, v in plain.items()):
        raise CheckFailed("another lr builds another network; it is only the rate that training methods use")


@BASE_MODEL.check
def every_option_matters(model: BaseModelSubject) -> None:
    """Each option but `lr` changes the number of parameters, the structure or the outputs."""
    ignored, options = [], [p for p in model.card.params if p.name != "lr" and not p.execution]
    if not options:
        raise NotApplicable("the card has no option but `lr`")
    for option in options:
        matters = [
            m for context in _contexts(model, option) if (m := _matters(model, option, context)) is not None
        ]
        if not matters:
            model.note(f"option {option.name!r} could not be tried: its values are not listed, or refused")
        elif not any(matters):
            ignored.append(option.name)
    if ignored:
        raise CheckFailed(f"{', '.join(ignored)} changes nothing: use the option, or take it off the card")


def _contexts(model: BaseModelSubject, option: Param) -> Iterator[Params]:
    """The configuration, then with one other option changed: some options matter only beside others."""
    yield dict(model.params)
    for other in model.card.params:
        if other.name not in ("lr", option.name):
            for value in other_values(other, model.params[other.name])[:2]:
                yield model.params | {other.name: value}


def _matters(model: BaseModelSubject, option: Param, context: Params) -> bool | None:
    """True where some other value changes the network; None where no other value builds."""
    try:
        plain = _behaviour(model, context)
    except EobenchError:
        return None
    tried = None
    for value in other_values(option, context[option.name])[:5]:
        try:
            if not _equal(plain, _behaviour(model, context | {option.name: value})):
                return True
            tried = False
        except EobenchError:
            continue
    return tried


def _behaviour(model: BaseModelSubject, params: Mapping[str, Value]) -> list[torch.Tensor]:
    """Weights as drawn from one seed, and outputs in evaluation and training, a step of a sample being empty."""
    network, x = model.build(params=params), batch(model.shape)
    x[0, ..., 0] = 0.0  # a gap, as `fill=zero` shows it; of an image, a column
    found = [value.clone() for value in network.state_dict().values()]
    for training in (False, True):
        with seeded(0), quiet():
            found.append(network.train(training)(x))
    return found


def _equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return len(one) == len(other) and all(map(torch.equal, one, other))


@BASE_MODEL.check
def every_configuration_of_its_spaces_builds(model: BaseModelSubject) -> None:
    """Ten random configurations of each search space build and give logits."""
    if not model.card.spaces:
        raise NotApplicable("the card has no search spaces")
    began = time.monotonic()
    for space in sorted(model.card.spaces, reverse=True):
        configurations = draw(model.card, space, _DRAWS, 0, model.scratch)
        for number, params in enumerate(configurations):
            if time.monotonic() - began > _SECONDS:
                model.note(f"space {space}: {number} of {_DRAWS} draws tried, to stay within {_SECONDS:.0f} s")
                break
            try:
                network = model.build(params=params)
                with quiet():
                    network.eval()(batch(model.shape, 2))
            except Exception as error:
                raise CheckFailed(f"space {space}: {params} fails: {type(error).__name__}: {error}") from error


@BASE_MODEL.check
def configurations_of_small_train(model: BaseModelSubject) -> None:
    """Configurations of the space `small` train a step of a batch of 64, with a finite loss."""
    if "small" not in model.card.spaces:
        raise NotApplicable("the card has no search space 'small'")
    x, y = task(model.card, model.shape, 64, 3)
    slowest, largest = 0.0, 0
    for params in draw(model.card, "small", _DRAWS, 0, model.scratch):
        network = model.build(params=params)
        largest = max(largest, sum(p.numel() for p in network.parameters()))
        with seeded(0):
            trainer = Trainer(network, model.rate(params))
            began = time.perf_counter()
            losses = [trainer.step(x, y) for _ in range(2)]
            slowest = max(slowest, (time.perf_counter() - began) / 2)
        if not all(loss < float("inf") for loss in losses):
            raise CheckFailed(f"{params}: the loss is {losses[-1]} after two steps")
    if largest > _LARGE:
        raise CheckFailed(
            f"a network of `small` has {largest:,} parameters; it is for two cores: {_LARGE:,} at most"
        )
    model.note(f"up to {largest:,} parameters and {1000 * slowest:.0f} ms a step")
