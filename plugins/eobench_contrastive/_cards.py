"""Cards of the pre-training methods. Light: nothing heavy is imported."""

from __future__ import annotations

from dataclasses import replace

from eobench.plugin import Budget, MethodCard, Param, Pretraining
from eobench_base_models.options import TRAINING_PARAMS

PATNALA = "Patnala, Stadtler, Schultz, Gall: Bi-modal contrastive learning for crop classification (METHODS 2)"
SCARF_PAPER = (
    "Bahri, Jiang, Tay, Metzler: SCARF: self-supervised contrastive learning using random feature corruption. "
    "ICLR 2022"
)
LOSSES = ("nt-xent", "eq1", "barlow-twins", "vicreg")

CORRUPTION = Param(
    "corruption",
    0.2,
    "share of a date's features that a view loses (0: none; SCARF's own default is 0.6, which did worse: "
    "docs/contrastive.md)",
    minimum=0,
    maximum=1,
)
LOSS = Param("loss", "nt-xent", "eq1: Eq 1 of Patnala et al. as printed", choices=LOSSES)
SENSOR = Param("sensor", "", "modality whose encoder is kept and classified with; empty: the first")
PARTNER = Param("partner", "", "modality that it is contrasted with; empty: the first other")
PRETRAINING_PARAMS = (
    CORRUPTION,
    LOSS,
    Param("temperature", 0.07, "that cosines are divided by (nt-xent and eq1)", minimum=1e-3, maximum=10),
    Param("width", 256, "of encoder and projector", minimum=4, maximum=4096),
    Param("pretrain_batch", 128, "dates of pixels in a step of pre-training, at most (paper: 2048)", minimum=4),
    Param("pretrain_lr", 1e-3, "learning rate of pre-training", minimum=1e-8, maximum=1),
    Param("pretrain_decay", 1e-5, "L2 penalty of pre-training, inside Adam", minimum=0, maximum=1),
    Param(
        "pretrain_factor",
        5.0,
        "pre-training lasts so many times the budget; an epoch: once over all observed dates of all pixels "
        "(paper: 100 epochs, and 20 with labels)",
        minimum=0,
        maximum=1000,
    ),
)
QUIRKS_DOC = (
    "faults of the papers' published code, to see what they cost. corruption: one set of features for half of the "
    "batches, from one donor row, and in place, so that the two views of one sensor are the same"
)
LABEL_PARAMS = (
    Param(
        "features",
        "unit",
        "what the base model gets of a date. unit: every feature by itself, as scaling says; bands: then all of "
        "them times one number, so that they have together the variance of the standardised bands; principal: as "
        "many principal components as bands, with that variance; whitened: those components, each of deviation 1",
        choices=("unit", "bands", "principal", "whitened"),
    ),
    Param("finetune", False, "train the encoder on with the labels, instead of keeping it frozen"),
    Param("batch_size", 256, "labelled rows a step, at most", minimum=1),
    Param("class_weights", "none", "weigh classes by the inverse of their labels", choices=("none", "balanced")),
    Param(
        "selection", "ma", "keeps the best state on validation rows, or the last", choices=("ma", "loss", "last")
    ),
    *TRAINING_PARAMS,
)

SCARF = MethodCard(
    name="scarf",
    summary="encoder of single dates, pre-trained against corrupted copies; then supervised on its features",
    load="eobench_contrastive._methods:Scarf",
    levels=("full", "few"),
    kinds=("series",),
    outputs=("classes", "probabilities", "embeddings"),
    needs_base_model="series->class",
    budgets={"quick": Budget(steps=300), "paper": Budget(epochs=20)},
    pretraining=Pretraining(
        irrelevant=("supervision", "base_model", *(f"params:{param.name}" for param in LABEL_PARAMS))
    ),
    citation=f"{SCARF_PAPER}; as the uni-modal arm of {PATNALA}",
    params=(
        SENSOR,
        *PRETRAINING_PARAMS,
        Param("quirks", "none", QUIRKS_DOC, choices=("none", "corruption")),
        *LABEL_PARAMS,
    ),
)
BIMODAL = replace(
    SCARF,
    name="bimodal-simclr",
    summary="encoder of single dates, pre-trained against another sensor's view of the same pixels and days",
    load="eobench_contrastive._methods:BimodalSimCLR",
    citation=PATNALA,
    params=(
        SENSOR,
        PARTNER,
        *PRETRAINING_PARAMS,
        Param(
            "quirks",
            "none",
            f"{QUIRKS_DOC}. pairing: the partner's dates belong to other pixels of that day",
            choices=("none", "corruption", "pairing"),
        ),
        *LABEL_PARAMS,
    ),
)
SIMCLR = MethodCard(
    name="simclr",
    summary="a base model's own encoder, pre-trained on two views of whole samples; then supervised from there",
    load="eobench_contrastive._simclr:SimCLR",
    levels=("full", "few"),
    kinds=("series", "image"),
    targets=("class", "dense"),
    outputs=("classes", "probabilities", "embeddings"),
    needs_base_model="series->class, image->class, image->map",
    budgets={"quick": Budget(steps=300), "paper": Budget(epochs=20)},
    pretraining=Pretraining(
        irrelevant=("supervision", *(f"params:{name}" for name in ("batch_size", "class_weights", "selection")))
    ),
    citation="Chen, Kornblith, Norouzi, Hinton: A simple framework for contrastive learning of visual "
    "representations. ICML 2020",
    params=(
        LOSS,
        Param("temperature", 0.1, "that cosines are divided by (nt-xent and eq1)", minimum=1e-3, maximum=10),
        Param("width", 128, "of the projector", minimum=4, maximum=4096),
        Param("pretrain_batch", 256, "samples in a step of pre-training, at most; large images: fewer", minimum=2),
        Param("pretrain_lr", 1e-3, "learning rate of pre-training", minimum=1e-8, maximum=1),
        Param(
            "pretrain_factor",
            1.0,
            "pre-training lasts so many times the budget; an epoch: once over all samples",
            minimum=0.001,
            maximum=1000,
        ),
        Param(
            "jitter", 0.03, "of series: the most that time moves, a share of their length", minimum=0, maximum=0.5
        ),
        Param(
            "noise", 0.1, "of series: in each standardised band; of images: scale and shift of bands", minimum=0
        ),
        Param("mask_steps", 0.1, "of series: share of the steps that are set to the mean", minimum=0, maximum=0.9),
        Param("resize", 1.25, "of images: largest factor of their size", minimum=1, maximum=4),
        *(param for param in LABEL_PARAMS if param.name not in ("features", "finetune")),
    ),
)
