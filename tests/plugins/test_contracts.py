"""The methods that come with eobench keep the contract that anybody's must keep."""

from eobench.testing import MethodContract


class TestNearestClassMean(MethodContract):
    method = "ncc"


class TestNearestClassMeanAsPublished(MethodContract):
    method = "ncc[fill=gaussian,distance=masked]"


class TestKMeans(MethodContract):
    method = "kmeans"


class TestRandomForest(MethodContract):
    method = "random-forest[trees=10]"


class TestSupervised(MethodContract):
    method = "supervised"
    base_model = "transformer"


class TestDLLP(MethodContract):
    method = "dllp"
    base_model = "inceptiontime"
