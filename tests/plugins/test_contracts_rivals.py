"""The rivals of deformable prototypes keep the contract of methods."""

from eobench.testing import MethodContract


class TestKMeansDTW(MethodContract):
    method = "kmeans-dtw[clusters=4]"


class TestTapNet(MethodContract):
    method = "tapnet"


class TestUSRLKMeans(MethodContract):
    method = "usrl-kmeans[clusters=4,depth=3]"


class TestDTANKMeans(MethodContract):
    method = "dtan-kmeans[clusters=4,tessellation=8]"
