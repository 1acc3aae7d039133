"""Contrastive pre-training keeps its contracts."""

from __future__ import annotations

from eobench.testing import MethodContract


class TestScarf(MethodContract):
    method = "scarf[width=8]"
    base_model = "temp-cnn[hidden=8]"


class TestBimodalSimCLR(MethodContract):
    method = "bimodal-simclr[width=8]"
    base_model = "temp-cnn[hidden=8]"


class TestFineTuning(MethodContract):
    method = "scarf[width=8,finetune=true,features=principal]"
    base_model = "temp-cnn[hidden=8]"


class TestSimCLR(MethodContract):
    method = "simclr[width=8]"
    base_model = "temp-cnn[hidden=8]"


class TestSimCLROfPatches(MethodContract):
    method = "simclr[width=8]"
    base_model = "resnet18[width=4]"
