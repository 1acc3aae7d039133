"""Options that every method which trains a network shares. Light: cards import it, nothing heavy is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from eobench.plugin import Param, Value

Schedule = Literal["cosine", "linear", "constant"]
Scaling = Literal["band", "series", "none"]
FillName = Literal["linear", "gaussian", "zero"]
Mask = Literal["none", "channel"]
Precision = Literal["float32", "bfloat16"]

PRECISION = Param(
    "precision",
    "float32",
    "bfloat16: train the network's body in mixed precision; its head, losses and optimiser stay float32",
    choices=("float32", "bfloat16"),
)
TRAINING_PARAMS: tuple[Param, ...] = (
    Param("schedule", "cosine", "learning rate over the budget", choices=("cosine", "linear", "constant")),
    Param("warmup", 0.05, "share of the budget over which the rate first rises from 0", minimum=0, maximum=0.5),
    Param("weight_decay", 1e-5, "L2 penalty inside Adam", minimum=0),
    Param("clip", 1.0, "largest norm of the gradient; 0: any", minimum=0),
    Param(
        "fill",
        "linear",
        "how gaps of the series are filled; zero: 0 after scaling, as Vincent et al. feed their networks",
        choices=("linear", "gaussian", "zero"),
    ),
    Param(
        "scaling",
        "band",
        "standardise each band by the view's own statistics; series: each band of each series by its own",
        choices=("band", "series", "none"),
    ),
    Param(
        "mask", "none", "channel: one more channel, 1 at observed steps and 0 at gaps", choices=("none", "channel")
    ),
    PRECISION,
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
        scaling: `band` standardises each channel by the observed values of the view's own inputs; `series` each
            channel of each sample by its own.
        mask: `channel` adds one that tells which steps were observed.
        precision: `bfloat16` trains all but the head in mixed precision.
    """

    schedule: Schedule = "cosine"
    warmup: float = 0.05
    weight_decay: float = 1e-5
    clip: float = 1.0
    fill: FillName = "linear"
    scaling: Scaling = "band"
    mask: Mask = "none"
    precision: Precision = "float32"

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
            mask=cast("Mask", params["mask"]),
            precision=cast("Precision", params["precision"]),
        )
