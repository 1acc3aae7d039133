"""Cards of networks that map images to class maps. Light: nothing heavy is imported."""

from __future__ import annotations

from eobench.plugin import BaseModelCard, Choice, Param, Range

LLP_CITATION = (
    "Ramos-Pollan, Gonzalez: Lightweight learning from label proportions on satellite imagery. arXiv 2306.12461"
)


def _rate(default: float) -> Param:
    return Param("lr", default, "learning rate that a training method uses", minimum=1e-8, maximum=1)


_WIDTH = Param("width", 64, "channels of the encoder's first stage; all layers go with it", minimum=4)
DOWNCONV = BaseModelCard(
    name="downconv",
    summary="one strided convolution and a class map a quarter as fine: 5,189 parameters",
    load="eobench_base_models._downconv:Downconv",
    takes="image",
    gives="map",
    citation=LLP_CITATION,
    params=(
        Param("filters", 96, "of the convolution; 32 for human population", minimum=1),
        Param("kernel", 4, "side of the convolution; 8 for human population", minimum=1),
        Param("stride", 4, "between its places", minimum=1),
        Param("dropout", 0.1, "of what it gives", minimum=0, maximum=0.95),
        _rate(1e-3),
    ),
    spaces={
        "paper": {"filters": Choice((96,)), "kernel": Choice((4,)), "lr": Choice((1e-3,))},
        "small": {"filters": Choice((32, 96)), "kernel": Choice((4, 8)), "lr": Range(1e-3, 1e-2, log=True)},
    },
)
QKM = BaseModelCard(
    name="qkm",
    summary="kernel quantum measurement: densities of patches on prototypes, each with class amplitudes",
    load="eobench_base_models._qkm:QKM",
    takes="image",
    gives="map",
    citation=LLP_CITATION,
    params=(
        Param("prototypes", 64, "that a patch is compared with", minimum=1),
        Param("patch", 4, "side of a patch; a multiple of stride", minimum=1),
        Param("stride", 2, "between patches", minimum=1),
        _rate(1e-3),
    ),
    spaces={
        "paper": {"prototypes": Choice((64,)), "patch": Choice((2, 4)), "lr": Choice((1e-3,))},
        "small": {"prototypes": Choice((32, 64)), "patch": Choice((2, 4)), "lr": Range(1e-3, 1e-2, log=True)},
    },
)
UNET = BaseModelCard(
    name="unet",
    summary="a small U-Net of four levels: 482 thousand parameters",
    load="eobench_base_models._unet:UNet",
    takes="image",
    gives="map",
    citation="Ronneberger, Fischer, Brox: U-Net. MICCAI 2015; the size of Ramos-Pollan and Gonzalez",
    params=(
        Param("width", 16, "channels of the finest level; doubled at each coarser one", minimum=1),
        _rate(1e-4),
    ),
    spaces={
        "paper": {"width": Choice((16,)), "lr": Choice((1e-4,))},
        "small": {"width": Choice((4, 8)), "lr": Range(3e-4, 3e-3, log=True)},
    },
)
VGG16_UNET = BaseModelCard(
    name="vgg16-unet",
    summary="U-Net over VGG-16, not pre-trained: 23.7 million parameters",
    load="eobench_base_models._unet:VGG16UNet",
    takes="image",
    gives="map",
    citation=LLP_CITATION,
    params=(_WIDTH, _rate(1e-4)),
    spaces={
        "paper": {"width": Choice((64,)), "lr": Choice((1e-4,))},
        "small": {"width": Choice((4, 8)), "lr": Range(3e-4, 3e-3, log=True)},
    },
)
RESNET18_UNET = BaseModelCard(
    name="resnet18-unet",
    summary="U-Net over ResNet-18, not pre-trained: 14.3 million parameters",
    load="eobench_base_models._unet:ResNet18UNet",
    takes="image",
    gives="map",
    citation=LLP_CITATION,
    params=(_WIDTH, _rate(1e-4)),
    spaces={
        "paper": {"width": Choice((64,)), "lr": Choice((1e-4,))},
        "small": {"width": Choice((4, 8)), "lr": Range(3e-4, 3e-3, log=True)},
    },
)
RESNET18 = BaseModelCard(
    name="resnet18",
    summary="ResNet-18 with a first stride of 1, for small patches; width=64 is the published one",
    load="eobench_base_models._resnet:ResNet18",
    takes="image",
    citation="He, Zhang, Ren, Sun: Deep residual learning for image recognition. CVPR 2016",
    params=(
        Param("width", 16, "channels of the first stage, doubled at each further one; the paper's: 64", minimum=1),
        Param("first_stride", 1, "of the first convolution; 2 for large images", minimum=1, maximum=2),
        _rate(1e-3),
    ),
    spaces={
        "paper": {"width": Choice((64,)), "lr": Choice((1e-1, 1e-2, 1e-3))},
        "small": {"width": Choice((8, 16)), "lr": Range(1e-3, 5e-3, log=True)},
    },
)
CARDS = (RESNET18, DOWNCONV, QKM, UNET, VGG16_UNET, RESNET18_UNET)
