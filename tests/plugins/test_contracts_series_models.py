"""Networks of Vincent et al.'s comparison keep the contract of base models, methods with them their own."""

from __future__ import annotations

from eobench.testing import BaseModelContract, MethodContract


class TestMLSTMFCN(BaseModelContract):
    base_model = "mlstm-fcn[width=8,hidden=6]"


class TestOSCNN(BaseModelContract):
    base_model = "os-cnn[first_budget=32,second_budget=512,channel_limit=16]"


class TestMLPLTAE(BaseModelContract):
    base_model = "mlp-ltae[width=16,d_model=32,heads=4]"


class TestTempCNN(BaseModelContract):
    base_model = "temp-cnn[hidden=8,kernel=5]"


class TestUTAE(BaseModelContract):
    base_model = "utae[width=8,d_model=16,heads=4]"


class TestSupervisedOnMaps(MethodContract):
    method = "supervised"
    base_model = "utae[width=8,d_model=16,heads=4]"


class TestSupervisedWithAMask(MethodContract):
    method = "supervised[fill=zero,mask=channel]"
    base_model = "mlp-ltae[width=16,d_model=32,heads=4,missing=masked]"


class TestDLLPOnSeriesOfUnitVariance(MethodContract):
    method = "dllp[scaling=series]"
    base_model = "temp-cnn[hidden=8]"
