"""Options that prototype methods share, and the card of `dti-ts`. Light: nothing heavy is imported."""

from eobench.plugin import Budget, MethodCard, Param
from eobench_base_models.options import PRECISION

VINCENT = "Vincent et al., Pixel-wise agricultural image time series classification, 2023"
SCALING = Param(
    "scaling",
    "band",
    "standardise each band over all train values, each (step, band) of its own, or nothing",
    choices=("band", "feature", "none"),
)
FILL = Param(
    "fill",
    "linear",
    "how gaps are filled; gaussian has a width of 7 days (Vincent et al., Eq 11-13)",
    choices=("linear", "gaussian"),
)
DISTANCE = Param(
    "distance",
    "filled",
    "squared distance over the filled series, or weighted by how well each step was observed",
    choices=("filled", "masked"),
)
DTI_TS = MethodCard(
    name="dti-ts",
    summary="Prototypes that are warped in time and shifted to rebuild each series; classes or clusters",
    load="eobench_prototypes._dti:DeformableTimeSeries",
    citation=VINCENT,
    levels=("full", "few", "none"),
    targets=("class", "dense"),
    outputs=("clusters", "reconstruction"),  # and classes with probabilities where there are labels
    budgets={"quick": Budget(steps=600), "paper": Budget(steps=400_000)},
    # of two numbers after null the second holds in budgets of 10,000 steps and more
    params=(
        Param("warp", True, "warp prototypes in time"),
        Param("offset", True, "shift prototypes per band"),
        Param("contrastive", True, "with labels: add the cross-entropy of minus the distances as the last stage"),
        Param("clusters", 32, "number of prototypes without labels", minimum=2),
        Param("landmark_days", 30.0, "days between two landmarks of the warp", minimum=1),
        Param("shift", 0.25, "largest shift of a landmark, of the way to the next", minimum=0.01, maximum=0.5),
        Param(
            "fill",
            "gaussian",
            "how gaps are filled and steps weighed: gaussian, 7 days (Vincent et al., Eq 11-15); linear, 1 where "
            "observed and 0 where not",
            choices=("gaussian", "linear"),
        ),
        SCALING,
        Param(
            "tv",
            "squared",
            "total variation: mean square (the code) or norm (Eq 6)",
            choices=("squared", "norm"),
        ),
        Param("tv_weight", 0.01, "of the total variation", minimum=0),
        Param("contrast_weight", 0.01, "of the contrastive loss", minimum=0),
        Param(
            "curriculum",
            "paper",
            "when warp, offset and contrast are added one after the other: the paper's rule, the code's, or none "
            "(all at once)",
            choices=("paper", "code", "none"),
        ),
        Param(
            "stage_steps",
            None,
            "fewest steps of a stage; null: 200, or the rule's",
            kind=int,
            minimum=1,
        ),
        Param("batch_size", None, "series a step, at most; null: 256, or 2,048", kind=int, minimum=1),
        Param(
            "lr",
            None,
            "learning rate; null: 1e-3, or 1e-5",
            kind=float,
            minimum=1e-8,
        ),
        Param(
            "reassign_steps",
            None,
            "steps between two looks for empty clusters; null: 50, or 500",
            kind=int,
            minimum=1,
        ),
        Param(
            "selection",
            "best",
            "keep the best state on validation rows, or the last",
            choices=("best", "last"),
        ),
        PRECISION,
    ),
)
