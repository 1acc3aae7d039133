"""Methods that learn from bags with label proportions: `dllp`, `chip-llp`. Light: cards only."""

from eobench.plugin import Budget, MethodCard, Param, hookimpl
from eobench_base_models.options import TRAINING_PARAMS

DLLP = MethodCard(
    name="dllp",
    summary="cross-entropy between bags' proportions and their mean predictions",
    load="eobench_proportions._dllp:DLLP",
    levels=("bags", "regions", "global", "census"),
    kinds=("series",),
    outputs=("classes", "probabilities", "embeddings"),
    needs_base_model="series->class",
    budgets={"quick": Budget(steps=300), "paper": Budget(epochs=200)},
    citation=(
        "Ardehaly, Culotta: Co-training for demographic classification using deep learning "
        "from label proportions. IEEE  ICDM Workshops, 2017"
    ),
    params=(
        Param("samples_per_step", 256, "a step holds as many bags as have about so many samples", minimum=1),
        Param(
            "selection",
            "proportions",
            "keeps the best state on validation bags, where there are any, or the last",
            choices=("proportions", "last"),
        ),
        *TRAINING_PARAMS,
    ),
)

CHIP_LLP = MethodCard(
    name="chip-llp",
    summary="each chip's mean class map against the class shares of its region",
    load="eobench_proportions._chips:ChipLLP",
    levels=("bags", "regions", "global", "census"),
    kinds=("image",),
    targets=("dense",),
    outputs=("classes", "probabilities", "embeddings"),
    needs_base_model="image->map",
    budgets={"quick": Budget(steps=300), "paper": Budget(epochs=50)},
    citation=(
        "Ramos-Pollan, Gonzalez: Lightweight learning from label proportions on satellite imagery. "
        "arXiv 2306.12461"
    ),
    params=(
        Param("batch_size", 32, "chips a step, at most", minimum=1),
        Param(
            "loss",
            "mse",
            "between predicted and given shares; lsrn weighs them by the variance over a chip's pixels",
            choices=("mse", "rmse", "kl", "cross-entropy", "lsrn"),
        ),
        Param(
            "class_weights", "none", "weigh classes by the inverse of their shares", choices=("none", "balanced")
        ),
        Param(
            "selection",
            "loss",
            "keeps the best state on validation regions, where there are any, or the last",
            choices=("loss", "last"),
        ),
        *TRAINING_PARAMS,
    ),
)


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return the methods."""
    return [DLLP, CHIP_LLP]
