"""The networks that map images to class maps keep the contract of base models."""

from __future__ import annotations

from eobench.testing import BaseModelContract


class TestDownconv(BaseModelContract):
    base_model = "downconv"


class TestQKM(BaseModelContract):
    base_model = "qkm"


class TestUNet(BaseModelContract):
    base_model = "unet[width=4]"
