"""Cards of the networks of Vincent et al.'s comparison, and TempCNN. Light: nothing heavy is imported."""

from __future__ import annotations

from eobench.plugin import BaseModelCard, Choice, Param, Range

SMALL_RATE = Range(1e-3, 5e-3, log=True)
"""`small` is ours: rates that learn within 300 steps."""


def _rate(doc: str = "learning rate that a training method uses") -> Param:
    return Param("lr", 1e-3, doc, minimum=1e-8, maximum=1)


MLSTM_FCN = BaseModelCard(
    name="mlstm-fcn",
    summary="MLSTM-FCN: convolutions with squeeze-and-excitation beside an LSTM over the bands",
    load="eobench_base_models._mlstmfcn:MLSTMFCN",
    takes="series",
    citation=(
        "Karim, Majumdar, Darabi, Harford: Multivariate LSTM-FCNs for time series classification. "
        "Neural Networks 116, 2019"
    ),
    params=(
        Param("width", 128, "filters of the first and last convolution; the middle one has twice", minimum=1),
        Param("hidden", 100, "size of the LSTM's state", minimum=1),
        Param("dropout", 0.8, "after the LSTM", minimum=0, maximum=0.95),
        _rate(),
    ),
    spaces={
        "paper": {"width": Choice((128,)), "hidden": Choice((100,)), "lr": Choice((1e-3,))},
        "small": {"width": Choice((16, 32)), "hidden": Choice((16, 32)), "lr": SMALL_RATE},
    },
)

OS_CNN = BaseModelCard(
    name="os-cnn",
    summary="Omni-scale CNN: convolutions of all prime lengths up to a quarter of the series",
    load="eobench_base_models._oscnn:OSCNN",
    takes="series",
    citation=(
        "Tang, Long, Liu, Zhou, Blumenstein, Jiang: Omni-scale CNNs: a simple and effective kernel size "
        "configuration for time series classification. ICLR 2022"
    ),
    params=(
        Param("first_budget", 1024, "weights of a first layer, for each channel that it sees", minimum=1),
        Param(
            "second_budget",
            229376,
            "weights of a second layer; half of it where several bands are joined",
            minimum=2,
        ),
        Param("longest", 89, "convolution in steps, at most; at most a quarter of the series", minimum=1),
        Param("channel_limit", 1000, "channels that the bands' own layers give together, at most", minimum=1),
        _rate(),
    ),
    spaces={
        "paper": {"first_budget": Choice((1024,)), "second_budget": Choice((229376,)), "lr": Choice((1e-3,))},
        "small": {
            "first_budget": Choice((64, 128)),
            "second_budget": Choice((4096, 8192)),
            "channel_limit": Choice((64,)),
            "lr": SMALL_RATE,
        },
    },
)

MLP_LTAE = BaseModelCard(
    name="mlp-ltae",
    summary="spectra embedded step by step, lightweight temporal attention, a small decoder",
    load="eobench_base_models._ltae:MLPLTAE",
    takes="series",
    citation=(
        "Garnot, Landrieu: Lightweight temporal self-attention for classifying satellite images time series. "
        "AALTD workshop at ECML, 2020"
    ),
    params=(
        Param("width", 128, "of a step's embedding, and of a series'", minimum=4),
        Param("d_model", 256, "width of a step in the attention", minimum=1),
        Param("heads", 16, "of the attention; must divide d_model", minimum=1),
        Param("d_k", 8, "width of keys and queries", minimum=1),
        Param("dropout", 0.2, "of the series' embedding", minimum=0, maximum=0.95),
        Param(
            "missing",
            "attended",
            "steps whose channels are all 0: attended like others (the paper), or masked out of the attention",
            choices=("attended", "masked"),
        ),
        _rate("learning rate that a training method uses; the paper's 1e-4 takes its 90,000 steps and more"),
    ),
    spaces={
        "paper": {"width": Choice((128,)), "d_model": Choice((256,)), "lr": Choice((1e-4,))},
        "small": {
            "width": Choice((32, 64)),
            "d_model": Choice((64, 128)),
            "heads": Choice((4, 8)),
            "lr": SMALL_RATE,
        },
    },
)

TEMP_CNN = BaseModelCard(
    name="temp-cnn",
    summary="TempCNN: three convolutions over time and a dense layer",
    load="eobench_base_models._tempcnn:TempCNN",
    takes="series",
    citation=(
        "Pelletier, Webb, Petitjean: Temporal convolutional neural network for the classification of satellite "
        "image time series. Remote Sensing 11, 2019"
    ),
    params=(
        Param("hidden", 128, "filters of each convolution; the dense layer has four times as many", minimum=1),
        Param("kernel", 7, "length of the convolutions in steps, made odd", minimum=1),
        Param("dropout", 0.182, "after each layer (BreizhCrops' tuned value)", minimum=0, maximum=0.95),
        _rate(),
    ),
    spaces={
        "paper": {
            "hidden": Choice((64, 128)),
            "kernel": Choice((5, 7)),
            "dropout": Choice((0.182, 0.5)),
            "lr": Choice((1e-3,)),
        },
        "small": {"hidden": Choice((16, 32)), "kernel": Choice((3, 5, 7)), "lr": SMALL_RATE},
    },
)

UTAE = BaseModelCard(
    name="utae",
    summary="U-TAE: U-Net over image series, time gathered by attention",
    load="eobench_base_models._utae:UTAE",
    takes="image-series",
    gives="map",
    citation=(
        "Garnot, Landrieu: Panoptic segmentation of satellite image time series with convolutional temporal "
        "attention networks. ICCV 2021"
    ),
    params=(
        Param("width", 64, "channels of the finer levels; a multiple of 4 and of heads", minimum=4),
        Param("d_model", 256, "width of a step in the attention; a multiple of heads", minimum=1),
        Param("heads", 16, "of the attention", minimum=1),
        Param("d_k", 4, "width of keys and queries", minimum=1),
        Param("dropout", 0.2, "of what the attention gathered", minimum=0, maximum=0.95),
        _rate(),
    ),
    spaces={
        "paper": {"width": Choice((64,)), "d_model": Choice((256,)), "lr": Choice((1e-3,))},
        "small": {
            "width": Choice((8, 16)),
            "d_model": Choice((32, 64)),
            "heads": Choice((4,)),
            "lr": SMALL_RATE,
        },
    },
)
