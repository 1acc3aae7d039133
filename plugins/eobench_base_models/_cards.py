"""Cards of the three families and of `supervised`. Light: nothing heavy is imported."""

from __future__ import annotations

from eobench.plugin import BaseModelCard, Budget, Choice, MethodCard, Param, Range
from eobench_base_models.options import TRAINING_PARAMS

BREIZHCROPS = (
    "Rußwurm, Pelletier, Zollner, Lefèvre, Körner: BreizhCrops: a time series dataset for crop type mapping. "
    "ISPRS Archives XLIII-B2, 2020"
)
PAPER_RATE = Range(1e-5, 1e-3)
"""Patnala et al. sample the rate in [1e-5, 1e-3]; their code does so on a linear scale (METHODS 2.2)."""
SMALL_RATE = Range(1e-3, 5e-3, log=True)
"""`small` is ours: rates that learn within 300 steps, which the paper's lower ones do not."""
RATE = Param("lr", 1e-3, "learning rate that a training method uses", minimum=1e-8, maximum=1)

BILSTM = BaseModelCard(
    name="bilstm",
    summary="bidirectional LSTM, final cell states of all layers",
    load="eobench_base_models._bilstm:BiLSTM",
    takes="series",
    citation=BREIZHCROPS,
    params=(
        Param("hidden", 64, "size of each direction's state", minimum=1),
        Param("layers", 1, "stacked LSTM layers", minimum=1),
        Param("dropout", 0.0, "between the layers; without effect where there is one", minimum=0, maximum=0.95),
        RATE,
    ),
    spaces={
        "paper": {"hidden": Choice((32, 64, 128, 256)), "layers": Choice((2, 3, 4, 5, 6)), "lr": PAPER_RATE},
        "small": {"hidden": Choice((32, 64)), "layers": Choice((1, 2)), "lr": SMALL_RATE},
    },
)

INCEPTIONTIME = BaseModelCard(
    name="inceptiontime",
    summary="InceptionTime: parallel convolutions of three lengths",
    load="eobench_base_models._inceptiontime:InceptionTime",
    takes="series",
    citation=(
        "Ismail Fawaz, Lucas, Forestier, Pelletier, Schmidt, Weber, Webb, Idoumghar, Muller, Petitjean: "
        "InceptionTime: finding AlexNet for time series classification. "
        "Data Mining and Knowledge Discovery 34, 2020"
    ),
    params=(
        Param("hidden", 32, "filters of each of a module's four branches", minimum=1),
        Param("layers", 6, "inception modules; a residual connection closes every third", minimum=1),
        Param("kernel", 40, "longest kernel in steps; the others are a half and a quarter of it", minimum=1),
        Param("bottleneck", 32, "channels that the long convolutions see", minimum=1),
        RATE,
    ),
    spaces={
        "paper": {
            "hidden": Choice((128, 256, 512, 1024)),
            "layers": Choice((2, 4, 8)),
            "kernel": Choice((40, 80, 120, 136)),
            "lr": PAPER_RATE,
        },
        "small": {
            "hidden": Choice((16, 32)),
            "layers": Choice((2, 3)),
            "kernel": Choice((8, 16, 24)),
            "lr": SMALL_RATE,
        },
    },
)

TRANSFORMER = BaseModelCard(
    name="transformer",
    summary="transformer encoder with sinusoidal positions, maximum over time",
    load="eobench_base_models._transformer:Transformer",
    takes="series",
    citation=BREIZHCROPS,
    params=(
        Param("d_model", 64, "width of a step's embedding", minimum=1),
        Param("heads", 4, "attention heads; must divide d_model", minimum=1),
        Param("layers", 2, "encoder layers", minimum=1),
        Param("dropout", 0.1, "after the positions and within the layers", minimum=0, maximum=0.95),
        RATE,
    ),
    spaces={
        "paper": {
            "d_model": Choice((32, 64, 128)),
            "heads": Choice((2, 4, 8)),
            "layers": Choice((2, 3, 4, 5, 6)),
            "lr": PAPER_RATE,
        },
        "small": {
            "d_model": Choice((32, 64)),
            "heads": Choice((2, 4)),
            "layers": Choice((1, 2)),
            "lr": SMALL_RATE,
        },
    },
)

SUPERVISED = MethodCard(
    name="supervised",
    summary="cross-entropy on the labelled rows, or on the labelled pixels of maps",
    load="eobench_base_models._supervised:Supervised",
    levels=("full", "few"),
    kinds=("series", "image-series", "image"),
    targets=("class", "dense"),
    outputs=("classes", "probabilities", "embeddings"),
    needs_base_model="series->class, image-series->map, image->map, image->class",
    budgets={"quick": Budget(steps=300), "paper": Budget(epochs=20)},
    citation="the supervised arm of Patnala et al., bi-modal contrastive learning for crop classification",
    params=(
        Param("batch_size", 256, "labelled rows a step, at most; of images a 64th of it", minimum=1),
        Param(
            "class_weights", "none", "weigh classes by the inverse of their labels", choices=("none", "balanced")
        ),
        Param(
            "selection",
            "ma",
            "keeps the best state on validation rows, or the last",
            choices=("ma", "loss", "last"),
        ),
        *TRAINING_PARAMS,
    ),
)
