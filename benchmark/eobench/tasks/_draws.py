"""Base models drawn at random, once for each (family, space, seed): every method gets the same ones."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eobench.data import nearest
from eobench.plugin import BaseModelCard, Choice, ParameterError, Value
from eobench.tasks._canonical import digest

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from eobench.plugin import Space

FORMAT = "eobench-draws/1"


def draw(card: BaseModelCard, space: str, samples: int, seed: int, cache: Path) -> list[dict[str, Value]]:
    """Return configurations of a network family, drawn at random with Optuna's `RandomSampler`.

    They are drawn one after the other, each option on its own in the order of the names: two draws are the first
    two of ten, and a space written in another order is the same space. They are kept under `cache/draws`,
    readable as JSON, and read back from there without Optuna.

    Args:
        card: of the family.
        space: name of one of its search spaces.
        samples: how many.
        seed: of the draw.
        cache: where draws are kept.

    Returns:
        All options of each configuration: those drawn, and defaults for the rest.

    Raises:
        ParameterError: the family has no such space, or the space holds what the family's options do not allow.
    """
    if space not in card.spaces:
        raise ParameterError(
            f"{card.name} has no search space {space!r}.{nearest(space, card.spaces)} "
            f"Allowed: {', '.join(sorted(card.spaces)) or 'none'}"
        )
    told = _definition(card.spaces[space])
    file = cache / "draws" / f"{card.name}-{space}-{seed}-{digest([card.name, told])[:12]}.json"
    kept = _read(file)
    if len(kept) < samples:
        # What was drawn before stays, even where another version of a library would now draw otherwise.
        kept = kept + _sample(card.spaces[space], samples, seed)[len(kept) :]
        head = {"format": FORMAT, "family": card.name, "space": space, "definition": told, "seed": seed}
        _write(file, {**head, "draws": kept})
    return [card.resolve(params) for params in kept[:samples]]


def _definition(space: Space) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, axis in space.items():
        if isinstance(axis, Choice):
            told[name] = list(axis.values)
        else:
            told[name] = {"low": axis.low, "high": axis.high, "log": axis.log}
    return told


def _sample(space: Space, samples: int, seed: int) -> list[dict[str, Any]]:
    import optuna

    axes: dict[str, BaseDistribution] = {}
    for name, axis in sorted(space.items()):
        if isinstance(axis, Choice):
            axes[name] = optuna.distributions.CategoricalDistribution(axis.values)
        else:
            axes[name] = optuna.distributions.FloatDistribution(axis.low, axis.high, log=axis.log)
    loud = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed % 2**32))
        return [dict(study.ask(axes).params) for _ in range(samples)]
    finally:
        optuna.logging.set_verbosity(loud)


def _read(file: Path) -> list[dict[str, Any]]:
    """The kept draws; a file that cannot be read is as good as none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    draws = content.get("draws") if isinstance(content, dict) and content.get("format") == FORMAT else None
    return draws if isinstance(draws, list) and all(isinstance(d, dict) for d in draws) else []


def _write(file: Path, content: dict[str, Any]) -> None:
    """Write whole or not at all; where nothing can be written, the draw is made again next time."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
        Path(name).replace(file)
