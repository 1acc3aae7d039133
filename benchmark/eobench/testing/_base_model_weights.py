"""Checks of a base model's weights: registered, trained, seeded, saved."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from eobench.testing._base_model_subject import (
    BASE_MODEL,
    BaseModelSubject,
    Trainer,
    batch,
    loss_of,
    quiet,
    seeded,
    task,
)
from eobench.testing._checks import CheckFailed

_STEPS = 60
_FALL = 0.7
_NAMED = 4


@BASE_MODEL.check
def every_layer_is_registered(model: BaseModelSubject) -> None:
    """No layer or weight stands in a plain list or dict, where neither training nor saving finds it."""
    network = model.build()
    known = {id(m) for m in network.modules()} | {id(p) for p in network.parameters()}
    hidden = sorted({where for m in network.modules() for where, thing in _held(m) if id(thing) not in known})
    if hidden:
        raise CheckFailed(
            f"{_listed(hidden)} cannot be found by network.parameters(): use nn.ModuleList, nn.ModuleDict or "
            f"nn.Parameter, else only a part of the network is trained"
        )


def _held(module: nn.Module) -> Iterator[tuple[str, object]]:
    """Layers and parameters in a module's own attributes, within lists, tuples and dicts too."""
    todo = [(f"{type(module).__name__}.{k}", v) for k, v in vars(module).items() if not k.startswith("_")]
    while todo:
        where, thing = todo.pop()
        if isinstance(thing, nn.Module | nn.Parameter):
            yield where, thing
        elif isinstance(thing, list | tuple):
            todo += [(f"{where}[{i}]", part) for i, part in enumerate(thing)]
        elif isinstance(thing, dict):
            todo += [(f"{where}[{key!r}]", part) for key, part in thing.items()]


@BASE_MODEL.check
def every_parameter_gets_a_gradient(model: BaseModelSubject) -> None:
    """In training, the loss reaches every parameter; none is frozen or unused."""
    network = model.build().train()
    frozen = [name for name, p in network.named_parameters() if not p.requires_grad]
    if frozen:
        raise CheckFailed(f"{_listed(frozen)} does not require a gradient: every layer is trained")
    if not any(True for _ in network.parameters()):
        raise CheckFailed("the network has no parameters")
    reached: set[str] = set()
    for seed in range(3):
        with seeded(seed):
            x, y = task(model.card, model.shape, 12, 3)
            network.zero_grad(set_to_none=True)
            loss_of(network(x + batch(model.shape, 12, seed=seed)), y).backward()  # type: ignore[no-untyped-call]
        reached |= {n for n, p in network.named_parameters() if p.grad is not None and bool(p.grad.any())}
    missed = [name for name, _ in network.named_parameters() if name not in reached]
    if missed:
        raise CheckFailed(f"{_listed(missed)} gets no gradient: does forward use it, without detach or argmax?")


@BASE_MODEL.check
def the_seed_draws_the_weights(model: BaseModelSubject) -> None:
    """The same torch seed gives the same weights, another seed others."""
    first, again, other = (dict(model.build(seed=seed).state_dict()) for seed in (5, 5, 6))
    differing = [name for name, value in first.items() if not torch.equal(value, again[name])]
    if differing:
        raise CheckFailed(f"{_listed(differing)} differs under the same torch seed: draw with torch only")
    if all(torch.equal(value, other[name]) for name, value in first.items()):
        raise CheckFailed("another torch seed gives the same weights: build() must not set a seed of its own")


@BASE_MODEL.check
def each_build_is_fresh(model: BaseModelSubject) -> None:
    """Each build gives a network of its own, whose weights no other shares, and leaves the options as they are."""
    family = model.make()
    options = dict(family.params)
    with seeded(0):
        first, second = family.build(model.shape, 3), family.build(model.shape, 3)
    places = {p.data_ptr() for p in first.parameters() if p.numel()}
    if first is second or any(p.data_ptr() in places for p in second.parameters()):
        raise CheckFailed("two builds share weights: training the one would change the other")
    if family.params != options:
        raise CheckFailed("build() changes params: copy them")


@BASE_MODEL.check
def weights_survive_saving(model: BaseModelSubject) -> None:
    """Weights written to safetensors and read into another network give the same logits."""
    from safetensors.torch import load_file, save_file

    network, other, x = model.build(seed=5), model.build(seed=6), batch(model.shape)
    with seeded(0), quiet():
        network.train()(x)  # running statistics are weights too
    file = model.scratch / "weights.safetensors"
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    try:
        save_file(state, file)
        other.load_state_dict(load_file(file))
    except Exception as error:
        raise CheckFailed(f"state_dict() does not go through safetensors: {error}") from error
    with quiet():
        same = torch.equal(network.eval()(x), other.eval()(x))
    if not same:
        raise CheckFailed("the logits differ after loading: some weights or statistics are not in state_dict()")


@BASE_MODEL.check
def it_learns(model: BaseModelSubject) -> None:
    """On a tiny problem that a level tells apart, the loss falls within 60 steps."""
    x, y = task(model.card, model.shape, 24, 3)
    reached = {}
    for rate in dict.fromkeys((model.rate(), 1e-2, 1e-3)):
        with seeded(0):
            trainer = Trainer(model.build(), rate)
            losses = [trainer.step(x, y) for _ in range(_STEPS)]
        last = sum(losses[-5:]) / 5
        if last < _FALL * losses[0]:
            model.note(f"{losses[0]:.2f} to {last:.2g} with lr={rate:g}")
            return
        reached[rate] = f"{losses[0]:.2f} to {last:.2f} with lr={rate:g}"
    raise CheckFailed(f"after {_STEPS} steps the loss went from {', from '.join(reached.values())}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
