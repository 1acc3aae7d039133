"""Options that every method which trains a network shares. Light: cards import it, nothing heavy is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from eobench.plugin import Param, Value

Schedule = Literal["cosine", "linear", "constant"]
Scaling = Literal["band", "none"]
FillName = Literal["linear", "gaussian"]

TRAINING_PARAMS: tuple[Param, ...] = (
    Param("schedule", "cosine", "learning rate over the budget", choices=("cosine", "linear", "constant")),
    Param("warmup", 0.05, "share of the budget over which the rate first rises from 0", minimum=0, maximum=0.5),
    Param("weight_decay", 1e-5, "L2 penalty inside Adam", minimum=0),
    Param("clip", 1.0, "largest norm of the gradient; 0: any", minimum=0),
    Param("fill", "linear", "how gaps of the series are filled", choices=("linear", "gaussian")),
    Param("scaling", "band", "standardise each band with the view's own statistics", choices=("band", "none")),
)


def whole(params: Mapping[str, Value], name: str) -> int:
    """Return an option that its card declares as a whole number."""
    return cast("int", params[name])


def number(params: Mapping[str, Value], name: str) -> float:
    """Return an option that its card declares as a number."""
    return cast("float", params[name])


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How a network is trained. The defaults are ours, since the papers leave them open.

    Patnala et al. name a "linear scheduler" that their code does not have, and no warm-up or clipping
    (METHODS 2.2). Cosine decay with a short warm-up reaches more in the 300 steps of a quick budget;
    `schedule=constant,warmup=0,clip=0` is the paper's code.

    Attributes:
        schedule: of the learning rate, from the base model's `lr` towards 0 over the budget.
        warmup: share of the budget over which the rate first rises from 0.
        weight_decay: L2 penalty inside Adam (Patnala et al.'s code: 1e-5).
        clip: largest norm of the gradient, 0 for none.
        fill: how gaps are filled.
        scaling: `band` standardises each channel by the observed values of the view's own inputs.
    """

    schedule: Schedule = "cosine"
    warmup: float = 0.05
    weight_decay: float = 1e-5
    clip: float = 1.0
    fill: FillName = "linear"
    scaling: Scaling = "band"

    @classmethod
    def of(cls, params: Mapping[str, Value]) -> TrainingOptions:
        """Return the options among a method's resolved params (`TRAINING_PARAMS` of its card)."""
        return cls(
            schedule=cast("Schedule", params["schedule"]),
            warmup=number(params, "warmup"),
            weight_decay=number(params, "weight_decay"),
            clip=number(params, "clip"),
            fill=cast("FillName", params["fill"]),
            scaling=cast("Scaling", params["scaling"]),
        )
