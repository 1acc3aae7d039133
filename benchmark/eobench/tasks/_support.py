"""What cannot be: pairs that are planned as `unsupported`, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eobench.data import BAG_LEVELS
from eobench.tasks._classes import grouped

if TYPE_CHECKING:
    from eobench.data import Knobs, Level
    from eobench.plugin import BaseModelCard, MethodCard
    from eobench.tasks._resolve import DatasetChoice


def method_reason(card: MethodCard, level: Level) -> str | None:
    """Return why a method cannot work at a level."""
    if level not in card.levels:
        return f"{card.name} does not learn at {level!r}; it does at {', '.join(card.levels)}"
    return None


def budget_reason(card: MethodCard, budget: object) -> str | None:
    """Return why a method has no such budget."""
    if isinstance(budget, str) and card.budgets and budget not in card.budgets:
        return f"{card.name} has no {budget!r} budget; it has {', '.join(card.budgets)}: give it in numbers"
    return None


def data_reason(method: MethodCard, model: BaseModelCard | None, data: DatasetChoice, level: Level) -> str | None:
    """Return why a method (with its base model) cannot take what a data set holds.

    Images flatten to pixel series where only series are taken and the targets are label maps, so that each pixel
    has its own class; a class of a whole image is no class of its pixels.
    """
    if data.probe is None:
        return None
    dense = data.probe.header.task == "segmentation"
    target = "dense" if dense else "class"
    if target not in method.targets:
        words = "label maps" if dense else "one class a sample"
        return f"{method.name} does not learn from {words} ({data.ref.name})"
    mixed = _mixed(data)
    if mixed is not None:
        return mixed
    kind = next(iter(data.kinds))
    taken = [k for k in method.kinds if model is None or k == model.takes]
    if model is not None and kind == model.takes and kind != "series" and dense != (model.gives == "map"):
        gives = "maps" if model.gives == "map" else "one class an image"
        return f"{model.name} gives {gives}, {data.ref.name} has {'label maps' if dense else 'one class a sample'}"
    if kind in taken:
        return None
    if "series" in taken and dense:
        if level not in BAG_LEVELS:
            return None
        return f"{data.ref.name}: its bags are of images with label maps; {method.name} takes their pixels apart"
    if model is not None and kind in method.kinds and kind != model.takes:
        return f"{model.name} takes {model.takes}, {data.ref.name} holds {kind}"
    return f"{method.name} takes {' or '.join(method.kinds)}, {data.ref.name} holds {kind} with {target} targets"


def model_reason(method: MethodCard, model: BaseModelCard | None) -> str | None:
    """Return why a base model is not of the kind that a method needs (`series->class`)."""
    if model is None or method.needs_base_model is None:
        return None
    if method.takes_model(model):
        return None
    needed = method.needs_base_model.replace(",", " or")
    return f"{method.name} needs a base model {needed}, {model.name} is {model.takes}->{model.gives}"


def other_reason(data: DatasetChoice, other: DatasetChoice, knobs: Knobs) -> str | None:
    """Return why what is learned on one data set cannot be tested on another: classes or bands differ."""
    if data.probe is None or other.probe is None:
        return None
    own, its = data.probe.header, other.probe.header
    if grouped(own.classes, knobs.classes) != grouped(its.classes, knobs.classes):
        strange = sorted(set(own.classes) ^ set(its.classes)) or ["the same in another order"]
        more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
        return f"{other.ref.name} has other classes than {data.ref.name}: {', '.join(strange[:5])}{more}"
    if _shapes(data) != _shapes(other):
        return f"{other.ref.name} has other bands or steps than {data.ref.name}"
    return None


def _mixed(data: DatasetChoice) -> str | None:
    """Modalities are concatenated along the bands: their kinds and dates must agree."""
    assert data.probe is not None  # noqa: S101  (checked by the caller)
    modalities = data.probe.header.modalities
    chosen = [modalities[name] for name in data.ref.modalities or modalities]
    hint = f"choose one, such as {data.ref.name}[modalities={chosen[0].info.name}]"
    if len(data.kinds) > 1:
        return f"{data.ref.name}: modalities of different kinds ({', '.join(sorted(data.kinds))}); {hint}"
    listed = {m.days for m in chosen if isinstance(m.days, tuple)}
    if len(listed) > 1:
        return f"{data.ref.name}: modalities of different dates; {hint}"
    return None


def _shapes(data: DatasetChoice) -> list[tuple[object, ...]]:
    assert data.probe is not None  # noqa: S101  (checked by the caller)
    modalities = data.probe.header.modalities
    infos = [modalities[name].info for name in data.ref.modalities or modalities]
    return [(info.kind, info.sizes, len(info.bands)) for info in infos]
