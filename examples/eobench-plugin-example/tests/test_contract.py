"""What eobench promises its users of every method, tried on this one."""

from eobench.testing import MethodContract


class TestShrunkenCentroids(MethodContract):
    method = "shrunken-centroids"
    plugins = ("eobench_plugin_example",)


class TestShrunkenCentroidsWithItsOptions(MethodContract):
    method = "shrunken-centroids[threshold=1.5,prior=equal,fill=gaussian]"
    plugins = ("eobench_plugin_example",)
