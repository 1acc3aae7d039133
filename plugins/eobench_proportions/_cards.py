"""Cards of the methods. Light: nothing heavy is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eobench.plugin import Budget, MethodCard, Param, Pretraining
from eobench_base_models.options import TRAINING_PARAMS

if TYPE_CHECKING:
    from eobench.data import Level

BAG_LEVELS: Final[tuple[Level, ...]] = ("bags", "regions", "global", "census")
SAMPLES = Param("samples_per_step", 256, "a step holds as many bags as have about so many samples", minimum=1)
SELECTION = Param(
    "selection",
    "proportions",
    "keeps the best state on validation bags, where there are any, or the last",
    choices=("proportions", "last"),
)
LIU = (
    "Liu, Wang, Qi, Tian, Shi: Learning from label proportions with generative adversarial networks. NeurIPS 2019"
)


def _card(name: str, summary: str, load: str, citation: str, *own: Param, epochs: int = 200) -> MethodCard:
    """A method that learns from bags of samples over any network that gives one class a sample."""
    return MethodCard(
        name=name,
        summary=summary,
        load=f"eobench_proportions.{load}",
        levels=BAG_LEVELS,
        kinds=("series", "image"),
        outputs=("classes", "probabilities", "embeddings"),
        needs_base_model="series->class, image->class",
        budgets={"quick": Budget(steps=300), "paper": Budget(epochs=epochs)},
        citation=citation,
        params=(SAMPLES, SELECTION, *own, *TRAINING_PARAMS),
    )


MEAN = MethodCard(
    name="mean-proportion",
    summary="every sample is what the bags hold on average: the reference of learning from proportions",
    load="eobench_proportions._mean:MeanProportion",
    levels=BAG_LEVELS,
    kinds=("series", "image", "image-series"),
    outputs=("classes", "probabilities"),
)
MEAN_MAPS = MethodCard(
    name="mean-proportion-maps",
    summary="every pixel of label maps is what the bags hold on average",
    load="eobench_proportions._mean:MeanProportionMaps",
    levels=BAG_LEVELS,
    kinds=("image", "image-series"),
    targets=("dense",),
    outputs=("classes", "probabilities"),
)
DLLP = _card(
    "dllp",
    "cross-entropy between bags' proportions and their mean predictions",
    "_dllp:DLLP",
    "Ardehaly, Culotta: Co-training for demographic classification using deep learning "
    "from label proportions. IEEE ICDM Workshops, 2017",
)
ROT = _card(
    "rot",
    "cross-entropy with codes that optimal transport gives the samples of a bag",
    "_rot:ROT",
    "Dulac-Arnold et al.: Deep multi-class learning from label proportions. arXiv 1905.12909",
    Param("epsilon", 1.0, "strength of the transport's entropy", minimum=1e-3, maximum=10),
    Param("iterations", 20, "of Sinkhorn", minimum=1),
    Param("mix", 0.0, "share of the bags' proportion cross-entropy in the loss", minimum=0, maximum=1),
)
LLP_VAT = _card(
    "llp-vat",
    "the bags' proportion cross-entropy, and predictions that hold still within a small ball",
    "_vat:LLPVAT",
    "Tsai, Lin: Learning from label proportions with consistency regularization. ACML 2020",
    Param("weight", 0.05, "of the penalty, after its ramp of 40 % of the budget", minimum=0),
    Param(
        "radius", 6.0, "of the ball for 3,072 standardised values; scaled by the root of their number", minimum=0
    ),
    Param("probe", 0.1, "length of the random step that finds its direction", minimum=1e-6),
    epochs=400,
)
LLP_PLOT = _card(
    "llp-plot",
    "the bags' proportion cross-entropy, then pseudo-labels by optimal transport",
    "_plot:LLPPLOT",
    "Liu, Wang, Qi, Tian, Shi: Two-stage training for learning from label proportions. arXiv 2105.10635",
    Param("first_stage", 0.5, "share of the budget without pseudo-labels", minimum=0, maximum=1),
    Param("forward_weight", 0.1, "of the cross-entropy with pseudo-labels", minimum=0),
    Param("reverse_weight", 1.0, "of the reverse cross-entropy", minimum=0),
    Param("mixup", 1.0, "parameter of the Beta distribution that weights are drawn from; 0: none", minimum=0),
)
LLP_GAN = _card(
    "llp-gan",
    "the bags' proportion cross-entropy, and true samples told from a generator's",
    "_gan:LLPGAN",
    LIU,
    Param("generator", 256, "width of the generator", minimum=1),
    Param("generator_lr", 3e-4, "its learning rate", minimum=1e-8, maximum=1),
    Param("adversarial", 1.0, "weight of telling true from generated", minimum=0),
    epochs=3000,
)
_CONTRAST = (
    Param("iterations", 5, "of Sinkhorn", minimum=1),
    Param("temperature", 0.1, "by which scores are divided", minimum=1e-3),
    Param("frozen_epochs", 1, "first epochs in which prototypes stand still", minimum=0),
    Param("hidden", 256, "width of the projection's hidden layer; SwAV's: 2048", minimum=1),
    Param("projection", 128, "width of the unit features; the paper's: 1024", minimum=1),
    Param("jitter", 0.015, "of series: the most that time moves, a share of their length", minimum=0, maximum=0.5),
    Param("noise", 0.1, "of series: in each standardised band", minimum=0),
    Param("mask_steps", 0.05, "of series: share of the steps that are set to the mean", minimum=0, maximum=0.9),
    Param("dropout", False, "leaves the base model's own dropout on; the paper's ResNet-18 has none"),
    Param("resize", 1.25, "of patches: largest factor of their size", minimum=1, maximum=4),
)
LA_ROSA = "La Rosa et al., Learning from label proportions with prototypical contrastive clustering"
LLP_CO = _card(
    "llp-co",
    "swapped predictions of two views, with codes that keep the bags' proportions",
    "_llpco:LLPCo",
    LA_ROSA,
    Param("codes", "soft", "hard: one-hot, the paper's choice at 32 samples a bag", choices=("soft", "hard")),
    Param(
        "epsilon",
        0.0,
        "strength of the transport's entropy; 0: the paper's 0.05 where bags share a vector, else 0.1",
        minimum=0,
        maximum=10,
    ),
    *_CONTRAST,
)
SWAV = MethodCard(
    name="swav",
    summary="swapped predictions of two views, 30 prototypes of equal mass; k-means on frozen features",
    load="eobench_proportions._swav:SwAV",
    levels=("none",),
    kinds=("series", "image"),
    outputs=("clusters", "embeddings"),
    needs_base_model="series->class, image->class",
    budgets={"quick": Budget(steps=300), "paper": Budget(epochs=200)},
    pretraining=Pretraining(irrelevant=("supervision", "params:clusters", "params:readout")),
    citation="Caron et al.: Unsupervised learning of visual features by contrasting cluster assignments. 2020",
    params=(
        Param("batch_size", 256, "samples a step, at most", minimum=1),
        Param("prototypes", 30, "of equal mass", minimum=2),
        Param("clusters", 0, "of k-means; 0: one a class", minimum=0),
        Param("readout", 0, "seed of k-means; the paper takes the mean over five", minimum=0),
        Param("epsilon", 0.05, "strength of the transport's entropy", minimum=1e-3, maximum=10),
        *_CONTRAST,
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
    budgets={"quick": Budget(steps=1200), "paper": Budget(epochs=50)},
    citation=(
        "Ramos-Pollan, Gonzalez: Lightweight learning from label proportions on satellite imagery. "
        "arXiv 2306.12461"
    ),
    params=(
        Param("batch_size", 8, "chips a step, at most; the paper's: 32 for land cover, 8 for people", minimum=1),
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
CARDS: Final = (MEAN, MEAN_MAPS, DLLP, ROT, LLP_VAT, LLP_PLOT, LLP_GAN, LLP_CO, SWAV, CHIP_LLP)
