"""Networks that map images to class maps keep the contract of base models, `chip-llp` that of methods."""

from __future__ import annotations

from eobench.testing import BaseModelContract, MethodContract


class TestDownconv(BaseModelContract):
    base_model = "downconv"


class TestQKM(BaseModelContract):
    base_model = "qkm"


class TestUNet(BaseModelContract):
    base_model = "unet[width=4]"


class TestVGG16UNet(BaseModelContract):
    base_model = "vgg16-unet[width=4]"


class TestResNet18UNet(BaseModelContract):
    base_model = "resnet18-unet[width=4]"


class TestChipLLP(MethodContract):
    method = "chip-llp"
    base_model = "downconv[filters=8]"
