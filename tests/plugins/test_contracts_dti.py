"""`dti-ts` keeps the contract that anybody's method must keep."""

from eobench.testing import MethodContract


class TestDeformableTimeSeries(MethodContract):
    method = "dti-ts[clusters=3]"
