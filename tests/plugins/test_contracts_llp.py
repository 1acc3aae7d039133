"""Methods that learn from label proportions, and the network for patches, keep their contracts."""

from __future__ import annotations

from eobench.testing import BaseModelContract, MethodContract


class TestResNet18(BaseModelContract):
    base_model = "resnet18[width=4]"


class TestMeanProportion(MethodContract):
    method = "mean-proportion"


class TestMeanProportionOfMaps(MethodContract):
    method = "mean-proportion-maps"


class TestROT(MethodContract):
    method = "rot"
    base_model = "temp-cnn[hidden=8]"


class TestLLPVAT(MethodContract):
    method = "llp-vat"
    base_model = "temp-cnn[hidden=8]"


class TestLLPPLOT(MethodContract):
    method = "llp-plot"
    base_model = "temp-cnn[hidden=8]"


class TestLLPGAN(MethodContract):
    method = "llp-gan"
    base_model = "temp-cnn[hidden=8]"


class TestDLLPOnPatches(MethodContract):
    method = "dllp"
    base_model = "resnet18[width=4]"


class TestLLPCo(MethodContract):
    method = "llp-co[projection=16,hidden=16]"
    base_model = "temp-cnn[hidden=8]"


class TestSwAV(MethodContract):
    method = "swav[projection=16,hidden=16,prototypes=6]"
    base_model = "temp-cnn[hidden=8]"
