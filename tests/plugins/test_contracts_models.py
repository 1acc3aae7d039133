"""Our own network families and data set keep the contracts that we ship."""

from __future__ import annotations

from eobench.testing import BaseModelContract, DatasetContract


class TestBiLSTM(BaseModelContract):
    base_model = "bilstm[hidden=8,layers=2]"


class TestInceptionTime(BaseModelContract):
    base_model = "inceptiontime[hidden=4,layers=3,kernel=8]"


class TestTransformer(BaseModelContract):
    base_model = "transformer[d_model=16,heads=2]"


class TestSimulatedFields(DatasetContract):
    dataset = "simulated-fields[samples=400,crops=4,regions=4,dates=12]"
